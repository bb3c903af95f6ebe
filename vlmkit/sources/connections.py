"""Connections for downloads: to addresses that were vetted, every wait within the download's deadline."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpcore

from vlmkit.sources.addresses import vetted
from vlmkit.sources.deadlines import Deadline

__all__ = ["NOW", "Download", "Vetted"]

_MOST_HEAD_BYTES = 256 * 1024


@dataclass(slots=True)
class Download:
    """What connections have to know about the download that they are used for.

    Attributes
    ----------
    label : str
        What messages call the picture.
    deadline : Deadline
    connects : bool
        Whether a connection was made for it.
    received_bytes : int
    most_bytes : int
        More than this is an error.
    has_ended : bool
        Whether the server closed the connection.
    target : str or None
        Where the answer redirects to.
    """

    label: str
    deadline: Deadline
    connects: bool = False
    received_bytes: int = 0
    most_bytes: int = _MOST_HEAD_BYTES
    has_ended: bool = False
    target: str | None = None

    def begin(self) -> None:
        """Count for the next request."""
        self.connects = self.has_ended = False
        self.received_bytes, self.most_bytes = 0, _MOST_HEAD_BYTES


NOW: ContextVar[Download] = ContextVar("NOW")
"""The download of this thread: connections outlive it, and are used by other threads then."""


class Vetted(httpcore.NetworkBackend):
    """Looks a host up once, and connects to one of the addresses that may be connected to.

    Parameters
    ----------
    allow_private : bool
        Whether addresses that are not public will do.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """The first of a host's permitted addresses that answers.

        Raises
        ------
        UnreadableImage
            There is none, or the time is over.
        httpcore.ConnectError, httpcore.ConnectTimeout
            None answers.
        """
        del timeout, local_address
        download = NOW.get()
        addresses = vetted(host, port, download.label, allow_private=self._allow_private)
        download.connects = True
        for address in addresses[:-1]:
            try:
                return self._connected(address, port, download, socket_options)
            except httpcore.ConnectError:
                continue
        return self._connected(addresses[-1], port, download, socket_options)

    def _connected(
        self, address: str, port: int, download: Download, options: Iterable[httpcore.SOCKET_OPTION] | None
    ) -> httpcore.NetworkStream:
        left_s = download.deadline.left_s()
        return _Punctual(self._backend.connect_tcp(address, port, left_s, socket_options=options or ()))


class _Punctual(httpcore.NetworkStream):
    """Each of its waits is limited by the same deadline: drops of bytes do not prolong it."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del timeout
        download = NOW.get()
        data = self._stream.read(max_bytes, download.deadline.left_s())
        download.has_ended = not data
        download.received_bytes += len(data)
        if download.received_bytes > download.most_bytes:
            raise httpcore.ReadError("more bytes than a picture can have")
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self._stream.write(buffer, NOW.get().deadline.left_s())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        del timeout
        return _Punctual(self._stream.start_tls(ssl_context, server_hostname, NOW.get().deadline.left_s()))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
