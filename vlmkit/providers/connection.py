"""An httpx transport to one address whose idle connections lie on a stack, and are dropped where anything is odd.

The only module of this room that imports httpx. An `httpx.AsyncClient` looks at redirects, cookies and authorization,
and its pool goes through all its connections for each request: together that is as dear as the request, and no model
asks for it. So the transport is asked without a client, and has a stack instead of a pool.
"""

from __future__ import annotations

import functools
import os
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import httpcore

from vlmkit.errors import BackendError, BadSetting, Refused, ServerFault, Unreachable
from vlmkit.providers.sockets import Socket, Sockets, TooMuch

# httpx has a command line, and imports rich, pygments and click for it: most of the time that its import takes. Where
# they are not installed it does without, and so it does here; where it was imported before, nothing changes.
_COMMAND_LINE = "httpx._main"
_is_first = sys.modules.setdefault(_COMMAND_LINE, cast("ModuleType", None)) is None
import httpx  # noqa: E402

if _is_first:
    del sys.modules[_COMMAND_LINE]

__all__ = ["TRANSLATION", "Connections", "tls_context", "translation_of"]

_CONNECT_S = 10.0
_MOST_IDLE = 64
_STALE_S = 2.0  # idle for less, a connection that ends was closed because of the request

_NO_CONNECTION = (Unreachable, "no connection. Start the server, or correct the address", True)
_NO_PROXY = (Unreachable, "the proxy of this machine refused; see HTTP_PROXY, HTTPS_PROXY and NO_PROXY. It said", True)
_LOST = (Unreachable, "the connection was lost before the answer was complete. Try again; see the server's log", True)
_NOT_HTTP = (Unreachable, "what came back is not HTTP. Check the address and its port; see the server's log", False)
_TOO_MUCH = (ServerFault, "more came than any answer has. Check the address; see the server's log", True)
_AGAINST_RULES = (Refused, "the request breaks HTTP's rules. Look at the address and the key", False)

TRANSLATION: dict[type[Exception], tuple[type[BackendError], str, bool]] = {
    httpcore.ConnectError: _NO_CONNECTION,
    httpcore.ConnectTimeout: _NO_CONNECTION,
    httpcore.ProxyError: _NO_PROXY,
    httpcore.NetworkError: _LOST,
    httpcore.TimeoutException: _LOST,
    httpcore.LocalProtocolError: _AGAINST_RULES,
    httpcore.ProtocolError: _NOT_HTTP,
    httpx.TransportError: _NOT_HTTP,
    TooMuch: _TOO_MUCH,
}
"""Every exception of the libraries below: what it becomes, in which words, and whether its own are worth adding.

The nearest class counts. Words about what a server or a person wrote may quote a key, and are left out.
"""


def translation_of(error: Exception) -> tuple[type[BackendError], str, bool] | None:
    """Row of `TRANSLATION` for an error of a connection; None for one that is no such error."""
    return next((TRANSLATION[kind] for kind in type(error).__mro__ if kind in TRANSLATION), None)


class Connections(httpx.AsyncBaseTransport):
    """Connections to one address: one for each request in flight, the latest idle one first.

    Used from the thread of its loop.

    Parameters
    ----------
    headers : list of (str, str)
        Sent with every request.
    tls : SSLContext or None
        None speaks no TLS.
    proxy : str or None
        Address of the proxy, perhaps with a user and password.
    most_bytes : int
        More than so many bytes of a body are an error.
    """

    def __init__(
        self, headers: list[tuple[str, str]], *, tls: ssl.SSLContext | None, proxy: str | None, most_bytes: int
    ) -> None:
        self._headers = [(name.encode("ascii"), value.encode("latin-1", "replace")) for name, value in headers]
        self._make = functools.partial(_pool, tls, proxy)
        self._most_bytes = 2 * most_bytes  # framing of small pieces is more than they are
        self._idle: list[_Line] = []
        self._open: set[_Line] = set()
        self._is_closed = False

    async def send(self, method: str, url: str, body: bytes) -> httpx.Response:
        """Ask; the beginning of the answer, which is to be closed.

        Parameters
        ----------
        method : str
        url : str
        body : bytes
            JSON, or empty.

        Raises
        ------
        httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException
            No answer came. `TRANSLATION` has each.
        """
        target, host = _target(url)
        headers = [(b"Host", host), *self._headers]
        if body:
            headers += [(b"Content-Type", b"application/json"), (b"Content-Length", b"%d" % len(body))]
        stream, extensions = httpx.ByteStream(body), {"timeout": {"connect": _CONNECT_S}}
        request = httpx.Request(method, target, headers=headers, stream=stream, extensions=extensions)
        return await self.handle_async_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask over an idle connection or a new one; once more where the idle one was closed meanwhile.

        Raises
        ------
        httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException
            As `send`.
        """
        url = request.url
        place = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        asked = httpcore.Request(
            request.method,
            place,
            headers=request.headers.raw,
            content=cast("httpx.AsyncByteStream", request.stream),
            extensions=request.extensions,
        )
        line = self._taken(place.origin)
        try:
            return await self._exchange(line, asked)
        except httpcore.NetworkError:
            if not line.is_stale:
                raise
        return await self._exchange(self._new(place.origin), asked)

    def abort(self) -> None:
        """Close all of them, also those in use, and those that come."""
        self._is_closed = True
        for line in self._open:
            line.abort()

    async def _exchange(self, line: _Line, asked: httpcore.Request) -> httpx.Response:
        line.begin()
        try:
            answer = await line.http.handle_async_request(asked)
        except BaseException as error:
            self._drop(line)
            line.tell(error)
            raise
        socket = cast("Socket", line.socket)
        socket.most_bytes = socket.received_bytes + self._most_bytes
        if self._is_closed:
            socket.abort()
        body = _Body(answer, line, self._give_back)
        return httpx.Response(answer.status, headers=answer.headers, stream=body)

    def _taken(self, origin: httpcore.Origin) -> _Line:
        while self._idle:
            line = self._idle.pop()
            if line.is_clean:
                return line
            self._drop(line)
        return self._new(origin)

    def _new(self, origin: httpcore.Origin) -> _Line:
        line = _Line(self._make, origin)
        self._open.add(line)
        return line

    def _give_back(self, line: _Line) -> None:
        if not line.is_clean or self._is_closed or len(self._idle) >= _MOST_IDLE:
            self._drop(line)
            return
        line.rest()
        self._idle.append(line)

    def _drop(self, line: _Line) -> None:
        self._open.discard(line)
        line.abort()


class _Line:
    """One connection: httpcore speaks HTTP over the socket that is made for it."""

    def __init__(self, make: Callable[[Sockets], httpcore.AsyncConnectionPool], origin: httpcore.Origin) -> None:
        self.sockets = Sockets()
        self.http = make(self.sockets).create_connection(origin)
        self._idle_since_s: float | None = None
        self._was_idle_s = 0.0

    @property
    def socket(self) -> Socket | None:
        return self.sockets.socket

    @property
    def is_stale(self) -> bool:
        """Whether it was closed while it lay idle, and the next request met that: no byte of an answer came."""
        socket = self.socket
        return self._was_idle_s >= _STALE_S and socket is not None and socket.has_ended and not socket.received_bytes

    @property
    def is_clean(self) -> bool:
        """Whether another request may be sent over it."""
        socket = self.socket
        return socket is not None and socket.is_clean and self.http.is_idle() and not _has_surplus(self.http)

    def begin(self) -> None:
        """Expect an answer."""
        if self.socket is not None:
            self._was_idle_s = time.monotonic() - self._idle_since_s if self._idle_since_s is not None else 0.0
            self.socket.begin()

    def rest(self) -> None:
        """Expect none."""
        self._idle_since_s = time.monotonic()
        if self.socket is not None:
            self.socket.finish()

    def abort(self) -> None:
        """Close it at once."""
        if self.socket is not None:
            self.socket.abort()

    def tell(self, error: BaseException) -> None:
        """An answer that was cut off is no answer in another language."""
        is_cut_off = self.socket is not None and self.socket.was_read_to_end
        if is_cut_off and isinstance(error, httpcore.RemoteProtocolError):
            raise httpcore.ReadError("closed by the server") from error


class _Body(httpx.AsyncByteStream):
    """What comes behind a head; once it is closed, its connection can take another request."""

    def __init__(self, answer: httpcore.Response, line: _Line, give_back: Callable[[_Line], None]) -> None:
        self._answer, self._line, self._give_back = answer, line, give_back
        self._is_closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in cast("AsyncIterator[bytes]", self._answer.stream):
                yield part
        except httpcore.RemoteProtocolError as error:
            self._line.tell(error)
            raise

    async def aclose(self) -> None:
        """Read no more; a body that was not read to its end closes the connection."""
        if not self._is_closed:
            self._is_closed = True
            await self._answer.aclose()
            self._give_back(self._line)


def tls_context(*, ca_file: str | None = None, verify: bool = True) -> ssl.SSLContext:
    """Which certificates are trusted: those that Python trusts, or the file in ``SSL_CERT_FILE``, and one more file.

    Parameters
    ----------
    ca_file : str or None, default None
        PEM file of certificates that are trusted, too.
    verify : bool, default True
        False trusts whoever answers.

    Raises
    ------
    BadSetting
        A file is not there, or has no certificates in it.
    """
    return _tls_context(ca_file, verify, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@functools.cache
def _tls_context(ca_file: str | None, verify: bool, *variables: str | None) -> ssl.SSLContext:
    # Reading the certificates takes longer than a request; connections may share them.
    try:
        context = httpx.create_ssl_context(verify=verify)
        if verify:
            context.load_default_certs()
    except OSError as error:
        raise BadSetting(f"SSL_CERT_FILE={variables[0]!r}: no certificates can be read there ({error}).") from error
    try:
        if ca_file is not None:
            context.load_verify_locations(Path(ca_file).expanduser())
    except OSError as error:
        message = f"ca_file={ca_file!r}: no certificates can be read there ({error}). Give a PEM file."
        raise BadSetting(message) from error
    return context


def _pool(tls: ssl.SSLContext | None, proxy: str | None, sockets: Sockets) -> httpcore.AsyncConnectionPool:
    """Of httpcore, which makes one connection."""
    if proxy is None:
        return httpcore.AsyncConnectionPool(ssl_context=tls, network_backend=sockets)
    way = httpx.Proxy(proxy)
    return httpcore.AsyncHTTPProxy(
        str(way.url),
        proxy_auth=way.raw_auth,
        ssl_context=tls,
        proxy_ssl_context=tls if way.url.scheme == "https" else None,
        network_backend=sockets,
    )


@functools.lru_cache(maxsize=256)
def _target(url: str) -> tuple[httpx.URL, bytes]:
    """An address taken apart, and its host as a header names it."""
    target = httpx.URL(url)
    return target, target.netloc


def _has_surplus(http: Any) -> bool:
    """Whether bytes came behind an answer, which httpcore keeps and would read as the next one.

    It shows them nowhere. Where they cannot be found, as in an httpcore to come, there could be some: connections are
    not used again then, which costs time and no answers.
    """
    while not hasattr(http, "_h11_state"):
        if (http := getattr(http, "_connection", None)) is None:
            return True
    surplus, _ = http._h11_state.trailing_data  # noqa: SLF001  as above
    return bool(surplus)
