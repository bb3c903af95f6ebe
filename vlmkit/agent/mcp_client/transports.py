"""Ways to an MCP server: a process that is started here (stdio), or an address (streamable HTTP).

Takes a target. Gives what `mcp.Client` connects by, together with what the server said last: its error output, or the
status of its refusals. The library itself would pour that output into a notebook's cell, and cannot where the error
output of this process is no file.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol, Self

from vlmkit.agent.mcp_client.targets import ServerTarget
from vlmkit.untrusted import on_one_line

__all__ = ["LastWords", "Route", "route_to"]

_KEPT_BYTES = 4096
_LINES = 6
_SHOWN = 400
_PIECE_BYTES = 65_536
_CONNECT_TIMEOUT_S = 30.0
_READ_TIMEOUT_S = 300.0  # of a stream that stays open; each call has a deadline of its own
_LARGEST_EVENT_BYTES = 256 * 1024**2  # the library's own limit is 1 MiB, which one picture exceeds
_PARENT_DIED = 1  # PR_SET_PDEATHSIG

# A server that is in the midst of a call does not see that its input was closed: on Linux it is told by a signal.
_TIED = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl({_PARENT_DIED}, {int(signal.SIGTERM)})
if os.getppid() == int(sys.argv[1]): os.execv(sys.argv[2], sys.argv[2:])
"""


class LastWords(Protocol):
    """What a server said last."""

    async def read(self) -> str:
        """On one line; empty where it said nothing."""

    def close(self) -> None:
        """Once the server has what it writes to, or is gone."""


class Route(Protocol):
    """A way to a server, to be gone once."""

    words: LastWords

    @property
    def refusal(self) -> str:
        """With what status it answered last, where that was an error; empty where nothing has a status."""

    @property
    def has_forgotten(self) -> bool:
        """Whether the server said last that it does not know this connection."""

    def open(self, on_end: Callable[[], None]) -> AbstractAsyncContextManager[Any]:
        """What `mcp.Client` takes as a transport; `on_end` is called once the server has closed its output.

        Parameters
        ----------
        on_end : callable
        """


def route_to(target: ServerTarget) -> Route:
    """The way to a server.

    Parameters
    ----------
    target : ServerTarget
    """
    # Its tracebacks about each line that is not a message would go to the error output where nobody set up logging.
    logging.getLogger("mcp").addHandler(_SILENT)
    return _Http(target) if target.url else _Process(target)


_SILENT = logging.NullHandler()


class _Process:
    def __init__(self, target: ServerTarget) -> None:
        self._target = target
        self.words: LastWords = _ErrorOutput()
        self.refusal = ""
        self.has_forgotten = False

    @asynccontextmanager
    async def open(self, on_end: Callable[[], None]) -> AsyncIterator[Any]:
        from mcp import StdioServerParameters
        from mcp.client.stdio import stdio_client

        program, *arguments = _tied(_found(self._target), self._target)
        parameters = StdioServerParameters(
            command=program,
            args=arguments,
            env=dict(self._target.env),
            cwd=self._target.cwd,
            encoding_error_handler="replace",  # a banner in another encoding is no reason to end
        )
        async with stdio_client(parameters, errlog=self.words.file) as (read, write):  # type: ignore[attr-defined]
            self.words.close()
            yield _Watched(read, on_end), write


def _found(target: ServerTarget) -> str:
    """Full path of a command, so that a missing one is told from what a server itself does not find."""
    program = target.command[0]
    path = target.env.get("PATH") or os.environ.get("PATH")
    if os.path.dirname(program):  # noqa: PTH120  "./server" is meant from the folder it starts in
        program = os.path.join(target.cwd or "", program)  # noqa: PTH118
    found = shutil.which(program, path=path)
    if found is None:
        raise FileNotFoundError(f"there is no program {target.command[0]!r} that can be run")
    if target.cwd and not Path(target.cwd).is_dir():
        raise NotADirectoryError(f"there is no folder {target.cwd!r} to start it in")
    return os.path.abspath(found)  # noqa: PTH100  links stay: many programs are told apart by their names


def _tied(program: str, target: ServerTarget) -> list[str]:
    command = [program, *target.command[1:]]
    if sys.platform != "linux" or not sys.executable:
        return command
    return [sys.executable, "-I", "-S", "-c", _TIED, str(os.getpid()), *command]


class _ErrorOutput:
    """The end of a server's error output, read from a pipe of its own, so that a chatty server never waits."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.file = os.fdopen(writing, "w")
        self._kept = b""
        self._thread = threading.Thread(target=self._keep, args=(reading,), name="vlmkit-mcp-words", daemon=True)
        self._thread.start()

    def _keep(self, reading: int) -> None:
        while piece := os.read(reading, _PIECE_BYTES):
            self._kept = (self._kept + piece)[-_KEPT_BYTES:]
        os.close(reading)

    async def read(self) -> str:
        for _ in range(20):  # what a process wrote before its end may be on its way
            if not self._thread.is_alive():
                break
            await asyncio.sleep(0.02)
        lines = [on_one_line(line) for line in self._kept.decode("utf-8", "replace").splitlines()]
        lines = [line for line in lines if any(map(str.isalnum, line))]  # some draw boxes
        text = " | ".join(lines[-_LINES:])
        return text if len(text) <= _SHOWN else "…" + text[-_SHOWN:]

    def close(self) -> None:
        self.file.close()


class _Watched:
    """A stream of messages that tells when it ends: otherwise only the next call would find out."""

    def __init__(self, stream: Any, on_end: Callable[[], None]) -> None:
        self._stream = stream
        self._on_end = on_end

    async def receive(self) -> Any:
        return await self._stream.receive()

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._on_end()
            raise

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> bool | None:
        ended: bool | None = await self._stream.__aexit__(*exception)
        return ended


class _Http:
    def __init__(self, target: ServerTarget) -> None:
        self._target = target
        self._refusals = _Refusals()
        self.words: LastWords = self._refusals

    @property
    def refusal(self) -> str:
        return self._refusals.said

    @property
    def has_forgotten(self) -> bool:
        # The protocol's word for a session that is there no more.
        return self._refusals.status == HTTPStatus.NOT_FOUND

    @asynccontextmanager
    async def open(self, on_end: Callable[[], None]) -> AsyncIterator[Any]:  # noqa: ARG002  an address has no end
        import httpx2
        from mcp.client.streamable_http import streamable_http_client

        target = self._target
        http = httpx2.AsyncClient(
            headers=dict(target.headers),
            timeout=httpx2.Timeout(_CONNECT_TIMEOUT_S, read=max(_READ_TIMEOUT_S, target.timeout_s)),
            event_hooks={"response": [self._refusals.note]},
            trust_env=not target.is_loopback,  # a proxy would look for it on its own machine
        )
        transport = streamable_http_client(str(target.url), http_client=http, max_sse_event_size=_LARGEST_EVENT_BYTES)
        async with http, transport as streams:
            yield streams


class _Refusals:
    """The status with which a server refused last; the library tells it only of some."""

    def __init__(self) -> None:
        self.status = 0
        self.said = ""

    async def note(self, response: Any) -> None:
        if response.request.method == "POST":  # streams and ends of sessions may be refused, and nothing is lost
            self.status = response.status_code
            said = f"HTTP status {self.status} {response.reason_phrase}".strip()
            self.said = said if response.is_error else ""

    async def read(self) -> str:
        return self.said

    def close(self) -> None:
        """Nothing is open."""
