"""Pictures from the web: one GET by httpx, a few redirects, every hop vetted, everything bounded."""

from __future__ import annotations

import atexit
import functools
import os
import ssl
import urllib.parse
from collections.abc import Collection, Iterator
from http import HTTPStatus
from typing import cast

import httpcore
import httpx

from vlmkit.errors import BadSetting, ImageTooLarge, UnreadableImage
from vlmkit.sources.connections import NOW, Deadline, Download, Vetted
from vlmkit.sources.limits import Limits
from vlmkit.sources.urls import check_media_type

__all__ = ["MOST_REDIRECTS", "close", "fetch"]

MOST_REDIRECTS = 5

_LONGEST_IDLE_S = 10.0
_MOST_IDLE = 32
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# A bare library name is turned away by some hosts; an encoding would only be undone again, past the limit.
_HEADERS = {
    "User-Agent": "vlmkit (reads images)",
    "Accept": "image/*, application/octet-stream;q=0.5",
    "Accept-Encoding": "identity",
}
# In our words: the libraries' own may quote an address with a key in it.
_REASONS: dict[type[Exception], str] = {
    httpcore.ConnectError: "no connection",
    httpcore.NetworkError: "the connection was lost",
    httpcore.ProtocolError: "what came is not HTTP",
    httpx.InvalidURL: "it is not a URL",
    UnicodeError: "it is not a URL",
    ValueError: "it is not a URL",
}


def fetch(url: str, label: str, limits: Limits, *, hosts: Collection[str] | None = None) -> bytes:
    """Download a picture's bytes.

    No proxy is used: behind one, the address could not be vetted.

    Parameters
    ----------
    url : str
        Of http or https.
    label : str
        What messages call the picture.
    limits : Limits
    hosts : collection of str or None, default None
        The only ones that are asked, in lower case, also where they redirect; None is any.

    Raises
    ------
    UnreadableImage
        The URL, its host, its redirects, its status or its content are not what they should be, or it took too long.
    ImageTooLarge
        More than `Limits.largest_download_bytes`.
    BadSetting
        ``SSL_CERT_FILE`` names no certificates.
    """
    download = Download(label, Deadline(limits.download_timeout_s, label))
    token = NOW.set(download)
    try:
        return _followed(url, download, limits, hosts)
    except httpcore.TimeoutException as error:
        raise download.deadline.passed() from error
    except BadSetting:
        raise
    except tuple(_REASONS) as error:
        has_ended = download.has_ended and isinstance(error, httpcore.RemoteProtocolError)
        kinds = (httpcore.NetworkError,) if has_ended else type(error).__mro__
        reason = next(_REASONS[kind] for kind in kinds if kind in _REASONS)
        cause = _system_error(error)
        words = f"{reason}: {_printable(str(cause.strerror or cause))}" if cause else reason
        raise UnreadableImage(f"{label}: cannot be fetched ({words}); check the URL, or try again.") from cause
    finally:
        NOW.reset(token)


def close() -> None:
    """Let go of the connections that are kept for the next picture from the same host."""
    for client in _clients.values():
        client.close()
    _clients.clear()


def _followed(url: str, download: Download, limits: Limits, hosts: Collection[str] | None) -> bytes:
    for _ in range(MOST_REDIRECTS + 1):
        _check(url, download.label, hosts)
        request = httpx.Request("GET", url, headers=_HEADERS)
        response = _client(request.url.scheme, limits).send(request, stream=True)
        try:
            if download.target is None:
                return _body(response, download, limits)
            url = urllib.parse.urljoin(url, download.target)
        finally:
            response.close()
    raise UnreadableImage(
        f"{download.label}: more than {MOST_REDIRECTS} redirects; give the URL of the picture itself."
    )


def _check(url: str, label: str, hosts: Collection[str] | None) -> None:
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise UnreadableImage(f"{label}: leads to a URL of kind {parts.scheme!r}; only http and https are fetched.")
    if not parts.hostname:
        raise UnreadableImage(f"{label}: a URL without a host; check it.")
    if hosts is not None and parts.hostname not in hosts:
        allowed = f"only from {', '.join(sorted(hosts))}" if hosts else "from nowhere"
        raise UnreadableImage(f"{label}: pictures are fetched {allowed}; send the picture itself.")
    if parts.username is not None:
        raise UnreadableImage(f"{label}: a URL with a user name in it is not fetched; download the picture yourself.")


def _body(response: httpx.Response, download: Download, limits: Limits) -> bytes:
    label, most = download.label, limits.largest_download_bytes
    if response.status_code != HTTPStatus.OK:
        answer = f"{response.status_code} {_printable(response.reason_phrase)}".strip()
        raise UnreadableImage(f"{label}: the server answered {answer}; check the URL and whether it needs a login.")
    check_media_type(response.headers.get("Content-Type", "").partition(";")[0].strip().lower(), label)
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding != "identity":
        raise UnreadableImage(f"{label}: sent compressed ({_printable(encoding)}), unasked; download it yourself.")
    expected = int(response.headers.get("Content-Length", "0"))
    _check_length(expected, most, label)
    download.most_bytes = download.received_bytes + 2 * most  # chunks have a frame
    blocks, size = [], 0
    try:
        for block in response.iter_raw():
            size += len(block)
            _check_length(size, most, label)
            blocks.append(block)
    except httpcore.RemoteProtocolError:
        if size >= expected:
            raise
        message = f"{label}: the connection ended after {size:,} of {expected:,} bytes; try again."
        raise UnreadableImage(message) from None
    return b"".join(blocks)


def _check_length(size_bytes: int, most: int, label: str) -> None:
    if size_bytes > most:
        allowed = f"the {most:,} that largest_download_bytes allows"
        advice = "allow more with vk.use(largest_download_bytes=…)."
        raise ImageTooLarge(f"{label}: {size_bytes:,} bytes or more to download, more than {allowed}; {advice}")


class _Transport(httpx.BaseTransport):
    """httpcore's connections under an httpx client, with the addresses vetted: httpx itself takes no backend."""

    def __init__(self, tls: ssl.SSLContext | None, *, allow_private: bool) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls,
            max_connections=None,
            max_keepalive_connections=_MOST_IDLE,
            keepalive_expiry=_LONGEST_IDLE_S,
            network_backend=Vetted(allow_private=allow_private),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        place = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        download = NOW.get()
        response = self._asked(httpcore.Request(request.method, place, headers=request.headers.raw), download)
        headers = httpx.Headers(response.headers)
        # httpx would look at where it leads, and raise before it is vetted here.
        target = headers.pop("Location", "")
        download.target = target if target and response.status in _REDIRECTS else None
        return httpx.Response(response.status, headers=headers, stream=_Body(response), extensions=response.extensions)

    def close(self) -> None:
        self._pool.close()

    def _asked(self, request: httpcore.Request, download: Download) -> httpcore.Response:
        """An answer; over another connection where a kept one was closed, or had an answer that nobody asked for."""
        while True:
            download.begin()
            try:
                response = self._pool.handle_request(request)
            except (httpcore.NetworkError, httpcore.RemoteProtocolError):
                if download.connects:
                    raise
                continue
            if download.received_bytes:
                return response
            response.close()  # it came with the answer before, and is none to this


class _Body(httpx.SyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        yield from cast("Iterator[bytes]", self._response.stream)

    def close(self) -> None:
        self._response.close()


_clients: dict[tuple[object, ...], httpx.Client] = {}
atexit.register(close)


def _client(scheme: str, limits: Limits) -> httpx.Client:
    """With connections of its own for each process, each permission and each choice of certificates."""
    tls = _tls(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")) if scheme == "https" else None
    key = (os.getpid(), limits.allow_private_hosts, tls)
    if key not in _clients:
        transport = _Transport(tls, allow_private=limits.allow_private_hosts)
        _clients.setdefault(key, httpx.Client(transport=transport, timeout=None, trust_env=False))  # noqa: S113  `Deadline`
    return _clients[key]


@functools.cache
def _tls(*variables: str | None) -> ssl.SSLContext:
    try:
        context = httpx.create_ssl_context()
    except OSError as error:
        raise BadSetting(f"SSL_CERT_FILE={variables[0]!r}: no certificates can be read there ({error}).") from error
    context.load_default_certs()
    return context


def _system_error(error: BaseException | None) -> OSError | None:
    """What the system said, below the libraries' exceptions."""
    while error is not None and not isinstance(error, OSError):
        error = error.__cause__ or error.__context__
    return error


def _printable(text: str) -> str:
    return "".join(letter for letter in text[:200] if letter.isprintable())
