"""Sockets as httpcore wants them: read at once, watched while nobody asks, counted and paced while somebody does."""

from __future__ import annotations

import asyncio
import os
import select
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast

import httpcore

__all__ = ["MOST_HEAD_BYTES", "MOST_HEAD_LINES", "Conduct", "Socket", "Sockets", "TooEarly", "TooMuch"]

MOST_HEAD_BYTES = 256 * 1024
"""Longest beginning of an answer, with all that a server says before it (100 Continue)."""

MOST_HEAD_LINES = 1000
"""Most lines of it; a head has a few dozen, and an interim answer two or more."""

_FULL_BYTES = 256 * 1024  # read by nobody yet: the server has to wait
_BLOCK_BYTES = 64 * 1024
_BLOCK_LINES = 64  # each header, chunk and event has a line of its own, and others have no turn while they are parsed
_REST_RATIO = 7.0  # rest after a block, to the time it took
_BLINK_S = 0.001  # no clock of a loop is finer
_FAREWELLS = (b"HTTP/1.1 408 ", b"HTTP/1.0 408 ")


class TooMuch(httpcore.ReadError):
    """More came than an answer can have."""


class TooEarly(httpcore.ReadError):
    """The connection ended, or bytes came over it, before anything was asked: nothing was sent."""


class Conduct:
    """How one address behaves: whether it spoke unasked, and how long its answers take to be read.

    What an address sent faster than it is read may take a small part of the loop's time. Others have their turns
    between two blocks anyway; with hundreds of tiny pieces in each block they would still wait for most of their time.

    Attributes
    ----------
    spoke_unasked : bool
        It once sent what nobody had asked for.
    """

    def __init__(self) -> None:
        self.spoke_unasked = False
        self._free_s = 0.0

    def spend(self, seconds: float) -> None:
        """So long a block took, by the clock of the loop's thread."""
        self._free_s = max(self._free_s, time.monotonic()) + seconds * _REST_RATIO

    async def wait(self) -> None:
        """Let others have their turn, and rest as long as is due."""
        left_s = self._free_s - time.monotonic()
        await asyncio.sleep(left_s if left_s >= _BLINK_S else 0)


class Socket(asyncio.Protocol, httpcore.AsyncNetworkStream):
    """One connection; used from the thread of its loop.

    Attributes
    ----------
    has_ended : bool
        The server sends no more.
    was_read_to_end : bool
        And whoever reads has been told.
    is_hasty : bool
        The answer began to come before all of the question was sent.
    received_bytes : int
        Since the last `begin`.
    most_bytes, most_lines : int
        More than this is an error.

    Parameters
    ----------
    conduct : Conduct or None, default None
        Of the address; None is its own.
    """

    def __init__(self, conduct: Conduct | None = None) -> None:
        self.has_ended = self.was_read_to_end = self.is_hasty = False
        self.received_bytes, self.most_bytes = 0, MOST_HEAD_BYTES
        self._received_lines, self.most_lines = 0, MOST_HEAD_LINES
        self._conduct = conduct or Conduct()
        self._given_s: float | None = None  # by the thread's clock: when a block was given that left others behind
        self._transport: asyncio.Transport | None = None
        self._poll = select.poll()
        self._unread = bytearray()
        self._unsent: list[bytes] = []
        self._is_asked = self._is_sent = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_clean(self) -> bool:
        """Whether it is open, and everything was sent and read."""
        transport = self._transport
        if transport is None or self.has_ended or self._unread or transport.is_closing():
            return False
        return not transport.get_write_buffer_size()

    @property
    def has_unread(self) -> bool:
        """Whether something came that nobody has read."""
        return bool(self._unread)

    def begin(self) -> None:
        """Expect an answer from now on."""
        self._is_asked, self._is_sent, self.is_hasty = True, False, False
        self.received_bytes, self.most_bytes = 0, MOST_HEAD_BYTES
        self._received_lines, self.most_lines = 0, MOST_HEAD_LINES

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
            The connection broke; `TooMuch` came, or something came `TooEarly`.
        """
        del timeout
        if self._unsent and self._transport is not None:
            self._send(self._transport)
        if self._given_s is not None:
            self._conduct.spend(time.thread_time() - self._given_s)
            self._given_s = None
        if self._unread:
            await self._conduct.wait()
        if not self._unread:
            await self._wait()
        data = self._block(min(max_bytes, _BLOCK_BYTES))
        if self._unread:
            self._given_s = time.thread_time()
        elif self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        return data

    async def _wait(self) -> None:
        """Until something came, or the end."""
        while not (self._unread or self.has_ended):
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if not self._unread and self._error is not None:
            raise httpcore.ReadError(said(self._error)) from self._error
        self.was_read_to_end = not self._unread

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
        below = transport.get_extra_info("socket")
        self._poll.register(below.fileno(), select.POLLIN)
        with suppress(OSError):  # a hint for networks that forget silent connections
            below.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def data_received(self, data: bytes) -> None:
        """Bytes came."""
        if not self._is_asked:
            self._refuse(data)
            return
        if not self.received_bytes and not self._unread and self._transport is not None:
            self.is_hasty = bool(self._unsent or self._transport.get_write_buffer_size())
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

    def _refuse(self, data: bytes | bytearray) -> None:
        """Close it because of what nobody asked for."""
        # A server that gives up an idle connection may say so before it closes it: that answers nothing.
        self._conduct.spoke_unasked |= bool(data) and not data.startswith(_FAREWELLS)
        self.abort()

    def _send(self, transport: asyncio.Transport) -> None:
        """Send what is to be sent, unless something is there already, which cannot be an answer to it."""
        if not self._is_sent and (self._unread or self.has_ended or self._is_readable()):
            self._refuse(self._unread)
            raise TooEarly("it spoke before it was asked" if self._unread else "closed by the server")
        self._is_sent = True
        transport.writelines(self._unsent)
        self._unsent = []

    def _is_readable(self) -> bool:
        """Whether bytes, or the end, came that the loop had no turn for yet; TLS has some of its own at first."""
        if self._transport is None or self._transport.get_extra_info("ssl_object") is not None:
            return False
        return bool(self._poll.poll(0))

    def _block(self, most_bytes: int) -> bytes:
        """The next bytes, not more than so many, nor more than `_BLOCK_LINES` lines."""
        end = min(len(self._unread), most_bytes)
        lines = self._unread.count(b"\n", 0, end)
        if lines > _BLOCK_LINES:
            end, lines = 0, _BLOCK_LINES
            for _ in range(lines):
                end = self._unread.index(b"\n", end) + 1
        data = bytes(self._unread[:end])
        del self._unread[:end]
        self.received_bytes += end
        self._received_lines += lines
        if self.received_bytes > self.most_bytes:
            self.abort()
            raise TooMuch(f"more than {self.most_bytes:,} bytes")
        if self._received_lines > self.most_lines:
            self.abort()
            raise TooMuch(f"more than {self.most_lines:,} lines before it began")
        return data

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


class Sockets(httpcore.AsyncNetworkBackend):
    """Makes the socket of one connection.

    Attributes
    ----------
    socket : Socket
        Connected or not.

    Parameters
    ----------
    conduct : Conduct or None, default None
        As for `Socket`.
    """

    def __init__(self, conduct: Conduct | None = None) -> None:
        self.socket = Socket(conduct)

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
        self.socket.begin()
        try:
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().create_connection(lambda: self.socket, host, port)
        except (OSError, TimeoutError) as error:
            raise _no_connection(error, timeout) from error
        return self.socket


def said(error: Exception) -> str:
    """What asyncio calls "Connect call failed" in the system's own words."""
    return os.strerror(error.errno) if isinstance(error, ConnectionError) and error.errno else str(error)


def _no_connection(error: Exception, timeout_s: float | None) -> httpcore.ConnectError:
    words = f"no answer within {timeout_s:g} s" if isinstance(error, TimeoutError) and timeout_s else said(error)
    return httpcore.ConnectError(words)
