"""An MCP server with bad manners, by the official package; over its input and output, or HTTP with ``--http``.

--http         serve over HTTP; writes the port to the output
--old          over HTTP, know only the handshake of older servers
--key KEY      over HTTP, refuse whoever does not send it
"""

import asyncio
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Annotated

from mcp.server.mcpserver import Context, Elicit, ElicitationResult, Image, MCPServer, Resolve
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel

server = MCPServer("nasty", log_level="ERROR")
READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
CHANGES = ToolAnnotations(title="Writes", read_only_hint=False, destructive_hint=True, idempotent_hint=True)


@server.tool(annotations=READS)
def pid() -> int:
    """Number of its process."""
    return os.getpid()


@server.tool(annotations=CHANGES)
def typed(n: int, names: list[str]) -> dict[str, int]:
    """Structured."""
    return dict.fromkeys(names, n)


@server.tool()
def die(note: str = "") -> str:
    """End at once, having acted."""
    if note:
        with Path(note).open("a", encoding="utf-8") as file:
            file.write("acted\n")
    sys.stderr.write(f"about to die of {os.environ.get('SECRET_KEY')}\n")
    os._exit(3)


@server.tool()
def big(size_bytes: int) -> str:
    """Many letters."""
    return "x" * size_bytes


@server.tool()
def picture(size_bytes: int = 0) -> list[str | Image]:
    """A picture between words; with as many bytes more as are wanted, behind its end."""
    return ["before", Image(data=PIXEL + bytes(size_bytes), format="png"), "after"]


@server.tool()
def picture_as_data() -> dict[str, str]:
    """A picture where no picture belongs."""
    return {"name": "noise", "data": NOISE}


@server.tool()
def chatter() -> str:
    """Print where messages belong."""
    print("hello, I am noise", flush=True)  # noqa: T201  what people do
    return "ok"


@server.tool()
def crash() -> str:
    """Fail without a reason."""
    raise RuntimeError("secret")


@server.tool()
def fail() -> str:
    """Fail with a reason."""
    raise ToolError("no such picture: a.jpg; there is b.jpg")


@server.tool()
def block(duration_s: float, note: str = "") -> str:
    """Sleep, and hear nothing."""
    if note:
        Path(note).write_text(str(os.getpid()), encoding="utf-8")
    time.sleep(duration_s)
    return "slept"


cancelled = []


@server.tool()
async def sleep(duration_s: float) -> str:
    """Sleep, and hear when it is to stop."""
    try:
        await asyncio.sleep(duration_s)
    except asyncio.CancelledError:
        cancelled.append(duration_s)
        raise
    return "slept"


@server.tool()
async def count(to: int, ctx: Context) -> int:
    """Count, and say how far it is."""
    for number in range(1, to + 1):
        await ctx.report_progress(number, to, f"row {number}")
    return to


@server.tool()
def stopped() -> list[float]:
    """Sleeps that were stopped."""
    return cancelled


class Sure(BaseModel):
    """What is asked of a person."""

    sure: bool = False


def question() -> Elicit[Sure]:
    """The question."""
    return Elicit("Are you sure?", Sure)


@server.tool()
async def ask(said: Annotated[ElicitationResult[Sure], Resolve(question)]) -> str:
    """Ask the person who uses it."""
    return f"{said.action} {said.data.sure}" if said.action == "accept" else said.action


PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
NOISE = "iVBORw0KGgo" + "aZ09+/" * 2000


def only_handshake(app):
    """An application that refuses the first message of modern clients."""

    async def old(scope, receive, send):
        if scope["type"] != "http" or scope["method"] != "POST":
            await app(scope, receive, send)
            return
        messages = []
        while not messages or messages[-1].get("more_body"):
            messages.append(await receive())
        message = json.loads(b"".join(each.get("body", b"") for each in messages))
        if message.get("method") == "server/discover":
            fault = {"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "Method not found"}}
            await _answer(send, 200, fault)
        else:
            await app(scope, lambda: _next(messages, receive), send)

    return old


def only_with(key, app):
    """An application that refuses whoever does not send a key."""

    async def guarded(scope, receive, send):
        if scope["type"] == "http" and (b"authorization", f"Bearer {key}".encode()) not in scope["headers"]:
            await _answer(send, 401, {"error": "invalid_token"})
        else:
            await app(scope, receive, send)

    return guarded


async def _next(messages, receive):
    return messages.pop(0) if messages else await receive()


async def _answer(send, status, body):
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def serve_http(port):
    """Serve until killed; the port is written once it is taken."""
    import uvicorn

    app = server.streamable_http_app()
    if "--old" in sys.argv:
        app = only_handshake(app)
    if "--key" in sys.argv:
        app = only_with(sys.argv[sys.argv.index("--key") + 1], app)
    taken = socket.create_server(("127.0.0.1", port))
    sys.stdout.write(f"{taken.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run([taken])


if __name__ == "__main__":
    if "--http" in sys.argv:
        serve_http(int(sys.argv[sys.argv.index("--http") + 1]))
    else:
        server.run("stdio")
