"""Requests to one address: where they go, by whom, until when, and what becomes of everything that goes wrong."""

import socket
import threading

import httpcore
import httpx
import pytest
from scripted_server import ScriptedServer, chat, http

from vlmkit.errors import BadSetting, Cancelled, Refused, RunError, ServerFault, TimedOut, Unreachable
from vlmkit.providers import transport as door
from vlmkit.providers.transport import RequestDeadline, Transport

SECRET = "sk-secret-0123456789"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpcore.ReadError("odd"), Unreachable),
        (httpcore.ConnectError("odd"), Unreachable),
        (httpcore.RemoteProtocolError("odd"), Unreachable),
        (httpx.RemoteProtocolError("odd"), Unreachable),
        (httpcore.LocalProtocolError("odd"), Refused),
        (ValueError("odd"), ServerFault),
        (TimeoutError(), TimedOut),
    ],
    ids=lambda value: type(value).__name__,
)
def test_whatever_comes_is_a_fault_that_says_where(error, kind):
    """Nothing foreign leaves."""
    fault = Transport("http://127.0.0.1:9/v1")._fault(error, RequestDeadline(3))
    assert type(fault) is kind
    assert isinstance(fault, RunError)
    assert str(fault).startswith("http://127.0.0.1:9/v1")


def test_a_header_that_is_refused_is_not_quoted():
    """It may be the key."""
    transport = Transport("http://127.0.0.1:9/v1", {"authorization": f"Bearer {SECRET}\n"}, secret=SECRET)
    with ScriptedServer([chat()]) as server:
        transport = Transport(server.url, {"authorization": f"Bearer {SECRET}\n"}, secret=SECRET)
        with pytest.raises(Refused) as caught:
            transport.get("/models", RequestDeadline(5))
    transport.close()
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_connections_are_used_again(unwatched):
    """Request after request over the same one."""
    with ScriptedServer([chat()], routes={"/v1/models": http(body="first")}) as server:
        transport = Transport(server.url)
        assert [transport.get("/models", RequestDeadline(5)).body for _ in range(3)] == [b"first"] * 3
        assert server.connections == 1
        transport.close()


def test_bytes_that_nobody_asked_for_end_the_connection():
    """They must not be taken for the answer to the next request."""
    mine, forged = http(body="mine"), http(body="forged")
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nmine\r\n0\r\n\r\n"
    half, early = forged[:20], b"HTTP/1.1 100 Continue\r\n\r\n"
    for answer in (
        mine + forged,
        [mine, 0.05, forged],
        chunked + forged,
        chunked * 2,
        mine + half,
        mine + early,
        mine + b"x",
    ):
        with ScriptedServer([chat()], routes={"/v1/models": answer}) as server:
            transport = Transport(server.url)
            for _ in range(3):
                assert transport.get("/models", RequestDeadline(5)).body == b"mine"
                threading.Event().wait(0.1)
            assert server.connections == 3
            transport.close()


def test_an_answer_in_crumbs_is_given_up():
    """A piece with hardly a byte costs as much as a long one, and others wait for their turn meanwhile."""
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    crumbs = [head, *[b"1\r\n \r\n" * 1000] * 40]
    with ScriptedServer(lambda _: crumbs) as server, ScriptedServer(lambda _: http(body="good")) as good:
        transport, other = Transport(server.url), Transport(good.url)
        with pytest.raises(ServerFault, match="10,001 pieces of hardly a byte"):
            transport.get("/models", RequestDeadline())
        assert other.get("/models", RequestDeadline(20)).body == b"good"
        transport.close()
        other.close()


def test_many_short_events_are_an_answer():
    """Of an honest stream each piece has more than its frame."""
    event = b'data: {"choices": []}\n\n'
    chunk = b"%x\r\n%s\r\n" % (len(event), event)
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    with ScriptedServer(lambda _: [head, chunk * 20_000 + b"0\r\n\r\n"]) as server:
        transport = Transport(server.url)
        assert transport.get("/models", RequestDeadline(60)).body == event * 20_000
        transport.close()


def test_an_answer_that_is_longer_than_any_is_given_up():
    """Whether its length is said or not."""
    head = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"
    for answer in (
        [head + b"\r\n", *[b"x" * 2**15] * 40],
        [head + b"content-length: 999999\r\n\r\n" + b"x" * 2**18, 30],
    ):
        with ScriptedServer(lambda _, answer=answer: answer) as server:
            transport = Transport(server.url)
            with pytest.raises(ServerFault, match="more than 100,000 bytes"):
                transport.get("/models", RequestDeadline(), most_bytes=100_000)
            transport.close()


def test_a_closed_transport_sends_nothing():
    """Nor does it leave a thread behind; closing twice is fine."""
    with ScriptedServer(lambda _: http()) as server:
        transport = Transport(server.url)
        transport.get("/models", RequestDeadline(5))
        transport.close()
        transport.close()
        with pytest.raises(Cancelled):
            transport.get("/models", RequestDeadline(5))
        assert len(server.requests) == 1


def test_a_refusal_is_read_also_before_all_was_sent():
    """A server may turn a request away after its headers; what it says tells what to do."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse():
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(http(413, "too large"))

        thread = threading.Thread(target=refuse)
        thread.start()
        transport = Transport(f"http://127.0.0.1:{listening.getsockname()[1]}/v1")
        assert transport.post("/chat", b"x" * 2**24, RequestDeadline(20)).status == 413
        transport.close()
        thread.join(10)


def test_connecting_has_a_deadline_too():
    """An address that does not answer at all: the line of those waiting is full."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        transport = Transport(f"http://127.0.0.1:{full.getsockname()[1]}/v1")
        with pytest.raises(TimedOut):
            transport.get("/models", RequestDeadline(0.3))
        for each in waiting:
            each.close()


def test_paths_are_below_the_base_or_absolute():
    """Two slashes lead past the base path, to a server's own interface."""
    with ScriptedServer(lambda _: http()) as server:
        transport = Transport(server.url + "/")
        assert transport.address == server.url
        transport.get("/models", RequestDeadline(5))
        transport.get("//api/tags", RequestDeadline(5))
        transport.close()
    assert [request.path for request in server.requests] == ["/v1/models", "/api/tags"]
    assert server.requests[0].headers["host"] == f"127.0.0.1:{server.port}"


def test_a_proxy_of_this_machine_is_used_for_others_only(monkeypatch, unwatched):
    """What the environment names is asked for the other host; for this one it is not."""
    with ScriptedServer(lambda _: http(body="through")) as proxy, ScriptedServer(lambda _: http(body="direct")) as own:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        elsewhere, here = Transport("http://models.example/v1"), Transport(own.url)
        for _ in range(2):
            assert elsewhere.get("/models", RequestDeadline(5)).body == b"through"
        assert here.get("/models", RequestDeadline(5)).body == b"direct"
        monkeypatch.setenv("no_proxy", "models.example")
        assert door._proxy_for("http", "models.example") is None
        elsewhere.close()
        here.close()
    assert [request.path for request in proxy.requests] == ["http://models.example/v1/models"] * 2
    assert proxy.connections == 1


def test_a_key_is_not_in_the_repr():
    """Nor anywhere a notebook would show it."""
    assert repr(Transport("http://h.example/v1", secret=SECRET)) == "Transport('http://h.example/v1')"


def test_a_proxy_is_told_who_asks(monkeypatch):
    """With the user and password of its address, which the server does not get to see."""
    with ScriptedServer(lambda _: http()) as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        transport = Transport("http://models.example/v1")
        transport.get("/models", RequestDeadline(5))
        transport.close()
    assert proxy.requests[0].headers["proxy-authorization"] == "Basic bWU6cEBzcw=="


def test_a_proxy_of_another_kind_is_a_setting_to_change(monkeypatch):
    """Before anything is sent."""
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(BadSetting, match="socks5"):
        Transport("https://models.example/v1")
