"""Requests and answers over one connection: httpcore reads what comes, and what goes was written and checked once.

For each request httpcore has h11 check every header, makes models of the request and of its answer, traces five steps
and takes a lock three times. That is as dear as everything else that an answer takes, and all requests to an address
have the same head but for its last line. Connections through a proxy are asked as httpcore has it.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Awaitable, Callable
from contextlib import suppress
from typing import Self, cast

import h11
import httpcore

from vlmkit.providers.secret import Secret

__all__ = ["AnswerStream", "HttpConnection", "RequestHead"]

Headers = list[tuple[bytes, bytes]]

# What h11 is told of every request: how an answer is read depends on its method only for HEAD and CONNECT.
_ANY_REQUEST = (h11.Request(method="GET", target="/", headers=[("Host", "any")]), h11.EndOfMessage())
_WITHOUT_TIMEOUT = httpcore.Request("GET", "http://any")  # each wait is within the deadline of the ask


class RequestHead:
    """All requests with one method to one address; each has a body of its own.

    Parameters
    ----------
    method : str
    url : httpcore.URL
    headers : list of (bytes, bytes)
        All but the length of the body, the host first.

    Raises
    ------
    httpcore.LocalProtocolError
        HTTP does not allow one of them.
    """

    def __init__(self, method: str, url: httpcore.URL, headers: Headers) -> None:
        self.url = url
        self._method, self._headers = method, Secret(headers)
        try:
            event = h11.Request(method=method, target=url.target, headers=headers)
        except h11.LocalProtocolError as error:
            raise httpcore.LocalProtocolError(str(error)) from error
        self._head = Secret((h11.Connection(h11.CLIENT).send(event) or b"").removesuffix(b"\r\n"))

    def bytes_before(self, body: bytes) -> bytes:
        """Beginning of a request, with the empty line at its end.

        Parameters
        ----------
        body : bytes
            That follows; an empty one has no length.
        """
        return b"%bContent-Length: %d\r\n\r\n" % (self._head.value, len(body)) if body else self._head.value + b"\r\n"

    def request(self, body: bytes, connect_s: float) -> httpcore.Request:
        """The same for a connection that is httpcore's own.

        Parameters
        ----------
        body : bytes
        connect_s : float
            How long it may take to connect.
        """
        extensions = {"timeout": {"connect": connect_s}}
        request = httpcore.Request(self._method, self.url, content=body, extensions=extensions)
        length = [(b"Content-Length", b"%d" % len(body))] if body else []
        request.headers = [*self._headers.value, *length]
        return request


class AnswerStream:
    """The beginning of an answer, and the way to the rest.

    Parameters
    ----------
    status : int
    headers : list of (bytes, bytes)
    read : callable
        Awaited, the next piece of the body; empty at its end.
    aclose : callable
        Reads no more.
    """

    __slots__ = ("aclose", "headers", "read", "status")

    def __init__(
        self, status: int, headers: Headers, read: Callable[[], Awaitable[bytes]], aclose: Callable[[], Awaitable[None]]
    ) -> None:
        self.status, self.headers, self.read, self.aclose = status, headers, read, aclose

    @classmethod
    def of_httpcore(cls, response: httpcore.Response) -> Self:
        """The same of a connection that is httpcore's own.

        Parameters
        ----------
        response : httpcore.Response
        """
        parts = aiter(cast("AsyncIterable[bytes]", response.stream))

        async def read() -> bytes:
            while (part := await anext(parts, None)) == b"":
                pass  # not the end
            return part or b""

        return cls(response.status, response.headers, read, response.aclose)


class HttpConnection(httpcore.AsyncHTTP11Connection):
    """A connection of httpcore that is asked by one after another, and needs no lock."""

    def is_idle(self) -> bool:
        """Whether it can take another request: the last answer was read to its end."""
        return self._h11_state.our_state is h11.IDLE

    async def ask(self, head: RequestHead, body: bytes) -> AnswerStream:
        """Send a request, and wait for the beginning of its answer.

        Parameters
        ----------
        head : RequestHead
        body : bytes

        Raises
        ------
        httpcore.NetworkError, httpcore.ProtocolError
            No answer came.
        """
        for event in _ANY_REQUEST:
            self._h11_state.send(event)
        with suppress(httpcore.WriteError):  # a server may turn a request away, and close, before all of it was sent
            await self._network_stream.write(head.bytes_before(body))
            await self._network_stream.write(body)
        if data := await self._network_stream.read(self.READ_NUM_BYTES):
            self._h11_state.receive_data(data)  # before h11 is asked for what cannot be there yet
        _, status, _, headers, _ = await self._receive_response_headers(_WITHOUT_TIMEOUT)
        return AnswerStream(status, headers, self._read, self._finish)

    async def _read(self) -> bytes:
        while isinstance(event := await self._receive_event(), h11.Data):
            if event.data:
                return bytes(event.data)
        return b""

    async def _receive_event(self, timeout: float | None = None) -> h11.Event | type[h11.PAUSED]:  # noqa: ASYNC109
        """As httpcore's own, without a context manager for every step."""
        del timeout
        http = self._h11_state
        try:
            while (event := http.next_event()) is h11.NEED_DATA:
                data = await self._network_stream.read(self.READ_NUM_BYTES)
                if not data and http.their_state is h11.SEND_RESPONSE:
                    raise httpcore.RemoteProtocolError("closed without an answer")
                http.receive_data(data)
        except h11.RemoteProtocolError as error:
            raise httpcore.RemoteProtocolError(str(error)) from error
        return cast("h11.Event | type[h11.PAUSED]", event)

    async def _finish(self) -> None:
        http = self._h11_state
        if http.our_state is http.their_state is h11.DONE:
            http.start_next_cycle()
        else:
            await self.aclose()
