"""The one door to httpcore: every exception has its translation, every connection its deadline."""

import inspect
import socket
import ssl
import threading
from contextlib import suppress

import certifi
import h11
import httpcore
import pytest
import trustme
from scripted_server import ScriptedServer, chat, http

from vlmkit.errors import BackendError, Cancelled, Refused, RunError, ServerFault, TimedOut, Unreachable
from vlmkit.providers import transport as door
from vlmkit.providers.transport import TRANSLATION, Call, Transport

EXCEPTIONS = [each for each in vars(httpcore).values() if inspect.isclass(each) and issubclass(each, Exception)]
SECRET = "sk-secret-0123456789"


def below(kind):
    return {kind}.union(*(below(child) for child in kind.__subclasses__()))


def test_every_exception_of_httpcore_has_a_translation():
    """Those it shows, and those below them."""
    assert len(EXCEPTIONS) >= 14
    known = set().union(*map(below, EXCEPTIONS))
    assert {kind for kind in known if kind.__module__.startswith("httpcore")} <= set(TRANSLATION)


def test_it_shows_every_exception_that_it_has():
    """None is hidden in a module of its own."""
    import httpcore._exceptions as hidden

    assert {each for each in vars(hidden).values() if inspect.isclass(each) and issubclass(each, Exception)} <= set(
        EXCEPTIONS
    )


@pytest.mark.parametrize("kind", sorted(TRANSLATION, key=str), ids=lambda kind: kind.__name__)
def test_translations_say_where_and_what_to_do(kind):
    """And are what the runner knows what to do with."""
    transport, call = Transport("http://127.0.0.1:9/v1"), Call()
    with pytest.raises(BackendError) as caught, transport._translated(call):
        raise kind("the detail")
    assert isinstance(caught.value, Unreachable | TimedOut | Refused)
    assert str(caught.value).startswith("http://127.0.0.1:9/v1: ")


@pytest.mark.parametrize(
    "error", [OSError("odd"), ssl.SSLError("odd"), ValueError("odd"), h11.RemoteProtocolError("odd")]
)
def test_what_else_may_come_is_a_fault_too(error):
    """Nothing foreign leaves."""
    with pytest.raises(RunError) as caught, Transport("http://127.0.0.1:9/v1")._translated(Call()):
        raise error
    assert isinstance(caught.value, Unreachable | ServerFault)


def test_a_header_that_is_refused_is_not_quoted():
    """It may be the key."""
    transport = Transport("http://127.0.0.1:9/v1", {"authorization": f"Bearer {SECRET}\n"}, secret=SECRET)
    with ScriptedServer([chat()]) as server:
        transport = Transport(server.url, {"authorization": f"Bearer {SECRET}\n"}, secret=SECRET)
        with pytest.raises(Refused) as caught:
            transport.get("/models", Call(5))
    transport.close()
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_aborted_call_is_cancelled_also_while_it_connects():
    """From the first moment on."""
    call = Call()
    call.abort()
    with ScriptedServer([chat()]) as server:
        transport = Transport(server.url)
        with pytest.raises(Cancelled):
            transport.get("/models", call)
        transport.close()


def test_a_call_that_is_over_does_not_end_the_next():
    """Its connection belongs to another by then."""
    with ScriptedServer([chat()], routes={"/v1/models": http(body="first")}) as server:
        transport = Transport(server.url)
        call = Call(5)
        assert transport.get("/models", call).status == 200
        call.abort()
        assert transport.get("/models", Call(5)).body == b"first"
        assert server.connections == 1
        transport.close()


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
            transport.get("/models", Call(0.3))
        for each in waiting:
            each.close()


def test_paths_are_below_the_base_or_absolute():
    """Two slashes lead past the base path, to a server's own interface."""
    with ScriptedServer(lambda _: http()) as server:
        transport = Transport(server.url + "/")
        assert transport.address == server.url
        transport.get("/models", Call(5))
        transport.get("//api/tags", Call(5))
        transport.close()
    assert [request.path for request in server.requests] == ["/v1/models", "/api/tags"]
    assert server.requests[0].headers["host"] == f"127.0.0.1:{server.port}"


def test_a_proxy_of_this_machine_is_used_for_others_only(monkeypatch):
    """What the environment names is asked for the other host; for this one it is not."""
    with ScriptedServer(lambda _: http(body="through")) as proxy, ScriptedServer(lambda _: http(body="direct")) as own:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        elsewhere, here = Transport("http://models.example/v1"), Transport(own.url)
        for _ in range(2):
            assert elsewhere.get("/models", Call(5)).body == b"through"
        assert here.get("/models", Call(5)).body == b"direct"
        monkeypatch.setenv("no_proxy", "models.example")
        assert door._proxy_for("http", "models.example") is None
        elsewhere.close()
        here.close()
    assert [request.path for request in proxy.requests] == ["http://models.example:80/v1/models"] * 2
    assert proxy.connections == 1


def test_a_key_is_not_in_the_repr():
    """Nor anywhere a notebook would show it."""
    assert repr(Transport("http://h.example/v1", secret=SECRET)) == "Transport('http://h.example/v1')"


def answer_over_tls(authority, name):
    """Port of a server with a certificate, and the requests that arrive, once they are decrypted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    server, requests = socket.create_server(("127.0.0.1", 0)), []

    def serve():
        with server:
            plain, _ = server.accept()
            with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                if request := connection.recv(65536):
                    requests.append(request)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    thread = threading.Thread(target=serve)
    thread.start()
    return server.getsockname()[1], requests, thread


@pytest.mark.parametrize(
    ("name", "is_trusted", "works"),
    [("127.0.0.1", True, True), ("127.0.0.1", False, False), ("others.example", True, False)],
    ids=["right", "signed by a stranger", "of another host"],
)
def test_tls_is_spoken_and_checked(tmp_path, monkeypatch, name, is_trusted, works):
    """A certificate that nobody known signed, or another host's, ends the connection before a key is sent."""
    known, stranger = trustme.CA(), trustme.CA()
    known.cert_pem.write_to_path(tmp_path / "known.pem")
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "known.pem"))
    door._tls_context.cache_clear()
    port, requests, thread = answer_over_tls(known if is_trusted else stranger, name)
    transport = Transport(f"https://127.0.0.1:{port}/v1", {"authorization": f"Bearer {SECRET}"}, secret=SECRET)
    try:
        if works:
            assert transport.get("/models", Call(5)).status == 200
        else:
            with pytest.raises(Unreachable, match="certificate"):
                transport.get("/models", Call(5))
    finally:
        transport.close()
        thread.join(10)
        door._tls_context.cache_clear()
    assert [SECRET.encode() in request for request in requests] == ([True] if works else [])
