"""Pictures from the web: one GET, a few redirects, every hop vetted, everything bounded."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import urllib.parse
from collections.abc import Iterator
from functools import cache

import certifi

from vlmkit.errors import ImageTooLarge, UnreadableImage
from vlmkit.sources.addresses import vetted
from vlmkit.sources.connections import Idle
from vlmkit.sources.deadlines import Deadline, Readable
from vlmkit.sources.limits import Limits
from vlmkit.sources.urls import check_media_type

__all__ = ["MOST_REDIRECTS", "fetch"]

MOST_REDIRECTS = 5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
_BLOCK = 64 * 1024
# A bare library name is turned away by some hosts; an encoding would only be undone again, past the limit.
_HEADERS = {
    "User-Agent": "vlmkit (reads images)",
    "Accept": "image/*, application/octet-stream;q=0.5",
    "Accept-Encoding": "identity",
}
# What using a connection raises that was closed while it lay idle.
_GONE = (ConnectionResetError, BrokenPipeError, ConnectionAbortedError, ssl.SSLEOFError, ssl.SSLZeroReturnError)

_idle = Idle()


def fetch(url: str, label: str, limits: Limits) -> bytes:
    """Download a picture's bytes.

    No proxy is used: behind one, the address could not be vetted.

    Parameters
    ----------
    url : str
        Of http or https.
    label : str
        What messages call the picture.
    limits : Limits

    Raises
    ------
    UnreadableImage
        The URL, its host, its redirects, its status or its content are not what they should be, or it took too long.
    ImageTooLarge
        More than `Limits.largest_download_bytes`.
    """
    deadline = Deadline(limits.download_timeout_s, label)
    try:
        for _ in range(MOST_REDIRECTS + 1):
            found = _get(url, label, limits, deadline)
            if isinstance(found, bytes):
                return found
            url = found
    except TimeoutError as error:
        raise deadline.passed() from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        reason = _printable(f"{type(error).__name__}: {error}".rstrip(": "))
        raise UnreadableImage(f"{label}: cannot be fetched ({reason}); check the URL, or try again.") from error
    raise UnreadableImage(f"{label}: more than {MOST_REDIRECTS} redirects; give the URL of the picture itself.")


def _get(url: str, label: str, limits: Limits, deadline: Deadline) -> bytes | str:
    """Body of an answer, or the URL it redirects to."""
    parts = _parts(url, label)
    host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
    place = (parts.scheme, host, port, limits.allow_private_hosts)
    if (kept := _idle.take(place)) is not None:
        with contextlib.suppress(*_GONE):
            return _exchange(kept, place, url, label, limits, deadline)
    addresses = vetted(host, port, label, allow_private=limits.allow_private_hosts)
    sock = _connected(addresses, port, deadline)
    if parts.scheme == "https":
        with _closed_on_error(sock):
            sock.settimeout(deadline.left_s())
            sock = _tls().wrap_socket(sock, server_hostname=host)
    return _exchange(sock, place, url, label, limits, deadline)


def _exchange(
    sock: socket.socket, place: tuple[object, ...], url: str, label: str, limits: Limits, deadline: Deadline
) -> bytes | str:
    """Ask once over an open connection, which is kept where the answer ended as it should, and closed otherwise."""
    with _closed_on_error(sock):
        sock.settimeout(deadline.left_s())
        sock.sendall(_request(urllib.parse.urlsplit(url)))
        response = http.client.HTTPResponse(Readable(sock, deadline), method="GET")  # type: ignore[arg-type]
        with response:
            response.begin()
            if response.status in _REDIRECTS and (target := response.getheader("Location")):
                sock.close()
                return urllib.parse.urljoin(url, target)
            body = _body(response, label, limits)
            keeps = not response.will_close
    if keeps:
        _idle.give(place, sock)
    else:
        sock.close()
    return body


@contextlib.contextmanager
def _closed_on_error(sock: socket.socket) -> Iterator[None]:
    try:
        yield
    except BaseException:
        sock.close()
        raise


def _parts(url: str, label: str) -> urllib.parse.SplitResult:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in _PORTS:
        raise UnreadableImage(f"{label}: leads to a URL of kind {parts.scheme!r}; only http and https are fetched.")
    if not parts.hostname:
        raise UnreadableImage(f"{label}: a URL without a host; check it.")
    if parts.username is not None:
        raise UnreadableImage(f"{label}: a URL with a user name in it is not fetched; download the picture yourself.")
    return parts


def _connected(addresses: list[str], port: int, deadline: Deadline) -> socket.socket:
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), timeout=deadline.left_s())
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), timeout=deadline.left_s())


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # not every system's Python finds the system's certificates
    return context


def _request(parts: urllib.parse.SplitResult) -> bytes:
    target = urllib.parse.quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + urllib.parse.quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
    host = str(parts.hostname).encode("idna").decode() if not str(parts.hostname).isascii() else str(parts.hostname)
    host = f"[{host}]" if ":" in host else host
    host = f"{host}:{parts.port}" if parts.port else host
    lines = [f"GET {target} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in _HEADERS.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def _body(response: http.client.HTTPResponse, label: str, limits: Limits) -> bytes:
    if response.status != http.HTTPStatus.OK:
        answer = f"{response.status} {_printable(response.reason)}".strip()
        raise UnreadableImage(f"{label}: the server answered {answer}; check the URL and whether it needs a login.")
    check_media_type((response.getheader("Content-Type") or "").partition(";")[0].strip().lower(), label)
    encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    if encoding != "identity":
        raise UnreadableImage(f"{label}: sent compressed ({_printable(encoding)}), unasked; download it yourself.")
    most = limits.largest_download_bytes
    expected = response.length
    _check_length(expected or 0, most, label)
    blocks, size = [], 0
    while block := response.read(_BLOCK):
        size += len(block)
        _check_length(size, most, label)
        blocks.append(block)
    if expected is not None and size < expected:
        raise UnreadableImage(f"{label}: the connection ended after {size:,} of {expected:,} bytes; try again.")
    return b"".join(blocks)


def _check_length(size_bytes: int, most: int, label: str) -> None:
    if size_bytes > most:
        allowed = f"the {most:,} that largest_download_bytes allows"
        advice = "allow more with vk.use(largest_download_bytes=…)."
        raise ImageTooLarge(f"{label}: {size_bytes:,} bytes or more to download, more than {allowed}; {advice}")


def _printable(text: str) -> str:
    return "".join(letter for letter in text[:200] if letter.isprintable())
