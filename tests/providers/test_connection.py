"""The client of an address: every error of the libraries under it has its translation; TLS is spoken and checked."""

import inspect
import socket
import threading
import traceback
from contextlib import suppress

import httpcore
import httpx
import pytest
import trustme
from scripted_server import CLOSE, ScriptedServer, http
from tls_server import answer_over_tls

from vlmkit.errors import BackendError, BadSetting, Refused, ServerFault, Unreachable
from vlmkit.providers import connection as door
from vlmkit.providers.connection import TRANSLATION, translation_of
from vlmkit.providers.transport import RequestDeadline, Transport

SECRET = "sk-secret-0123456789"
WAIT_S = 20
EXCEPTIONS = [
    each
    for library in (httpcore, httpx)
    for each in vars(library).values()
    if inspect.isclass(each) and issubclass(each, Exception) and each.__module__ == library.__name__
]
# Never raised by what is used: pools that are full, texts that are decoded, redirects that are followed, misuse.
UNUSED = {
    "ConnectionNotAvailable",
    "CookieConflict",
    "DecodingError",
    "HTTPError",
    "HTTPStatusError",
    "InvalidURL",
    "RequestError",
    "RequestNotRead",
    "ResponseNotRead",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "TooManyRedirects",
    "UnsupportedProtocol",
}


def test_every_exception_of_the_libraries_has_a_translation():
    """Those that they show, but for those that nothing here can bring about."""
    assert len(EXCEPTIONS) > 30
    assert {kind.__name__ for kind in EXCEPTIONS if translation_of(kind.__new__(kind)) is None} == UNUSED
    assert translation_of(ValueError()) is None


@pytest.mark.parametrize("kind", TRANSLATION, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_translations_are_what_the_runner_knows(kind):
    """A class of the error tree, and words that say what to do."""
    fault, words, _ = TRANSLATION[kind]
    assert issubclass(fault, BackendError)
    assert issubclass(fault, Unreachable | Refused | ServerFault)
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
            transport.get("/models", RequestDeadline())
        transport.close()
        for each in waiting:
            each.close()


def test_a_name_is_looked_up():
    """It may have several addresses, of which some answer."""
    with ScriptedServer(lambda _: http(body="here")) as server:
        transport = Transport(server.url.replace("127.0.0.1", "localhost"))
        assert transport.get("/models", RequestDeadline(20)).body == b"here"
        transport.close()


def test_headers_without_end_are_cut_off():
    """Without any deadline the bytes are counted."""
    endless = [b"HTTP/1.1 200 OK\r\n", *[b"x-more: " + b"y" * 2**15 + b"\r\n"] * 100]
    with ScriptedServer(lambda _: endless) as server:
        transport = Transport(server.url)
        with pytest.raises(Unreachable, match="not HTTP"):
            transport.get("/models", RequestDeadline())
        transport.close()


def test_interim_answers_without_end_are_cut_off():
    """A server may say so often that it is about to answer, and no more."""
    with ScriptedServer(lambda _: [b"HTTP/1.1 100 Continue\r\n\r\n" * 1000] * 1000) as server:
        transport = Transport(server.url)
        with pytest.raises(ServerFault, match=r"more came than any answer has.*1,000 lines"):
            transport.get("/models", RequestDeadline())
        transport.close()


def test_a_few_interim_answers_are_none(unwatched):
    """They announce the one that counts."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
    with ScriptedServer(lambda _: early + http(body="mine")) as server:
        transport = Transport(server.url)
        assert [transport.get("/models", RequestDeadline(WAIT_S)).body for _ in range(2)] == [b"mine"] * 2
        assert server.connections == 1
        transport.close()


def test_a_connection_that_was_closed_while_idle_is_replaced(monkeypatch, unwatched):
    """Also where that shows only by the next request; one that ends at once ended because of it, and is a fault."""
    moments = [[http(body="first"), 0.5, CLOSE], http(body="second"), [CLOSE]]
    with ScriptedServer(lambda _: moments.pop(0)) as server:
        transport = Transport(server.url)
        assert transport.get("/models", RequestDeadline(WAIT_S)).body == b"first"
        monkeypatch.setattr(door, "_STALE_S", 0.0)
        assert transport.get("/models", RequestDeadline(WAIT_S)).body == b"second"  # sent, never read, and sent again
        assert server.connections == 2
        monkeypatch.undo()
        with pytest.raises(Unreachable, match="lost"):
            transport.get("/models", RequestDeadline(WAIT_S))
        assert server.connections == 2
        transport.close()


@pytest.mark.parametrize("status", ["HTTP/1.1 200 OK", "HTTP/1.1 500 No"])
def test_a_key_that_a_server_repeats_is_in_no_traceback(status):
    """The libraries quote a line that they cannot read."""

    def echo(request):
        return f"{status}\r\nx bad {request.headers['authorization']}\0\r\n\r\n".encode()

    with ScriptedServer(echo) as server:
        transport = Transport(server.url, {"authorization": f"Bearer {SECRET}"}, secret=SECRET)
        with pytest.raises(Unreachable, match="not HTTP") as caught:
            transport.get("/models", RequestDeadline(WAIT_S))
        transport.close()
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    seen, error = [], caught.value
    while error is not None:
        seen.append(repr(error))
        error = error.__cause__ or error.__context__
    assert SECRET not in str(seen)


@pytest.mark.parametrize(
    ("name", "is_trusted", "works"),
    [("127.0.0.1", True, True), ("127.0.0.1", False, False), ("others.example", True, False)],
    ids=["right", "signed by a stranger", "of another host"],
)
def test_tls_is_spoken_and_checked(tmp_path, monkeypatch, name, is_trusted, works):
    """A certificate that nobody known signed, or another host's, ends the connection before a key is sent."""
    known, stranger = trustme.CA(), trustme.CA()
    known.cert_pem.write_to_path(tmp_path / "known.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "known.pem"))
    port, requests, thread = answer_over_tls(known if is_trusted else stranger, name)
    transport = Transport(f"https://127.0.0.1:{port}/v1", {"authorization": f"Bearer {SECRET}"}, secret=SECRET)
    try:
        if works:
            assert transport.get("/models", RequestDeadline(5)).status == 200
        else:
            with pytest.raises(Unreachable, match="certificate"):
                transport.get("/models", RequestDeadline(5))
    finally:
        transport.close()
        thread.join(10)
    assert [SECRET.encode() in request for request in requests] == ([True] if works else [])


@pytest.mark.parametrize(
    ("trust", "works"),
    [({}, False), ({"ca_file": "known.pem"}, True), ({"ca_file": "other.pem"}, False), ({"verify": False}, True)],
    ids=["usual", "its authority", "another authority", "not checked"],
)
def test_whom_one_address_trusts(tmp_path, monkeypatch, trust, works):
    """A file of its own, beside what all trust; no check at all is asked for in so many words."""
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    known, other = trustme.CA(), trustme.CA()
    known.cert_pem.write_to_path(tmp_path / "known.pem")
    other.cert_pem.write_to_path(tmp_path / "other.pem")
    if "ca_file" in trust:
        trust = {"ca_file": str(tmp_path / trust["ca_file"])}
    port, requests, thread = answer_over_tls(known, "127.0.0.1")
    transport = Transport(f"https://127.0.0.1:{port}/v1", **trust)
    try:
        if works:
            assert transport.get("/models", RequestDeadline(WAIT_S)).status == 200
        else:
            with pytest.raises(Unreachable, match="certificate"):
                transport.get("/models", RequestDeadline(WAIT_S))
    finally:
        transport.close()
        thread.join(10)
    assert len(requests) == works


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_certificates_that_are_not_there(tmp_path, monkeypatch, content):
    """Are found before anything is sent, wherever they were named."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    with pytest.raises(BadSetting, match=r"ca_file='.*ca\.pem': no certificates can be read"):
        Transport("https://127.0.0.1:9/v1", ca_file=str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(BadSetting, match=r"SSL_CERT_FILE='.*ca\.pem': no certificates can be read"):
        Transport("https://127.0.0.1:9/v1")


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
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "known.pem"))
    port, requests, server = answer_over_tls(authority, "models.example")
    proxy_port, asked, proxy = lead_on(port)
    monkeypatch.setenv("https_proxy", f"http://me:secret@127.0.0.1:{proxy_port}")
    monkeypatch.delenv("no_proxy", raising=False)
    transport = Transport("https://models.example/v1", {"authorization": f"Bearer {SECRET}"}, secret=SECRET)
    try:
        assert transport.get("/models", RequestDeadline(20)).body == b"{}"
    finally:
        transport.close()
        proxy.join(20)
        server.join(20)
    assert asked[0].startswith(b"CONNECT models.example:443 HTTP/1.1\r\n")
    assert b"proxy-authorization: Basic" in asked[0].lower().replace(b"basic", b"Basic")
    assert SECRET.encode() not in asked[0]
    assert requests[0].startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"proxy-authorization" not in requests[0].lower()


def test_a_proxy_that_refuses_says_so(monkeypatch):
    """Its status is in the fault, and where proxies are named."""
    with ScriptedServer(lambda _: http(407, "who are you")) as proxy:
        monkeypatch.setenv("https_proxy", f"http://me:{SECRET}@127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        transport = Transport("https://models.example/v1")
        with pytest.raises(Unreachable, match=r"proxy.*407.*") as caught:
            transport.get("/models", RequestDeadline(20))
        transport.close()
    assert SECRET not in str(caught.value)


def test_a_refused_connection_is_said_in_the_systems_words():
    """Which people look for."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    transport = Transport(f"http://127.0.0.1:{port}/v1")
    with pytest.raises(Unreachable, match="refused") as caught:
        transport.get("/models", RequestDeadline(20))
    transport.close()
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_httpx_comes_without_its_command_line(fresh_python):
    """Which takes longer to import than all the rest of it; whoever has it keeps it."""
    ours = "from vlmkit.providers import connection; import sys; connection.tls_context(); import httpx\n"
    fresh_python(ours + "assert not {'httpx._main', 'rich', 'click'} & set(sys.modules)\nimport httpx._main")
    fresh_python("import httpx._main as theirs\n" + ours + "assert sys.modules['httpx._main'] is theirs")


def test_httpx_comes_only_where_it_is_needed(fresh_python):
    """A plain address of a server of one's own is taken apart without it."""
    fresh_python(
        "from vlmkit.providers.transport import RequestDeadline, Transport\nimport sys\n"
        "from contextlib import suppress\nfrom vlmkit.errors import Unreachable\n"
        "with suppress(Unreachable):\n    Transport('http://127.0.0.1:9/v1').get('/models', RequestDeadline(5))\n"
        "assert not {'httpx', 'http.client'} & set(sys.modules)"
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8000/v1/models",
        "http://localhost:11434//api/tags",
        "http://gpu-box.example:8080",
        "http://gpu-box:080/v1",
        "http://box:80/v1",
        "http://box:8000/v1/models?pageSize=1000",
        "http://box:8000/v1beta/models/gemini-2.5:generateContent?alt=sse",
        "http://box:8000/a/../v1/models",
        "http://box:8000/a/./models",
        "http://box:8000/a%20b/models",
        "http://BOX:8000/v1",
        "http://[::1]:8000/v1",
        "http://1.2:8000/v1",
    ],
)
def test_a_plain_address_is_taken_apart_as_httpx_does_it(url):
    """Where httpx is not asked, nothing comes out otherwise."""
    target = httpx.URL(url)
    place, host = door._target(url)
    assert (place.scheme, place.host, place.port) == (target.raw_scheme, target.raw_host, target.port)
    assert (place.target, host) == (target.raw_path, target.netloc)
