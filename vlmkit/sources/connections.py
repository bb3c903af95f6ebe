"""Connections for downloads: to public addresses only, every wait within the download's deadline.

Which machines pictures may be fetched from is decided by the address that is connected to, however slowly its bytes
drip in.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpcore

from vlmkit.errors import UnreadableImage

__all__ = ["NOW", "Deadline", "Download", "Vetted", "is_public", "vetted"]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Not routed, though `ipaddress` calls some global: site-local (RFC 3879), anycast of 6to4 (RFC 7526), local NAT64.
_NOWHERE = tuple(map(ipaddress.ip_network, ("fec0::/10", "192.88.99.0/24", "64:ff9b:1::/48")))


def vetted(host: str, port: int, label: str, *, allow_private: bool) -> list[str]:
    """Addresses of a host that may be connected to.

    The caller connects to one of these and never looks the name up again: it could lead elsewhere by then.

    Parameters
    ----------
    host : str
        Name or address.
    port : int
    label : str
        What messages call the picture.
    allow_private : bool
        Whether addresses that are not public will do.

    Returns
    -------
    list of str
        At least one.

    Raises
    ------
    UnreadableImage
        The name is unknown, or leads to addresses that are not public.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnreadableImage(f"{label}: no address for the host {host!r} ({reason}); check the URL.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    public = [address for address in addresses if allow_private or is_public(address)]
    if not public:
        raise UnreadableImage(
            f"{label}: {host!r} leads to {addresses[0]}, which is not a public address; if you trust it: "
            "vk.use(allow_private_hosts=True)."
        )
    return public


def is_public(address: str) -> bool:
    """Whether an address belongs to a machine of the public Internet.

    Parameters
    ----------
    address : str
        IPv4 or IPv6; an IPv4 address inside of an IPv6 one counts as itself.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    is_routed = not any(ip in network for network in _NOWHERE)
    return ip.is_global and is_routed and not ip.is_multicast and not ip.is_reserved


class Deadline:
    """The moment by which a download must be done."""

    def __init__(self, timeout_s: float | None, label: str) -> None:
        self._timeout_s, self._label = timeout_s, label
        self._end_s = None if timeout_s is None else time.monotonic() + timeout_s

    def left_s(self) -> float | None:
        """Seconds left, for a socket's timeout.

        Raises
        ------
        UnreadableImage
            None.
        """
        if self._end_s is None:
            return None
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise self.passed()
        return left_s

    def passed(self) -> UnreadableImage:
        """What a row says whose time is over."""
        said = f"not fetched within {self._timeout_s:g} s" if self._timeout_s else "the connection timed out"
        return UnreadableImage(f"{self._label}: {said}; try again, or allow more with vk.use(download_timeout_s=…).")


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
