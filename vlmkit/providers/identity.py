"""What an opened server model depends on beside its name; a change of any of it is another model."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Hashable

from vlmkit import settings
from vlmkit.backends.identity import frozen, stamp
from vlmkit.backends.registry import ModelName
from vlmkit.providers.opening import host_of, sites_of

__all__ = ["identity_at", "identity_of"]

# What HTTP clients read: the way to a server, and whose certificates are believed.
_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_SALT = secrets.token_bytes(16)


def identity_of(name: ModelName) -> Hashable:
    """Addresses, keys (as digests), what vlmkit.toml says about the host, proxies and certificates.

    Parameters
    ----------
    name : ModelName

    Raises
    ------
    BadSetting
        An address cannot be used, or pictures must not be sent there.
    MissingKey
        The host needs a key, and none is there.
    """
    return identity_at(name.engine, name.url, model=str(name))


def identity_at(engine: str, url: str | None, *, model: str = "") -> Hashable:
    """The same for whatever is at a host's addresses.

    Parameters
    ----------
    engine : str
    url : str or None
        None is the address in vlmkit.toml, or the host's own.
    model : str, default the host's name
        What messages are about.

    Raises
    ------
    SetupError
        As `identity_of`.
    """
    host, table = host_of(engine, url), settings.host(engine)
    endpoints = sites_of(host, url=url, table=table, model=model)
    return tuple((address, _digest(key)) for address, key in endpoints), frozen(table), _surroundings()


def _digest(key: str | None) -> str | None:
    """Of no use outside of this process."""
    return hashlib.blake2b((key or "").encode(), key=_SALT, digest_size=16).hexdigest() if key else None


def _surroundings() -> Hashable:
    found = {name: os.environ.get(name) for upper in _VARIABLES for name in (upper, upper.lower())}
    files = (found["SSL_CERT_FILE"], found["SSL_CERT_DIR"])
    return frozen(found), tuple(stamp(file) for file in files if file)
