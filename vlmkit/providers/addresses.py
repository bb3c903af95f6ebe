"""Addresses of servers: taken apart, checked, and told whether they are this machine."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from vlmkit.errors import BadSetting

__all__ = ["check_url", "is_loopback", "origin_of"]

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\uffff\\]")


def is_loopback(host: str) -> bool:
    """Whether a host's name or number is this machine by its very form; nothing is looked up."""
    if host in {"localhost", "127.0.0.1"} or host.endswith(".localhost"):
        return True
    import ipaddress  # only now: it takes as long to import as ten requests

    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return False
    return number.is_loopback or number.is_unspecified


def check_url(url: str) -> SplitResult:
    """Take a server's base address apart.

    Parameters
    ----------
    url : str
        As ``http://host:8000/v1``.

    Raises
    ------
    BadSetting
        It cannot be used, or has a password in it; the message does not repeat that.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        (parts.hostname or "").encode("idna")
    except (ValueError, UnicodeError):
        usable, parts = None, SplitResult("", "", "", "", "")
    if "@" in parts.netloc:
        message = f"the address of {parts.hostname} has a user or password in it. Give the key as api_key instead."
        raise BadSetting(message)
    if not usable or _UNSAFE.search(url) or parts.query or parts.fragment:
        message = f"{url!r} is no address of a server. Give scheme, host and base path, as http://localhost:8000/v1."
        raise BadSetting(message)
    return parts


def origin_of(url: str) -> str:
    """Scheme, host and port, by which two addresses of one server are recognized."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"
