"""One connection: every error of the libraries under it has its translation; TLS is spoken and checked."""

import inspect
import socket
import ssl
import threading
from contextlib import suppress

import certifi
import h11
import pytest
import trustme
from scripted_server import ScriptedServer, chat, http

from vlmkit.errors import BackendError, Refused, Unreachable
from vlmkit.providers import connection as door
from vlmkit.providers.connection import TRANSLATION, translation_of
from vlmkit.providers.transport import Call, Transport

SECRET = "sk-secret-0123456789"
EXCEPTIONS = [each for each in vars(h11).values() if inspect.isclass(each) and issubclass(each, Exception)]


def below(kind):
    return {kind}.union(*(below(child) for child in kind.__subclasses__()))


def test_every_exception_of_h11_has_a_translation():
    """Those it shows, and those below them."""
    assert len(EXCEPTIONS) == 3
    known = set().union(*map(below, EXCEPTIONS))
    assert {kind for kind in known if kind.__module__.startswith("h11")} <= set(TRANSLATION)


def test_every_error_of_a_socket_has_one():
    """Whatever the system calls it; and what is no such error has none."""
    kinds = {kind for kind in below(OSError) if kind.__module__ in {"builtins", "socket", "ssl"}} - {OSError}
    assert {ConnectionResetError, TimeoutError, socket.gaierror, ssl.SSLCertVerificationError} <= kinds
    assert {translation_of(kind.__new__(kind))[0] for kind in kinds} == {Unreachable}
    assert translation_of(ValueError()) is None


@pytest.mark.parametrize("kind", TRANSLATION, ids=lambda kind: kind.__name__)
def test_translations_are_what_the_runner_knows(kind):
    """A class of the error tree, and words that say what to do."""
    fault, words = TRANSLATION[kind]
    assert issubclass(fault, BackendError)
    assert issubclass(fault, Unreachable | Refused)
    assert len(words.split(". ")) >= 2


def test_an_address_that_keeps_silent_is_given_up(monkeypatch):
    """Also without any deadline: the line of those waiting to be accepted is full."""
    monkeypatch.setattr(door, "_CONNECT_S", 0.3)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        transport = Transport(f"http://127.0.0.1:{full.getsockname()[1]}/v1")
        with pytest.raises(Unreachable, match=r"no connection.*no answer within 0\.3 s"):
            transport.get("/models", Call())
        transport.close()
        for each in waiting:
            each.close()


def test_a_name_is_looked_up():
    """It may have several addresses, of which some answer."""
    with ScriptedServer(lambda _: http(body="here")) as server:
        transport = Transport(server.url.replace("127.0.0.1", "localhost"))
        assert transport.get("/models", Call(20)).body == b"here"
        transport.close()


def test_headers_without_end_are_cut_off():
    """Without any deadline the bytes are counted."""
    endless = [b"HTTP/1.1 200 OK\r\n", *[b"x-more: " + b"y" * 2**15 + b"\r\n"] * 100]
    with ScriptedServer([chat()], routes={"/v1/models": endless}) as server:
        transport = Transport(server.url)
        with pytest.raises(Unreachable, match="lost"):
            transport.get("/models", Call())
        transport.close()


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


def lead_on(target_port):
    """A proxy that leads one connection on to a port of this machine; what it was asked."""
    listening, asked = socket.create_server(("127.0.0.1", 0)), []

    def pump(source, sink):
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve():
        with listening, listening.accept()[0] as client, socket.create_connection(("127.0.0.1", target_port)) as server:
            asked.append(client.recv(65536))
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(server, client))
            back.start()
            pump(client, server)
            back.join(10)

    thread = threading.Thread(target=serve)
    thread.start()
    return listening.getsockname()[1], asked, thread


def test_tls_goes_through_a_proxy_unread(tmp_path, monkeypatch):
    """Which is told the place and nothing else; the certificate is the server's own."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "known.pem")
    monkeypatch.setattr(certifi, "where", lambda: str(tmp_path / "known.pem"))
    door._tls_context.cache_clear()
    port, requests, server = answer_over_tls(authority, "models.example")
    proxy_port, asked, proxy = lead_on(port)
    monkeypatch.setenv("https_proxy", f"http://me:secret@127.0.0.1:{proxy_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    transport = Transport("https://models.example/v1", {"authorization": f"Bearer {SECRET}"}, secret=SECRET)
    try:
        assert transport.get("/models", Call(20)).body == b"{}"
    finally:
        transport.close()
        proxy.join(20)
        server.join(20)
        door._tls_context.cache_clear()
    assert asked[0].startswith(b"CONNECT models.example:443 HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic" in asked[0].lower().replace(b"basic", b"Basic")
    assert SECRET.encode() not in asked[0]
    assert requests[0].startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"proxy-authorization" not in requests[0].lower()


def test_a_proxy_that_refuses_says_so(monkeypatch):
    """Its status is in the fault, and where proxies are named."""
    with ScriptedServer(lambda _: http(407, "who are you")) as proxy:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        transport = Transport("https://models.example/v1")
        with pytest.raises(Unreachable, match=r"proxy.*407.*") as caught:
            transport.get("/models", Call(20))
        transport.close()
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_a_refused_connection_is_said_in_the_systems_words():
    """Which people look for."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    transport = Transport(f"http://127.0.0.1:{port}/v1")
    with pytest.raises(Unreachable, match="refused") as caught:
        transport.get("/models", Call(20))
    transport.close()
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
