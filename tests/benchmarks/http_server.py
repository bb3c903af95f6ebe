"""A server that takes as long as it is told: fixed latency, so many requests at once, hardly any work of its own.

    python tests/benchmarks/http_server.py --latency 0.05 --at-once 32

It writes its port on a line. ``GET /stats`` says what came: requests, bytes, seconds from the first to the last answer.
"""

import argparse
import asyncio
import json
from collections import deque

ANSWER = json.dumps(
    {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "logprobs": None,
                "message": {"role": "assistant", "content": "A red circle and two blue squares on a white background."},
            }
        ],
        "usage": {"prompt_tokens": 300, "completion_tokens": 12, "total_tokens": 312},
    }
).encode()


def http(status, body):
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Desk:
    """Who is being served, who waits, and what was counted."""

    def __init__(self, latency_s, at_once):
        self.loop = asyncio.get_running_loop()
        self.latency_s, self.places = latency_s, at_once
        self.line = deque()
        self.first_s = self.last_s = None
        self.requests = self.size_bytes = 0

    def take(self, client, size_bytes):
        if self.first_s is None:
            self.first_s = self.loop.time()
        self.requests += 1
        self.size_bytes += size_bytes
        self.line.append(client)
        self.serve()

    def serve(self):
        while self.places and self.line:
            self.places -= 1
            self.loop.call_later(self.latency_s, self.done, self.line.popleft())

    def done(self, client):
        self.places += 1
        client.transport.write(http(200, ANSWER))
        self.last_s = self.loop.time()
        self.serve()

    def stats(self):
        seconds = (self.last_s or 0) - (self.first_s or 0)
        return {"requests": self.requests, "size_bytes": self.size_bytes, "seconds": seconds}


class Client(asyncio.Protocol):
    """One connection: bytes are counted, headers looked at, bodies thrown away."""

    def __init__(self, desk):
        self.desk = desk
        self.head, self.missing, self.size_bytes = b"", None, 0

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.missing is None:
            self.head += data
            head, found, body = self.head.partition(b"\r\n\r\n")
            if not found:
                return
            if head.startswith(b"GET"):
                self.get(head)
                return
            lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            self.size_bytes = self.missing = int(lengths[0])
            data = body
        self.missing -= len(data)
        if self.missing <= 0:
            self.head, self.missing = b"", None
            self.desk.take(self, self.size_bytes)

    def get(self, head):
        self.head = b""
        known = head.startswith(b"GET /stats ")
        self.transport.write(http(200, json.dumps(self.desk.stats()).encode()) if known else http(404, b"{}"))


async def serve(latency_s, at_once):
    desk = Desk(latency_s, at_once)
    server = await desk.loop.create_server(lambda: Client(desk), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds")
    parser.add_argument("--at-once", type=int, default=32)
    options = parser.parse_args()
    asyncio.run(serve(options.latency, options.at_once))
