"""Sockets as httpcore wants them: read at once, watched while nobody asks, and counted while somebody does."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

import httpcore

__all__ = ["MOST_HEAD_BYTES", "Socket", "Sockets", "TooMuch"]

MOST_HEAD_BYTES = 256 * 1024
"""Longest beginning of an answer, with all that a server says before it (100 Continue)."""

_FULL_BYTES = 256 * 1024  # read by nobody yet: the server has to wait
_BLOCK_BYTES = 16 * 1024  # as many small events as are in it come one after another, without a turn for other asks


class TooMuch(httpcore.ReadError):
    """More came than an answer can have."""


class Socket(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection; used from the thread of its loop.

    Attributes
    ----------
    has_ended : bool
        The server sends no more.
    was_read_to_end : bool
        And whoever reads has been told.
    received_bytes : int
        Since the last `begin`.
    most_bytes : int
        More than this is an error.
    """

    def __init__(self) -> None:
        self.has_ended = self.was_read_to_end = False
        self.received_bytes, self.most_bytes = 0, MOST_HEAD_BYTES
        self._transport: asyncio.Transport | None = None
        self._unread = bytearray()
        self._unsent: list[bytes] = []
        self._is_asked = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_clean(self) -> bool:
        """Whether it is open, and everything was sent and read."""
        transport = self._transport
        if transport is None or self.has_ended or self._unread or transport.is_closing():
            return False
        return not transport.get_write_buffer_size()

    def begin(self) -> None:
        """Expect an answer from now on."""
        self._is_asked = True
        self.received_bytes, self.most_bytes = 0, MOST_HEAD_BYTES

    def finish(self) -> None:
        """Expect nothing more: what comes now was not asked for, and must not be mistaken for the next answer."""
        self._is_asked = False

    def abort(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    # What httpcore calls; each wait is within the deadline of the ask

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109  httpcore's name
        """Bytes that have come, waited for; none at the end.

        Raises
        ------
        httpcore.ReadError
            The connection broke.
        """
        del timeout
        if self._unsent and self._transport is not None:
            self._transport.writelines(self._unsent)
            self._unsent = []
        if self._unread:
            await asyncio.sleep(0)
        while not (self._unread or self.has_ended):
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if not self._unread and self._error is not None:
            raise httpcore.ReadError(said(self._error)) from self._error
        self.was_read_to_end = not self._unread
        data = bytes(self._unread[: min(max_bytes, _BLOCK_BYTES)])
        del self._unread[: len(data)]
        self._count(len(data))
        if not self._unread and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send, head and body together, once an answer is waited for, and not before it is read.

        A server may answer, and turn the rest away, before all was sent.

        Raises
        ------
        httpcore.WriteError
            The connection is closed.
        """
        del timeout
        if self._transport is None or self._transport.is_closing():
            raise httpcore.WriteError("closed")
        if buffer:
            self._unsent.append(buffer)

    async def aclose(self) -> None:
        """As `abort`."""
        self.abort()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore.AsyncNetworkStream:
        """Speak TLS from now on.

        Raises
        ------
        httpcore.ConnectError
            The other side does not, or its certificate is not trusted.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                upgraded = await loop.start_tls(
                    cast("asyncio.Transport", self._transport), self, ssl_context, server_hostname=server_hostname
                )
        except (OSError, TimeoutError) as error:
            self.abort()
            raise _no_connection(error, timeout) from error
        if self._unread or upgraded is None:  # in the clear, by whoever stands between
            self.abort()
            raise httpcore.ConnectError("bytes before the encryption began")
        self._transport = upgraded
        return self

    def get_extra_info(self, info: str) -> Any:
        """Whether it has anything to read, and what asyncio knows about it."""
        if info == "is_readable":
            return not self.is_clean
        return self._transport.get_extra_info(info) if self._transport is not None else None

    # What asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is there."""
        self._transport = cast("asyncio.Transport", transport)
        with suppress(OSError):  # a hint for networks that forget silent connections
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if not self._is_asked:
            self.abort()
            return
        self._unread += data
        if len(self._unread) > _FULL_BYTES and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The server is done; the socket is closed."""
        self.has_ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        self.has_ended = True
        self._error = exc
        self._wake()

    def _count(self, size_bytes: int) -> None:
        self.received_bytes += size_bytes
        if self.received_bytes > self.most_bytes:
            self.abort()
            raise TooMuch(f"more than {self.most_bytes:,} bytes")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Sockets(httpcore.AsyncNetworkBackend):
    """Makes the socket of one connection.

    Attributes
    ----------
    socket : Socket or None
        None before it is connected.
    """

    def __init__(self) -> None:
        self.socket: Socket | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect.

        Raises
        ------
        httpcore.ConnectError
            Nobody answers, or not in time.
        """
        del local_address, socket_options
        self.socket = connecting = Socket()
        connecting.begin()
        try:
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().create_connection(lambda: connecting, host, port)
        except (OSError, TimeoutError) as error:
            raise _no_connection(error, timeout) from error
        return connecting


def said(error: Exception) -> str:
    """What asyncio calls "Connect call failed" in the system's own words."""
    return os.strerror(error.errno) if isinstance(error, ConnectionError) and error.errno else str(error)


def _no_connection(error: Exception, timeout_s: float | None) -> httpcore.ConnectError:
    words = f"no answer within {timeout_s:g} s" if isinstance(error, TimeoutError) and timeout_s else said(error)
    return httpcore.ConnectError(words)
