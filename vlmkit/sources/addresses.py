"""Which machines pictures may be fetched from, decided by the address that is connected to."""

from __future__ import annotations

import ipaddress
import socket

from vlmkit.errors import UnreadableImage

__all__ = ["is_public", "vetted"]

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
