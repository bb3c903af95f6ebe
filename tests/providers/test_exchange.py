"""The short way through a connection of httpcore: the same bytes go out, and the same answer comes, as by its own."""

import asyncio
import socket
import threading

import httpcore
import pytest
from scripted_server import http

from vlmkit.providers.exchange import AnswerStream, HttpConnection, RequestHead
from vlmkit.providers.sockets import Sockets

SECRET = "sk-secret-0123456789"
HEADERS = [(b"Host", b"box:8000"), (b"authorization", f"Bearer {SECRET}".encode()), (b"accept", b"*/*")]
WAIT_S = 20


def asked(answer, talk):
    """Do something with a connection to a server that answers once; what came to the server, and what it gave."""
    came = bytearray()

    def serve():
        with listening, listening.accept()[0] as client:
            client.settimeout(WAIT_S)
            while b"\r\n\r\nend" not in came and not (came.startswith(b"GET") and came.endswith(b"\r\n\r\n")):
                came.extend(client.recv(65536))
            client.sendall(answer)

    async def both():
        stream = await Sockets().connect_tcp("127.0.0.1", listening.getsockname()[1], timeout=WAIT_S)
        try:
            return await asyncio.wait_for(talk(HttpConnection(ORIGIN, stream)), WAIT_S)
        finally:
            await stream.aclose()
            await asyncio.sleep(0.01)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = threading.Thread(target=serve)
        serving.start()
        given = asyncio.run(both())
        serving.join(WAIT_S)
    return bytes(came), given


URL = httpcore.URL(scheme=b"http", host=b"box", port=8000, target=b"/v1/chat?x=1")
ORIGIN = URL.origin


async def whole(answer):
    parts = []
    while part := await answer.read():
        parts.append(part)
    await answer.aclose()
    return answer.status, answer.headers, b"".join(parts)


@pytest.mark.parametrize(("method", "body"), [("POST", b"end of all"), ("GET", b"")])
def test_what_goes_out_is_what_httpcore_would_send(method, body):
    """Byte for byte; and what comes back is read alike."""
    head = RequestHead(method, URL, HEADERS)

    async def ours(connection):
        given = await whole(await connection.ask(head, body))
        assert connection.is_idle()
        return given

    async def theirs(connection):
        return await whole(AnswerStream.of_httpcore(await connection.handle_async_request(head.request(body, WAIT_S))))

    answer = http(201, "made", x_more="yes")
    assert asked(answer, ours) == asked(answer, theirs)
    sent, given = asked(answer, ours)
    assert sent.startswith(f"{method} /v1/chat?x=1 HTTP/1.1\r\nHost: box:8000\r\n".encode())
    assert given[0] == 201
    assert given[2] == b"made"


def test_an_answer_that_was_not_read_to_its_end_closes_the_connection():
    """The rest of it would be taken for the next answer."""

    async def talk(connection):
        answer = await connection.ask(RequestHead("GET", URL, HEADERS), b"")
        await answer.aclose()
        return connection.is_idle()

    assert asked(http(body="left behind"), talk)[1] is False


@pytest.mark.parametrize("headers", [[], [*HEADERS, (b"x", b"a\r\nb: c")], [*HEADERS, (b"Host", b"another")]])
def test_a_head_that_http_does_not_allow(headers):
    """Is found before anything is sent; a line break in a key would be a header of its own."""
    with pytest.raises(httpcore.LocalProtocolError):
        RequestHead("GET", URL, headers)


def test_a_key_is_in_no_repr():
    """As a traceback with variables shows it."""
    head = RequestHead("GET", URL, HEADERS)
    assert SECRET in head.bytes_before(b"").decode()
    assert SECRET not in repr(head) + repr(vars(head))
