"""A real HTTP server on loopback that answers as scripted: statuses, silence, broken connections, half answers."""

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

RESET = object()  # the connection ends with RST
CLOSE = object()  # it ends in order


@dataclass
class Request:
    method: str
    path: str
    headers: dict
    body: bytes = field(repr=False)

    @property
    def json(self):
        return json.loads(self.body)


def http(status=200, body=b"", content_type="application/json", **headers):
    """Bytes of a whole answer; `body` may be text, bytes, or anything that becomes JSON."""
    if isinstance(body, str):
        body = body.encode()
    elif not isinstance(body, bytes):
        body = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Scripted", f"content-type: {content_type}", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chat(text="a red circle", finish_reason="stop", **message):
    """A good answer in OpenAI's dialect."""
    return http(body=completion(text, finish_reason, **message))


def completion(text="a red circle", finish_reason="stop", **message):
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "model": "m",
        "choices": [
            {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text, **message}}
        ],
        "usage": {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15},
    }


def sse(*events, done=True):
    """A streamed answer, chunk by chunk, each event a chunk of its own."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    data = [event if isinstance(event, str) else json.dumps(event) for event in events] + ["[DONE]"] * done
    return [head, *(_chunk(f"data: {text}\n\n".encode()) for text in data), b"0\r\n\r\n"]


def _chunk(data):
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def deltas(*words, finish_reason="stop"):
    """Events of OpenAI's dialect for an answer in pieces."""
    for word in words:
        yield {"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
    yield {"choices": [{"index": 0, "delta": {}, "finish_reason": finish_reason}]}
    yield {"choices": [], "usage": {"prompt_tokens": 12, "completion_tokens": len(words)}}


class ScriptedServer:
    """Answers the n-th request by the n-th entry of the script, the last one for ever; or by what a callable gives.

    An entry is bytes to send, or a list of bytes, seconds to wait, `RESET` and `CLOSE`; an iterator of these may go on
    for ever. Paths in `routes` have entries
    of their own and are not counted. Without a route a list of models is a 404.
    """

    def __init__(self, script, *, routes=None):
        self.requests = []
        self.connections = 0
        self.in_flight = self.most_in_flight = 0
        self._script = script
        self._routes = routes or {}
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        ready.wait(10)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def close(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _run(self, ready):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve(ready))
        self._loop.close()

    async def _serve(self, ready):
        self._stop = asyncio.Event()
        self._tasks = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**26, backlog=512)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        await asyncio.sleep(0.02)  # connections accepted a moment ago get their task, and with it their end
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader, writer):
        task = asyncio.current_task()
        self._tasks.add(task)
        self.connections += 1
        try:
            while request := await self._read(reader):
                self.in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self.in_flight)
                try:
                    if not await self._answer(request, writer):
                        break
                finally:
                    self.in_flight -= 1
        except asyncio.CancelledError:
            writer.transport.abort()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _read(self, reader):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Request(method=method, path=path, headers=headers, body=body)

    def _entry(self, request):
        if request.path in self._routes:
            return self._routes[request.path]
        if request.method == "GET" and not callable(self._script):
            return http(404, "no such path")
        self.requests.append(request)
        if callable(self._script):
            return self._script(request)
        return self._script[min(len(self.requests), len(self._script)) - 1]

    async def _answer(self, request, writer):
        entry = self._entry(request)
        for step in entry if isinstance(entry, list | Iterator) else [entry]:
            if step is RESET:
                raw = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return False
            if step is CLOSE:
                return False
            if isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
                if isinstance(entry, Iterator):
                    await asyncio.sleep(0)
            else:
                await asyncio.sleep(step)
        return True
