"""Downloads from a real server on loopback that does whatever servers do."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from making_pictures import corners, encoded

from vlmkit.errors import BadSetting, ImageTooLarge, RunError, UnreadableImage
from vlmkit.sources import Limits, decode, fingerprint, loaded, normalize, read_header, refer, remote
from vlmkit.sources.remote import MOST_REDIRECTS, fetch

PICTURE = encoded(corners(), "PNG")
Answer = Callable[[socket.socket, str], None]

GZIPPED = gzip.compress(b"x", mtime=0)  # the time is in its head, and would be in the case's name


def limits(**changes: object) -> Limits:
    base = {"allow_private_hosts": True, "download_timeout_s": 20.0}
    return dataclasses.replace(Limits.in_force(), **{**base, **changes})


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def whole(body: bytes = PICTURE, media_type: str = "image/png") -> bytes:
    return head(f"Content-Type: {media_type}", f"Content-Length: {len(body)}") + body


class Server:
    """Answers each connection with what a test scripted for its path, byte by byte."""

    def __init__(self, answers: dict[str, bytes | Answer], address: str, context: ssl.SSLContext | None) -> None:
        self.answers, self.requests = answers, []
        self._context, self._closing = context, False
        self._listener = socket.create_server((address, 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http{'s' if context else ''}://{address}:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._closing:
                connection.close()
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self._context:
                connection = stack.enter_context(self._context.wrap_socket(connection, server_side=True))
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536) or b"\r\n\r\n"
            self.requests.append(request.decode("latin-1"))
            path = [*request.split(b" "), b""][1].decode("latin-1")
            answer = self.answers.get(path.partition("?")[0], head("Content-Length: 0", status="404 Not Found"))
            if callable(answer):
                answer(connection, path)
            else:
                connection.sendall(answer)

    def close(self) -> None:
        self._closing = True
        host, port = self._listener.getsockname()[:2]
        socket.create_connection((host, port)).close()
        self._thread.join()
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start servers that end with the test."""
    servers = []

    def start(answers: dict[str, bytes | Answer], address: str = "127.0.0.1", context: object = None) -> Server:
        servers.append(Server(answers, address, context))
        return servers[-1]

    yield start
    remote.close()
    for server in servers:
        server.close()


def test_a_picture_from_the_web_is_like_any_other(serve: Callable[..., Server]) -> None:
    """Header, fingerprint and normalized bytes equal those of the same bytes at hand."""
    ref = refer(serve({"/a%20b.png": whole()}).url + "/a b.png?size=1 2#x")
    at_hand = refer(PICTURE)
    assert read_header(ref, digest=True, limits=limits()) == read_header(at_hand, digest=True)
    assert fingerprint(ref, limits=limits()) == fingerprint(at_hand)
    assert normalize(ref, 100, limits=limits()) == normalize(at_hand, 100)
    assert loaded(ref, limits=limits()).source == PICTURE


def test_what_is_asked(serve: Callable[..., Server]) -> None:
    """One GET without cookies, keys or compression; the host as it was written."""
    server = serve({"/ünï.png": whole(), "/%C3%BCn%C3%AF.png": whole()})
    fetch(server.url + "/ünï.png?a=b c&d=%20", "x", limits())
    lines = server.requests[0].split("\r\n")
    assert lines[0] == "GET /%C3%BCn%C3%AF.png?a=b%20c&d=%20 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in lines
    assert "Accept-Encoding: identity" in lines
    assert not any(line.lower().startswith(("cookie", "authorization", "referer")) for line in lines)


@pytest.mark.parametrize("media_type", ["image/png", "application/octet-stream", "Image/PNG; x=y", ""])
@pytest.mark.parametrize("form", ["length", "chunked", "close"])
def test_every_way_to_send_a_body(serve: Callable[..., Server], media_type: str, form: str) -> None:
    """With a length, in chunks, or until the connection closes."""
    kind = [f"Content-Type: {media_type}"] if media_type else []
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (PICTURE[:50], PICTURE[50:])) + b"0\r\n\r\n"
    answer = {
        "length": head(*kind, f"Content-Length: {len(PICTURE)}") + PICTURE,
        "chunked": head(*kind, "Transfer-Encoding: chunked") + chunks,
        "close": head(*kind, "Connection: close") + PICTURE,
    }[form]
    assert fetch(serve({"/": answer}).url, "x", limits()) == PICTURE


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (head("Content-Length: 0", status="404 Not Found"), "answered 404 Not Found; check the URL"),
        (head("Content-Length: 0", status="401 \x1b[31mGo away"), r"answered 401 \[31mGo away; .* needs a login"),
        (head("Content-Length: 0", status="503 Busy"), "answered 503 Busy"),
        (head("Content-Length: 0", status="204 No Content"), "answered 204"),
        (head("Content-Length: 0", status="302 Found"), "answered 302 Found"),
        (whole(b"<html>", "text/html; charset=utf-8"), "content type is 'text/html', not a picture's"),
        (head("Content-Encoding: gzip", "Content-Length: 9") + GZIPPED[:9], "sent compressed .gzip."),
        (head("Content-Length: 1000") + b"x" * 10, "ended after 10 of 1,000 bytes"),
        (head("Transfer-Encoding: chunked") + b"5\r\nabc", "cannot be fetched .the connection was lost"),
        (head("Transfer-Encoding: chunked") + b"zzz\r\nabc", "cannot be fetched .what came is not HTTP"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "cannot be fetched .what came is not HTTP"),
        (b"", "cannot be fetched .the connection was lost"),
        (head(*["X: y"] * 40_000), "cannot be fetched .what came is not HTTP"),
        (head("X: " + "y" * 170_000), "cannot be fetched .what came is not HTTP"),
        (head("Location: file:///etc/passwd", status="302 Found"), "URL of kind 'file'; only http and https"),
        (head("Location: data:image/png,x", status="302 Found"), "URL of kind 'data'"),
        (head("Location: //[bad", status="302 Found"), "cannot be fetched .it is not a URL"),
        (head("Location: http://u:p@example.org/x", status="302 Found"), "a URL with a user name in it"),
        (head("Location: http://127.0.0.1:99999/", status="302 Found"), "cannot be fetched "),
    ],
)  # fmt: skip
def test_answers_that_are_no_picture(serve: Callable[..., Server], answer: bytes, message: str) -> None:
    """Each is a typed fault of this row that says what came instead, and shows no more of the URL than it should."""
    url = serve({"/a.jpg": answer}).url + "/a.jpg"
    with pytest.raises(UnreadableImage, match=message) as caught:
        normalize(refer(url + "?token=KEY"), 100, limits=limits())
    assert str(caught.value).startswith(url + "?…: ")
    assert "KEY" not in str(caught.value)
    assert str(caught.value).isprintable()


def test_other_bytes_than_promised_are_refused_as_in_a_file(serve: Callable[..., Server]) -> None:
    """A page that calls itself a picture is not a picture."""
    url = serve({"/a.jpg": whole(b"<html>no</html>", "image/jpeg")}).url + "/a.jpg"
    with pytest.raises(UnreadableImage, match="an HTML page, not a picture"):
        normalize(refer(url), 100, limits=limits())


@pytest.mark.parametrize("url", ["http:///a.jpg", "https://?x", "http://:80/"])
def test_a_url_without_a_host(url: str) -> None:
    """Is refused before anything is looked up."""
    with pytest.raises(UnreadableImage, match="x: a URL without a host"):
        fetch(url, "x", limits())


def test_redirects_are_followed_a_few_times(serve: Callable[..., Server]) -> None:
    """Relative ones, absolute ones, and none without end."""
    server = serve({"/3": whole()})
    server.answers |= {
        "/1": head("Location: 2?x", status="301 Moved"),
        "/2": head(f"Location: {server.url}/3", status="307 Temporary"),
        "/loop": head("Location: /loop", status="302 Found"),
    }
    assert fetch(server.url + "/1", "x", limits()) == PICTURE
    server.requests.clear()
    with pytest.raises(UnreadableImage, match=f"more than {MOST_REDIRECTS} redirects"):
        fetch(server.url + "/loop", "x", limits())
    assert len(server.requests) == MOST_REDIRECTS + 1


def test_private_addresses_are_off_unless_allowed(serve: Callable[..., Server]) -> None:
    """Not even connected to."""
    server = serve({"/": whole()})
    for url in (server.url, server.url.replace("127.0.0.1", "localhost")):
        with pytest.raises(
            UnreadableImage, match=r"which is not a public address; .* vk.use.allow_private_hosts=True."
        ):
            fetch(url, "x", limits(allow_private_hosts=False))
    assert server.requests == []


@pytest.fixture
def other_is_private(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take 127.0.0.1 for a public address, and leave the rest of loopback private."""
    monkeypatch.setattr("vlmkit.sources.connections.is_public", lambda address: address == "127.0.0.1")


@pytest.mark.usefixtures("other_is_private")
def test_every_hop_is_vetted(serve: Callable[..., Server]) -> None:
    """A public server that redirects to a private one does not get its picture from there."""
    private = serve({"/": whole()}, address="127.0.0.2")
    public = serve({"/": head(f"Location: {private.url}/", status="302 Found"), "/own": whole()})
    strict = limits(allow_private_hosts=False)
    assert fetch(public.url + "/own", "x", strict) == PICTURE
    with pytest.raises(UnreadableImage, match=r"'127\.0\.0\.2' leads to 127\.0\.0\.2, which is not a public address"):
        fetch(public.url, "x", strict)
    assert private.requests == []
    assert fetch(public.url, "x", limits()) == PICTURE


@pytest.mark.usefixtures("other_is_private")
def test_a_name_that_changes_its_mind_is_asked_once(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that was vetted is the one connected to; a second look-up could lead elsewhere."""
    public = serve({"/": whole()})
    asked = []
    real = socket.getaddrinfo

    def rebind(host: str, *args: object, **options: object) -> object:
        if host != "rebind.example":
            return real(host, *args, **options)
        asked.append(host)
        return real("127.0.0.1" if len(asked) == 1 else "127.0.0.2", *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    url = f"http://rebind.example:{public.port}/"
    assert fetch(url, "x", limits(allow_private_hosts=False)) == PICTURE
    assert asked == ["rebind.example"]
    assert f"Host: rebind.example:{public.port}" in public.requests[0]
    with pytest.raises(UnreadableImage, match=r"'rebind\.example' leads to 127\.0\.0\.2"):
        fetch(url, "x", limits(allow_private_hosts=False))


def test_the_next_address_is_tried_where_one_refuses(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names often have several, and some of them are down."""
    server = serve({"/": whole()})
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("127.0.0.3", "127.0.0.1")]
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *args, **kw: both if host == "two.example" else real(host, *args, **kw)
    )
    assert fetch(f"http://two.example:{server.port}/", "x", limits()) == PICTURE


def patient(answers: int, connections: list[socket.socket]) -> Answer:
    """Answer so many requests on each connection, and close it with the next one."""

    def answer(connection: socket.socket, _: str) -> None:
        connections.append(connection)
        connection.sendall(whole())
        for _ in range(answers - 1):
            if not connection.recv(65536):
                return
            connection.sendall(whole())
        connection.recv(65536)

    return answer


def test_a_connection_serves_the_next_picture(serve: Callable[..., Server]) -> None:
    """From the same host; opening one takes longer than a small picture."""
    connections = []
    server = serve({"/": patient(100, connections)})
    assert [fetch(server.url, "x", limits()) for _ in range(10)] == [PICTURE] * 10
    assert len(connections) == 1


def test_a_connection_that_was_closed_meanwhile_is_replaced(serve: Callable[..., Server]) -> None:
    """Whether that shows before the next request or only by it; no row suffers."""
    connections = []
    server = serve({"/": patient(2, connections), "/once": whole()})
    assert [fetch(server.url, "x", limits()) for _ in range(9)] == [PICTURE] * 9
    assert len(connections) == 5
    assert [fetch(server.url + "/once", "x", limits()) for _ in range(5)] == [PICTURE] * 5


def test_what_a_server_says_unasked_is_never_the_next_picture(serve: Callable[..., Server]) -> None:
    """Whatever comes behind an answer, with it or later, ends the connection."""
    chunked = head("Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(PICTURE), PICTURE)
    other, half = whole(b"other"), whole(b"other")[:20]

    def later(connection: socket.socket, _: str) -> None:
        connection.sendall(whole())
        time.sleep(0.05)
        connection.sendall(other)
        connection.recv(65536)

    for answer in (whole() + other, chunked + other, chunked * 2, whole() + half, whole() + b"x"):
        server = serve({"/": lambda connection, _, answer=answer: (connection.sendall(answer), connection.recv(65536))})
        assert [fetch(server.url, "x", limits()) for _ in range(4)] == [PICTURE] * 4
    server = serve({"/": later})
    for _ in range(3):
        assert fetch(server.url, "x", limits()) == PICTURE
        time.sleep(0.1)


def test_a_kept_connection_to_a_private_host_is_of_no_use_once_it_is_forbidden(serve: Callable[..., Server]) -> None:
    """What was allowed in one call is not in the next."""
    server = serve({"/": patient(9, [])})
    assert fetch(server.url, "x", limits()) == PICTURE
    with pytest.raises(UnreadableImage, match="not a public address"):
        fetch(server.url, "x", limits(allow_private_hosts=False))


def test_a_port_where_nobody_listens() -> None:
    """Is a fault of the row."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UnreadableImage, match=r"cannot be fetched .no connection: Connection refused"):
        fetch(f"http://127.0.0.1:{port}/", "x", limits())


def drip(first: bytes, rest: bytes) -> Answer:
    """Send bytes one by one, without end."""

    def answer(connection: socket.socket, _: str) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(rest)
            time.sleep(0.02)

    return answer


def silent(connection: socket.socket, _: str) -> None:
    connection.recv(1)


@pytest.mark.parametrize(
    "answer",
    [
        silent,
        drip(b"HTTP/1.1 200 OK\r\nX: ", b"y"),
        drip(head("Content-Length: 1000000"), b"y"),
        drip(head("Transfer-Encoding: chunked"), b"1\r\ny\r\n"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silent", "headers", "body", "chunks", "continue"],
)
def test_slow_servers_end_at_the_deadline(serve: Callable[..., Server], answer: Answer) -> None:
    """One deadline for all: drops of bytes do not prolong it. A fault would come after 60 s, or never."""
    url = serve({"/": answer}).url
    with pytest.raises(UnreadableImage, match=r"not fetched within 0\.3 s; try again, or allow more with vk.use"):
        fetch(url, "x", limits(download_timeout_s=0.3))


def flood(connection: socket.socket, _: str) -> None:
    connection.sendall(head("Content-Type: image/jpeg"))
    while True:
        connection.sendall(b"\xff" * 65536)


def test_endless_downloads_end_at_the_limit(serve: Callable[..., Server]) -> None:
    """Whether the length is said before, wrongly, or not at all."""
    server = serve({"/": flood, "/said": head("Content-Length: 99999999999999")})
    for path in ("/", "/said"):
        with pytest.raises(ImageTooLarge, match="more than the 1,000,000 that largest_download_bytes allows"):
            fetch(server.url + path, "x", limits(largest_download_bytes=1_000_000))


def test_interim_answers_without_end_are_cut_off(serve: Callable[..., Server]) -> None:
    """They are counted, also where no deadline ends them."""
    url = serve({"/": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)}).url
    with pytest.raises(UnreadableImage, match=r"cannot be fetched .the connection was lost"):
        fetch(url, "x", limits(download_timeout_s=None))


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that this process trusts."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return ca


def tls_of(ca: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(context)
    return context


def test_https_needs_the_right_name_and_a_trusted_issuer(
    serve: Callable[..., Server], authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name in the certificate is that of the URL, although an address was connected to."""
    right = serve({"/": whole()}, context=tls_of(authority, "pictures.example"))
    stranger = serve({"/": whole()}, context=tls_of(trustme.CA(), "pictures.example"))
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *args, **kw: real("127.0.0.1" if "." in host else host, *args, **kw)
    )
    assert fetch(f"https://pictures.example:{right.port}/", "x", limits()) == PICTURE
    with pytest.raises(UnreadableImage, match=r"no connection: .*Hostname mismatch"):
        fetch(f"https://others.example:{right.port}/", "x", limits())
    with pytest.raises(UnreadableImage, match=r"no connection: .*(self-signed certificate|unable to get local issuer)"):
        fetch(f"https://pictures.example:{stranger.port}/", "x", limits())


def test_certificates_that_are_not_there_are_a_setting_to_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a fault of each row."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(BadSetting, match=r"SSL_CERT_FILE='/nowhere/ca\.pem': no certificates can be read"):
        fetch("https://127.0.0.1:9/", "x", limits())


def test_tls_that_never_shakes_hands(serve: Callable[..., Server]) -> None:
    """Ends at the deadline, too."""
    url = serve({"/": whole()}).url.replace("http:", "https:")
    with pytest.raises(UnreadableImage, match=r"not fetched within 0\.3 s"):
        fetch(url, "x", limits(download_timeout_s=0.3))


def test_many_threads_download_at_once(serve: Callable[..., Server]) -> None:
    """Each row on its own connection, faults beside pictures."""
    server = serve({"/good": whole(), "/bad": head("Content-Length: 0", status="500 No")})
    results = []

    def work(path: str) -> None:
        try:
            results.append((path, decode(normalize(refer(server.url + path), 100, limits=limits())).size))
        except RunError as fault:
            results.append((path, type(fault).__name__))

    threads = [threading.Thread(target=work, args=(path,)) for path in ["/good", "/bad"] * 12]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == sorted(map(str, [("/good", (80, 60)), ("/bad", "UnreadableImage")] * 12))


def test_only_hosts_that_are_named_are_asked(serve: Callable[..., Server]) -> None:
    """Also where one of them redirects."""
    second = serve({"/": whole()}, address="127.0.0.2")
    first = serve({"/": head(f"Location: {second.url}/", status="302 Found"), "/own": whole()})
    assert fetch(first.url + "/own", "x", limits(), hosts={"127.0.0.1"}) == PICTURE
    for url in (first.url, second.url, "http://localhost:1/"):
        with pytest.raises(UnreadableImage, match=r"x: pictures are fetched only from 127\.0\.0\.1"):
            fetch(url, "x", limits(), hosts={"127.0.0.1"})
    assert second.requests == []
