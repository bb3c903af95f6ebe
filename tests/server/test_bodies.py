"""Bodies that are too large, too slow, or not what they should be: answered without being read to the end."""

import json
import socket

import pytest
from chat_clients import asking

from vlmkit.server import bodies


def address(server):
    host, _, port = server.url.split("//")[1].removesuffix("/v1").partition(":")
    return host, int(port)


def test_a_body_that_says_that_it_is_too_large_is_not_read(serving, client):
    """413, with the error object."""
    server = serving(largest_request_bytes=1000)
    response = client.post(f"{server.url}/chat/completions", content=b"x" * 1001)
    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")
    assert client.post(f"{server.url}/chat/completions", json=asking("fake:echo")).status_code == 200


def test_a_body_that_does_not_say_is_counted_while_it_comes(serving, client):
    """In chunks, without an end."""
    server = serving(largest_request_bytes=10_000)

    def endless():
        for _ in range(100):
            yield b"x" * 1000

    response = client.post(f"{server.url}/chat/completions", content=endless())
    assert (response.status_code, response.json()["error"]["code"]) == (413, "request_too_large")


def test_a_body_that_does_not_come_is_given_up(serving, monkeypatch):
    """Whoever sends a byte a minute holds nothing for ever."""
    monkeypatch.setattr(bodies, "_LONGEST_READ_S", 0.2)
    server = serving()
    with socket.create_connection(address(server)) as slow:
        slow.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
        slow.settimeout(30)
        answer = ""
        while "request_incomplete" not in answer and (piece := slow.recv(4096)):  # the head may come by itself
            answer += piece.decode()
    assert answer.startswith("HTTP/1.1 400 ")
    assert "request_incomplete" in answer


def test_large_bodies_at_once_are_bounded_together(serving, client, monkeypatch):
    """More than a few of the largest are told to come back."""
    monkeypatch.setattr(bodies, "_BODIES_AT_ONCE", 1)
    server = serving(largest_request_bytes=10_000)
    with socket.create_connection(address(server)) as slow:
        slow.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9000\r\n\r\n" + b" " * 8000
        )
        body = json.dumps(asking("fake:echo", "x" * 5000))
        for _ in range(200):
            response = client.post(f"{server.url}/chat/completions", content=body)
            if response.status_code == 503:
                break
    assert (response.status_code, response.headers["retry-after"] is not None) == (503, True)


@pytest.mark.parametrize("text", ["", "[1,", '{"a": Infinity}', "1" * 5000])
def test_what_is_no_strict_json_is_no_json(text):
    """Numbers without end included."""
    with pytest.raises(bodies.ChatError, match="The body is not JSON"):
        bodies._parsed(bytearray(text.encode()))
