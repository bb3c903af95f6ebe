"""Streams over real HTTP: what is told while one waits, readers that are slow, clients that leave."""

import asyncio
import json
import random
import socket
import threading
from contextlib import suppress

import httpx
import pytest
from chat_clients import asking, chunks_of, reading, text_of, until
from dripping import Dripping

WHOLE = "".join(f"w{number} " for number in range(20))


def test_a_stream_that_waits_is_told_how_it_stands(serving, client):
    """First where it stands, then the answer; status chunks are chunks like others, with a text that is empty."""
    first = Dripping("first", slots=1)
    server = serving({"a": first, "b": "fake:b"})
    told = {}

    def ask(name, model):
        with client.stream("POST", f"{server.url}/chat/completions", json=asking(model, stream=True)) as response:
            told[name] = chunks_of(response)

    threads = []
    for number, (name, model) in enumerate([("running", "a"), ("queued", "a"), ("other", "b")]):
        threads.append(threading.Thread(target=ask, args=[name, model]))
        threads[-1].start()
        until(lambda number=number: len(server_tickets(server)) > number or first.written > 19)
    for thread in threads:
        thread.join()
    assert not [chunk for chunk in told["running"] if "vlmkit_metadata" in chunk]
    for name, phase in (("queued", "queued"), ("other", "waiting_for_model")):
        chunk = told[name][0]
        assert chunk["vlmkit_metadata"] == chunk["candle_metadata"]
        assert chunk["vlmkit_metadata"]["status"] == phase
        assert (chunk["vlmkit_metadata"]["position"], chunk["object"]) == (1, "chat.completion.chunk")
        assert chunk["choices"][0]["delta"] == {"role": "assistant", "content": ""}
        assert len({(each["id"], each["created"]) for each in told[name]}) == 1
        assert sum("role" in each["choices"][0]["delta"] for each in told[name] if each["choices"]) == 1
    assert text_of(told["queued"]) == WHOLE
    assert text_of(told["other"]) == "Say something."


def server_tickets(server):
    """Requests that are in the house."""
    return server._application.board._seats


def test_status_chunks_can_be_left_out(serving, client):
    """Then what keeps the connection alive is a chunk without metadata."""
    backend = Dripping(slots=1)
    server = serving({"m": backend})
    body = asking("m", stream=True, stream_options={"include_status": False})
    with reading(server.url, body), client.stream("POST", f"{server.url}/chat/completions", json=body) as second:
        chunks = chunks_of(second)
    assert not [chunk for chunk in chunks if "vlmkit_metadata" in chunk]
    assert text_of(chunks) == WHOLE


def test_a_failure_within_a_stream_is_an_event_with_an_error(serving, client, tmp_path):
    """After what had been written; the stream ends as every stream."""
    server = serving({"a": Dripping("a"), "broken": f"fake:{tmp_path}/none.json"})
    body = asking("broken", stream=True)
    with (
        reading(server.url, asking("a")),
        client.stream("POST", f"{server.url}/chat/completions", json=body) as response,
    ):
        chunks = chunks_of(response)
    assert chunks[-1]["error"]["code"] == "model_load_failed"
    assert chunks[0]["vlmkit_metadata"]["status"] == "waiting_for_model"


def test_a_slow_reader_gets_everything_and_holds_up_nobody(serving, client):
    """What it did not read is put together into fewer chunks."""
    backend = Dripping(words=400, every_s=0.0, slots=4)
    server = serving({"m": backend})
    host, port = server.url.split("//")[1].removesuffix("/v1").split(":")
    body = json.dumps(asking("m", stream=True)).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with socket.create_connection((host, int(port))) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.sendall(head + body)
        slow.recv(1)
        answer = client.post(f"{server.url}/chat/completions", json=asking("m"), timeout=30).json()
        assert answer["choices"][0]["message"]["content"].startswith("w0 w1 ")
        slow.settimeout(30)
        received = b""
        while b"[DONE]" not in received:
            received += slow.recv(1024)
    lines = [line for line in received.decode().splitlines() if line.startswith("data: {")]
    text = text_of([json.loads(line.removeprefix("data: ")) for line in lines])
    assert text == "".join(f"w{number} " for number in range(400))


@pytest.mark.parametrize("stream", [True, False])
def test_clients_that_leave_end_their_answer(serving, stream):
    """Within a word or two, whether it was streamed or not; then every place is free."""
    backend = Dripping(words=100_000, every_s=0.01, slots=20)
    server = serving({"m": backend}, queue_size=100)

    async def leave(number):
        async with httpx.AsyncClient(timeout=0.2 + random.random() * 0.3) as client:
            try:
                async with client.stream(
                    "POST", f"{server.url}/chat/completions", json=asking("m", stream=stream)
                ) as response:
                    async for _ in response.aiter_lines():
                        if random.random() < 0.1:
                            return
            except httpx.TimeoutException:
                return

    async def all_leave():
        await asyncio.gather(*(leave(number) for number in range(40)))

    asyncio.run(all_leave())
    until(lambda: not server_tickets(server) and not backend.open)
    written = backend.written
    assert httpx.get(f"{server.url}/models/status").json()["running"] == {"m": 0}
    assert backend.written == written


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_leaves_is_counted(serving, client, stream):
    """Among the requests without an answer; one that stays to the end is not."""
    backend = Dripping(words=200, every_s=0.01, slots=2)
    server = serving({"m": backend})
    counted = 'vlmkit_request_failures_total{code="client_closed",model_name="m"} 1.0'
    figures = f"{server.url.removesuffix('/v1')}/metrics"
    assert text_of(chunks_of(client.post(f"{server.url}/chat/completions", json=asking("m", stream=True))))
    assert "client_closed" not in client.get(figures).text
    with suppress(httpx.TimeoutException):
        if stream:
            with reading(server.url, asking("m")):
                pass
        else:
            httpx.post(f"{server.url}/chat/completions", json=asking("m"), timeout=0.5)
    until(lambda: counted in client.get(figures).text)


@pytest.mark.slow_test
def test_five_hundred_clients_that_leave(serving):
    """At random moments, in all phases: every place comes back, and the next answer is right."""
    backend = Dripping(words=50, every_s=0.01, slots=16)
    server = serving({"m": backend, "n": Dripping("n", words=50, every_s=0.01, slots=16)}, queue_size=600)

    async def leave(number):
        async with httpx.AsyncClient(timeout=random.random() * 3) as client:
            body = asking(random.choice("mn"), stream=bool(number % 2))
            try:
                async with client.stream("POST", f"{server.url}/chat/completions", json=body) as response:
                    async for _ in response.aiter_lines():
                        if random.random() < 0.05:
                            return
            except httpx.TransportError:
                return

    async def all_leave():
        await asyncio.gather(*(leave(number) for number in range(500)))

    asyncio.run(all_leave())
    until(lambda: not server_tickets(server), limit_s=60)
    answer = httpx.post(f"{server.url}/chat/completions", json=asking("m"), timeout=60).json()
    assert answer["choices"][0]["message"]["content"] == "".join(f"w{number} " for number in range(50))
