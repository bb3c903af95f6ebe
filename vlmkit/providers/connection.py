"""One connection to a server, over which requests go one after another: TCP, perhaps a proxy, TLS, HTTP/1.1.

The only module that imports h11, which reads and writes HTTP; sockets and TLS are asyncio's.
"""

from __future__ import annotations

import asyncio
import functools
import os
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

import certifi
import h11

from vlmkit.errors import BackendError, Refused, Unreachable

__all__ = [
    "TRANSLATION",
    "Connection",
    "Place",
    "Route",
    "head_of",
    "translation_of",
]

_CONNECT_S = 10.0
_MOST_HEAD_BYTES = 100 * 1024


# To h11 all requests are alike, as what answers to GET and POST mean does not differ. To check and to write each anew
# would take as long as everything else about it.
_ANY_REQUEST = h11.Request(method="GET", target="/", headers=[("host", "")])

_LOST = (Unreachable, "the connection was lost before the answer was complete. Try again; see the server's log")

TRANSLATION: dict[type[Exception], tuple[type[BackendError], str]] = {
    h11.LocalProtocolError: (Refused, "the request breaks HTTP's rules. Look at the address and the key"),
    h11.RemoteProtocolError: _LOST,
    h11.ProtocolError: _LOST,
    ConnectionRefusedError: (Unreachable, "no connection. Start the server, or correct the address"),
    OSError: _LOST,
}
"""Every exception of h11 and of sockets, and what it becomes."""


def translation_of(error: Exception) -> tuple[type[BackendError], str] | None:
    """Class and words for an error of a connection; None for one that is no such error."""
    return next((TRANSLATION[kind] for kind in type(error).__mro__ if kind in TRANSLATION), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a connection leads.

    Attributes
    ----------
    host : str
        In ASCII.
    port : int
    is_tls : bool
    """

    host: str
    port: int
    is_tls: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """How a place is reached.

    Attributes
    ----------
    place : Place
    proxy : Place or None, default None
        Asked to lead on to places that speak TLS; to others it forwards what it is sent.
    proxy_headers : mapping of str to str, default empty
        What the proxy wants to know about who asks.
    """

    place: Place
    proxy: Place | None = None
    proxy_headers: Mapping[str, str] = field(default_factory=dict)


class Connection(asyncio.Protocol):
    """Used from the thread of its loop; made by `open`.

    Parameters
    ----------
    lost : callable
        Called with the connection once its socket is closed.
    """

    def __init__(self, lost: Callable[[Connection], None]) -> None:
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self._http = _new_http()
        self._waiter: asyncio.Future[None] | None = None
        self._head: h11.Response | None = None
        self._chunks: list[bytes] = []
        self._is_busy = self._is_whole = False
        self._error: Exception | None = None

    @classmethod
    async def open(cls, route: Route, lost: Callable[[Connection], None]) -> Connection:
        """Connect.

        Parameters
        ----------
        route : Route
        lost : callable
            As above.

        Raises
        ------
        ConnectionRefusedError
            Nobody answers, not within ten seconds, or not in TLS; or the proxy does not lead on.
        """
        connection = cls(lost)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await connection._connect(route)
        except BaseException as error:
            connection.abort()
            if isinstance(error, TimeoutError):
                raise ConnectionRefusedError(f"no answer within {_CONNECT_S:g} s") from error
            if isinstance(error, OSError | h11.RemoteProtocolError):
                raise ConnectionRefusedError(_said(error)) from error
            raise
        return connection

    @property
    def is_open(self) -> bool:
        """Whether its socket is, and nothing else is to be done with it than to send a request."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, request: bytes) -> None:
        """Begin a request, after the one before it has been finished.

        Parameters
        ----------
        request : bytes
            A head as `head_of` writes it, and the body.

        Raises
        ------
        ConnectionRefusedError
            The socket is closed.
        """
        self._begin(_ANY_REQUEST)
        self._write(request)

    async def head(self) -> tuple[int, dict[str, str]]:
        """Status and headers of the answer, names in lower case.

        Raises
        ------
        OSError
            The connection broke.
        h11.RemoteProtocolError
            It ended too soon, or what came is not HTTP.
        """
        while self._head is None:
            await self._news()
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._head.headers}
        return self._head.status_code, headers

    async def chunk(self) -> bytes:
        """What has come of the body since the last call, waited for; empty at its end.

        Raises
        ------
        OSError, h11.RemoteProtocolError
            As `head`.
        """
        while not (self._chunks or self._is_whole):
            await self._news()
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)

    def finish(self) -> bool:
        """End the request, whatever has come of its answer; whether the connection can take another one."""
        self._is_busy = False
        trailing, closed = self._http.trailing_data
        is_clean = self._is_whole and self._http.our_state is self._http.their_state is h11.DONE
        if is_clean and not trailing and not closed and self.is_open and not self._unsent():
            self._http.start_next_cycle()
            return True
        self.abort()
        return False

    def abort(self) -> None:
        """Close the socket; whoever waits hears that the connection was lost."""
        if self._transport is not None:
            self._transport.abort()

    async def _connect(self, route: Route) -> None:
        loop, nearest = asyncio.get_running_loop(), route.proxy or route.place
        await loop.create_connection(
            lambda: self,
            nearest.host,
            nearest.port,
            ssl=_tls_context() if nearest.is_tls else None,
        )
        if route.proxy and route.place.is_tls and self._transport is not None:
            await self._tunnel(route)
            upgraded = await loop.start_tls(self._transport, self, _tls_context(), server_hostname=route.place.host)
            self._transport, self._http = cast("asyncio.Transport", upgraded), _new_http()

    async def _tunnel(self, route: Route) -> None:
        target = f"{route.place.host}:{route.place.port}"
        headers = [("host", target), *route.proxy_headers.items()]
        self._write(self._begin(h11.Request(method="CONNECT", target=target, headers=headers)))
        status, _ = await self.head()
        if not 200 <= status < 300:
            message = f"the proxy of this machine answered {status}; see HTTP_PROXY, HTTPS_PROXY and NO_PROXY"
            raise ConnectionRefusedError(message)
        self._is_busy = False

    def _begin(self, request: h11.Request) -> bytes:
        """Expect the answer to a request; the request as h11 writes it."""
        self._head, self._chunks, self._error = None, [], None
        self._is_busy, self._is_whole = True, False
        return (self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b"")

    def _write(self, data: bytes) -> None:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionRefusedError("it was just closed")
        self._transport.write(data)

    def _unsent(self) -> int:
        return self._transport.get_write_buffer_size() if self._transport is not None else 0

    async def _news(self) -> None:
        if self._error is not None:
            raise self._error
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self._transport = cast("asyncio.Transport", transport)
        with suppress(OSError):  # a hint for networks that forget silent connections
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        """Bytes came; none at its end."""
        if not self._is_busy:  # nobody asked: the next answer must not be mistaken for another
            self.abort()
            return
        try:
            self._http.receive_data(data)
            self._read()
        except h11.RemoteProtocolError as error:
            self._error = error
        self._wake()

    def eof_received(self) -> None:
        """The server is done; the socket is closed."""
        self.data_received(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self._error = self._error or exc or ConnectionAbortedError("closed")
        self._wake()
        self._lost(self)

    def _read(self) -> None:
        while not self._is_whole:
            event = self._http.next_event()
            if isinstance(event, h11.Response):
                self._head = event
            elif isinstance(event, h11.Data):
                self._chunks.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self._is_whole = True
            elif not isinstance(event, h11.InformationalResponse):  # more has to come, or nothing will
                return

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def head_of(method: str, target: str, headers: list[tuple[str, str]]) -> bytes:
    """Beginning of a request, checked and written by h11, without the empty line at its end.

    Parameters
    ----------
    method, target : str
    headers : list of (str, str)
        All but the length of the body.

    Raises
    ------
    h11.LocalProtocolError
        A header that HTTP does not allow.
    """
    head = _new_http().send(h11.Request(method=method, target=target, headers=headers)) or b""
    return head.removesuffix(b"\r\n")


def _said(error: Exception) -> str:
    """What asyncio calls "Connect call failed" in the system's own words."""
    return os.strerror(error.errno) if isinstance(error, ConnectionError) and error.errno else str(error)


def _new_http() -> h11.Connection:
    return h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEAD_BYTES)


@functools.cache
def _tls_context() -> ssl.SSLContext:
    # Reading the certificates takes longer than a request; connections may share them.
    context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
