"""Addresses of servers: completed by what is known of the host, and told whether they are this machine."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from vlmkit.backends import read_address
from vlmkit.errors import BadSetting

__all__ = ["bases_of", "check_url", "complete_address", "is_loopback", "origin_of"]

# What people copy from a server's documentation or log instead of its base address.
_ENDPOINT = re.compile(
    r"(?:/chat/completions|/completions|/responses|/embeddings|/messages|/models|(?<=/v1)/models/.+"
    r"|/models/[^/]+:\w+|/api/(?:chat|generate|tags|ps|show|version|embed|embeddings)|/health|/docs)$"
)
_VERSION = re.compile(r".*/v\d\w*")


def complete_address(address: str, *, usual: str, native: str = "") -> str:
    """A server's base address, from what a person wrote: scheme, port and base path as the host has them.

    Parameters
    ----------
    address : str
        As `read_address` takes it; the path of a question (``/v1/chat/completions``) is taken off.
    usual : str
        The host's usual base address; empty for a server of which nothing is known.
    native : str, default ""
        Pattern of the path of the host's own interface, which is not the one that is asked.

    Raises
    ------
    BadSetting
        It is not an address, or scheme and port are in no way known.

    Examples
    --------
    >>> complete_address("gpu-box", usual="http://localhost:11434/v1")
    'http://gpu-box:11434/v1'
    """
    address = read_address(address)
    if "://" not in address:
        if not usual:
            raise BadSetting(f"{address!r}: write its scheme too, as http://{address} or https://{address}.")
        known = urlsplit(usual)
        host, slash, path = address.partition("/")
        port = f":{known.port}" if known.port else ""
        address = f"{known.scheme}://{host}{port}{slash}{path}"
    parts = urlsplit(address)
    path = _ENDPOINT.sub("", parts.path)
    path = re.sub(f"(?:{native})$", "", path) if native else path
    return f"{parts.scheme}://{parts.netloc}{path or urlsplit(usual).path}"


def bases_of(address: str) -> list[str]:
    """Base addresses that an address may mean, the likeliest first; one where its path ends in a version."""
    path = urlsplit(address).path
    if _VERSION.fullmatch(path):
        return [address]
    return [address, f"{address}/v1"] if path else [f"{address}/v1", address]


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
    read = read_address(url)
    if "://" not in read:
        raise BadSetting(f"{read!r} is not an address of a server. Write its scheme too, as http://{read}.")
    return urlsplit(read)


def origin_of(url: str) -> str:
    """Scheme, host and port, by which two addresses of one server are recognized."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return f"{parts.scheme}://{parts.hostname}:{port}"
