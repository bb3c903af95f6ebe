"""Connections of httpx's own transport, httpcore, to one address: kept while nothing is odd about them.

The only module of this room that imports httpx, and only once TLS, a proxy or an unusual address needs it. An
`httpx.AsyncClient` looks at redirects, cookies and authorization, and its pool goes through all its connections for
each request: together that is as dear as the request, and no model asks for it. So each connection is asked by itself,
and idle ones stand in a line.
"""

from __future__ import annotations

import asyncio
import functools
import os
import re
import ssl
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import httpcore

from vlmkit.errors import BackendError, BadSetting, Refused, ServerFault, Unreachable
from vlmkit.providers.exchange import AnswerStream, HttpConnection, RequestHead
from vlmkit.providers.secret import Secret
from vlmkit.providers.sockets import Conduct, Sockets, TooEarly, TooMuch

__all__ = ["TRANSLATION", "ConnectionPool", "Response", "tls_context", "translation_of"]

_COMMAND_LINE = "httpx._main"
_PLAIN = re.compile(r"http://([a-z0-9.-]+):(\d+)((?:/[\w:@~-][\w.:@~-]*)*)(\?[\w=&.-]*)?", re.ASCII)
_CONNECT_S = 10.0
_MOST_IDLE = 64
_STALE_S = 2.0  # idle for less, a connection that ends was closed because of the request
_WATCHED_ANSWERS = 8  # a server that sends answers twice does so from the first one on
_WATCHED_S = 0.02

_NO_CONNECTION = (Unreachable, "no connection. Start the server, or correct the address", True)
_NO_PROXY = (Unreachable, "the proxy of this machine refused; see HTTP_PROXY, HTTPS_PROXY and NO_PROXY. It said", True)
_LOST = (Unreachable, "the connection was lost before the answer was complete. Try again; see the server's log", True)
_NOT_HTTP = (Unreachable, "what came back is not HTTP. Check the address and its port; see the server's log", False)
_TOO_EARLY = (Unreachable, "it spoke, or hung up, before it was asked. Check the address and its port", True)
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
    TooEarly: _TOO_EARLY,
    TooMuch: _TOO_MUCH,
}
"""Every exception of httpcore: what it becomes, in which words, and whether its own are worth adding.

The nearest class counts. Words about what a server or a person wrote may quote a key, and are left out.
"""


def translation_of(error: Exception) -> tuple[type[BackendError], str, bool] | None:
    """Row of `TRANSLATION` for an error of a connection; None for one that is no such error."""
    kinds = type(error).__mro__
    found = next((TRANSLATION[kind] for kind in kinds if kind in TRANSLATION), None)
    if found is None and "httpx.TransportError" in {f"{kind.__module__}.{kind.__name__}" for kind in kinds}:
        return _NOT_HTTP  # known by its name, as httpx is imported only where something needs it
    return found


class ConnectionPool:
    """Connections to one address: one for each request in flight, the longest idle one first.

    HTTP/1.1 does not say which question an answer is for. So what comes over an idle connection closes it; a server
    that once sent what nobody had asked for gets a new connection for every request; and the first answers of an
    address are followed by a moment in which their connection must keep silent. Used from the thread of its loop.

    Parameters
    ----------
    headers : list of (str, str)
        Sent with every request.
    tls : SSLContext or None
        None speaks no TLS.
    proxy : str or None
        Address of the proxy, perhaps with a user and password.
    """

    def __init__(self, headers: list[tuple[str, str]], *, tls: ssl.SSLContext | None, proxy: str | None) -> None:
        self._headers = Secret([(name.encode("ascii"), value.encode("latin-1", "replace")) for name, value in headers])
        self._tls, self._proxy = tls, Secret(proxy)
        self._heads: dict[tuple[str, str, bool], RequestHead] = {}
        self._conduct = Conduct()
        self._idle: deque[_Line] = deque()
        self._open: set[_Line] = set()
        self._unwatched = _WATCHED_ANSWERS
        self._is_closed = False

    async def send(self, method: str, url: str, body: bytes, most_bytes: int) -> Response:
        """Ask; the beginning of the answer, which is to be closed.

        Over an idle connection or a new one; once more where the idle one was closed meanwhile.

        Parameters
        ----------
        method : str
        url : str
        body : bytes
            JSON, or empty.
        most_bytes : int
            More than so many bytes of a body are an error.

        Raises
        ------
        httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException
            No answer came. `TRANSLATION` has each.
        """
        head = self._head_of(method, url, has_body=bool(body))
        line = self._taken()
        try:
            return await self._exchange(line, head, body, most_bytes)
        except httpcore.NetworkError as error:
            if not (line.is_stale or (line.answers and isinstance(error, TooEarly))):
                raise
        return await self._exchange(self._new(), head, body, most_bytes)

    def abort(self) -> None:
        """Close all of them, also those in use, and those that come."""
        self._is_closed = True
        for line in self._open:
            line.abort()

    def _head_of(self, method: str, url: str, *, has_body: bool) -> RequestHead:
        """Everything of a request but its body; kept, as an address has few paths."""
        head = self._heads.get((method, url, has_body))
        if head is None:
            target, host = _target(url)
            kind = [(b"Content-Type", b"application/json")] if has_body else []
            head = RequestHead(method, target, [(b"Host", host), *self._headers.value, *kind])
            self._heads[method, url, has_body] = head
        return head

    async def _exchange(self, line: _Line, head: RequestHead, body: bytes, most_bytes: int) -> Response:
        try:
            answer = await line.ask(head, body)
        except BaseException as error:
            self._drop(line)
            line.tell(error)
            raise
        socket = line.socket
        socket.most_bytes = socket.received_bytes + 2 * most_bytes  # framing of small pieces is more than they are
        socket.most_lines = sys.maxsize
        if self._is_closed:
            socket.abort()
        return Response(answer, line, self._give_back)

    def _taken(self) -> _Line:
        while self._idle:
            line = self._idle.popleft()
            if line.is_clean and not self._conduct.spoke_unasked:
                return line
            self._drop(line)
        return self._new()

    def _new(self) -> _Line:
        line = _Line(self._tls, self._proxy, self._conduct)
        self._open.add(line)
        return line

    def _give_back(self, line: _Line) -> None:
        line.answers += 1
        if line.has_surplus:
            self._conduct.spoke_unasked = True
        if not line.is_clean or self._is_closed or self._conduct.spoke_unasked or len(self._idle) >= _MOST_IDLE:
            self._drop(line)
            return
        line.rest()
        if self._unwatched:
            self._unwatched -= 1
            asyncio.get_running_loop().call_later(_WATCHED_S, self._idle.append, line)
        else:
            self._idle.append(line)

    def _drop(self, line: _Line) -> None:
        self._open.discard(line)
        line.abort()


class _Line:
    """One connection: httpcore speaks HTTP over the socket that is made for it.

    Attributes
    ----------
    answers : int
        How many came over it.
    """

    def __init__(self, tls: ssl.SSLContext | None, proxy: Secret[str | None], conduct: Conduct) -> None:
        self.answers = 0
        self._sockets = Sockets(conduct)
        self.socket = self._sockets.socket
        self._tls, self._proxy = tls, proxy
        self._http: httpcore.AsyncConnectionInterface | None = None
        self._idle_since_s: float | None = None
        self._was_idle_s = 0.0

    @property
    def is_stale(self) -> bool:
        """Whether it was closed while it lay idle, and the next request met that: no byte of an answer came."""
        return self._was_idle_s >= _STALE_S and self.socket.has_ended and not self.socket.received_bytes

    @property
    def is_clean(self) -> bool:
        """Whether another request may be sent over it."""
        return self._http is not None and self._http.is_idle() and self.socket.is_clean

    @property
    def has_surplus(self) -> bool:
        """Whether more came than the answer, which was read to its end."""
        http = self._http
        return http is not None and http.is_idle() and (self.socket.has_unread or _has_surplus(http))

    async def ask(self, head: RequestHead, body: bytes) -> AnswerStream:
        """Send a request, connected first where that was not done yet, and wait for the head of its answer."""
        self._was_idle_s = time.monotonic() - self._idle_since_s if self._idle_since_s is not None else 0.0
        self.socket.begin()
        http = self._http = self._http or await self._connected(head.url)
        if isinstance(http, HttpConnection):
            answer = await http.ask(head, body)
        else:
            answer = AnswerStream.of_httpcore(await http.handle_async_request(head.request(body, _CONNECT_S)))
        if self.socket.is_hasty and 200 <= answer.status < 300:
            raise httpcore.RemoteProtocolError("an answer before all of the question was sent")
        return answer

    def rest(self) -> None:
        """Expect none."""
        self._idle_since_s = time.monotonic()
        self.socket.finish()

    def abort(self) -> None:
        """Close it at once."""
        self.socket.abort()

    def tell(self, error: BaseException) -> None:
        """An answer that was cut off is not an answer in another language."""
        if self.socket.was_read_to_end and isinstance(error, httpcore.RemoteProtocolError):
            raise httpcore.ReadError("closed by the server") from error

    async def _connected(self, url: httpcore.URL) -> httpcore.AsyncConnectionInterface:
        origin = url.origin
        if self._proxy.value is not None:
            return _proxied(self._proxy.value, self._tls, self._sockets).create_connection(origin)
        host = origin.host.decode("ascii")
        stream = await self._sockets.connect_tcp(host, origin.port, timeout=_CONNECT_S)
        if self._tls is not None:
            stream = await stream.start_tls(self._tls, server_hostname=host, timeout=_CONNECT_S)
        return HttpConnection(origin, stream)


class Response:
    """The beginning of an answer.

    Attributes
    ----------
    status : int
    headers : list of (bytes, bytes)
    """

    def __init__(self, answer: AnswerStream, line: _Line, give_back: Callable[[_Line], None]) -> None:
        self.status, self.headers = answer.status, answer.headers
        self._answer, self._line, self._give_back = answer, line, give_back
        self._is_closed = False

    async def read(self) -> bytes:
        """The next piece of what comes behind the head; empty at its end.

        Raises
        ------
        httpcore.NetworkError, httpcore.ProtocolError
            As for `ConnectionPool.send`.
        """
        try:
            return await self._answer.read()
        except httpcore.RemoteProtocolError as error:
            self._line.tell(error)
            raise

    async def aclose(self) -> None:
        """Read no more: the connection can take another request; one whose answer was not read to its end is closed."""
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
        context: ssl.SSLContext = _httpx().create_ssl_context(verify=verify)
        if verify:
            context.load_default_certs()
        context.set_alpn_protocols(["http/1.1"])
    except OSError as error:
        raise BadSetting(f"SSL_CERT_FILE={variables[0]!r}: no certificates can be read there ({error}).") from error
    try:
        if ca_file is not None:
            context.load_verify_locations(Path(ca_file).expanduser())
    except OSError as error:
        message = f"ca_file={ca_file!r}: no certificates can be read there ({error}). Give a PEM file."
        raise BadSetting(message) from error
    return context


def _proxied(proxy: str, tls: ssl.SSLContext | None, sockets: Sockets) -> httpcore.AsyncHTTPProxy:
    """Of httpcore, which makes one connection."""
    way = _httpx().Proxy(proxy)
    return httpcore.AsyncHTTPProxy(
        str(way.url),
        proxy_auth=way.raw_auth,
        ssl_context=tls,
        proxy_ssl_context=tls if way.url.scheme == "https" else None,
        network_backend=sockets,
    )


@functools.lru_cache(maxsize=256)
def _target(url: str) -> tuple[httpcore.URL, bytes]:
    """An address taken apart, and its host as a header names it."""
    plain = _PLAIN.fullmatch(url)
    if plain is not None and int(plain[2]) != 80:  # most servers of one's own, without need for httpx
        host, port, path = plain[1], int(plain[2]), (plain[3] or "/") + (plain[4] or "")
        place = httpcore.URL(scheme=b"http", host=host.encode(), port=port, target=path.encode())
        return place, f"{host}:{port}".encode()
    target = _httpx().URL(url)
    place = httpcore.URL(scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path)
    return place, target.netloc


@functools.cache
def _httpx() -> Any:
    """httpx, which takes as long to import as thirty requests to make; without its command line.

    That imports rich, pygments and click: most of the time. Where they are not installed httpx does without it, and so
    it does here; where it was imported before, nothing changes.
    """
    is_first = sys.modules.setdefault(_COMMAND_LINE, cast("ModuleType", None)) is None
    import httpx

    if is_first:
        sys.modules.pop(_COMMAND_LINE, None)
    return httpx


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
