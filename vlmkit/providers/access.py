"""Access to a host: at which addresses, with which key, and whether pictures may go there.

Together with what vlmkit.toml says, and with proxies and certificates, that is the identity of a server's model: a
change of any of it is another model.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Hashable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from vlmkit import settings
from vlmkit.backends import ModelName, engine_of, file_stamp, frozen
from vlmkit.errors import BadSetting, BrokenPlugin, MissingKey
from vlmkit.providers.addresses import check_url, complete_address, is_loopback, origin_of
from vlmkit.providers.hosts import ANY_SERVER, HOSTS, Host
from vlmkit.providers.secret import Key
from vlmkit.settings_file import FILE_NAME

__all__ = [
    "addresses_of",
    "api_key_of",
    "check_permission",
    "host_of",
    "hosts_elsewhere",
    "identity_at",
    "server_identity",
    "sites_of",
]

# What HTTP clients read: the way to a server, and whose certificates are believed.
_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")
_SALT = secrets.token_bytes(16)


def host_of(engine: str, url: str | None) -> Host:
    """Row of a host; ``openai`` at an address of the user's own is any server.

    Parameters
    ----------
    engine : str
        One of `HOSTS`, or a `Host` that a plugin brings.
    url : str or None

    Raises
    ------
    UnknownModel
        There is no such engine.
    BrokenPlugin
        A plugin brings it, and cannot be used; or it is not a `Host`.
    """
    host = HOSTS.get(engine) or engine_of(engine)
    if not isinstance(host, Host):
        raise BrokenPlugin(f"{engine}: its row must be a vlmkit.providers.hosts.Host, as it is opened like one.")
    elsewhere = engine == ANY_SERVER.name and url and urlsplit(url).hostname != urlsplit(host.url).hostname
    return ANY_SERVER if elsewhere else host


def addresses_of(host: Host, url: str | None, table: Mapping[str, Any]) -> list[str]:
    """Base addresses of a host, each once: as given, else as the host's own variable says (``OLLAMA_HOST``), else
    ``[hosts.NAME] url`` of vlmkit.toml, else its usual one.

    Parameters
    ----------
    host : Host
    url : str or None
        One address, or several with commas between.
    table : mapping
        What vlmkit.toml says about the host.

    Raises
    ------
    BadSetting
        One of them cannot be used; says where it comes from.
    """
    said = os.environ.get(host.url_variable or "", "").strip().strip("\"'")
    if url:
        given, origin = url, ""
    elif said:
        # Ollama reads its own name so.
        given, origin = said.replace("ollama.com", "https://ollama.com", said == "ollama.com"), f"{host.url_variable}: "
    else:
        given, origin = table.get("url") or host.url, f"[hosts.{host.name}] url: "
    try:
        parts = filter(None, map(str.strip, given.split(",")))
        return list(dict.fromkeys(complete_address(part, usual=host.url, native=host.native) for part in parts))
    except BadSetting as error:
        raise BadSetting(f"{origin}{error}") from error


def sites_of(
    host: Host,
    *,
    url: str | None = None,
    table: Mapping[str, Any] | None = None,
    api_key: str | None = None,
    allow_remote: bool | None = None,
    model: str = "",
) -> list[tuple[str, str | None]]:
    """Addresses and their keys, checked; parameters and errors as for `connect`."""
    table, model = table or {}, model or host.name
    addresses = addresses_of(host, url, table)
    check_permission(model, hosts_elsewhere(addresses), allow_remote)
    return [(address, api_key_of(host, address, table=table, api_key=api_key, model=model)) for address in addresses]


def api_key_of(
    host: Host, url: str, *, table: Mapping[str, Any], api_key: str | None = None, model: str = ""
) -> Key | None:
    """Key for one address: the argument, the variable that vlmkit.toml names, the host's own variable.

    Parameters
    ----------
    host : Host
    url : str
        The key of a hosted service goes to that service's address and nowhere else.
    table : mapping
        What vlmkit.toml says about the host.
    api_key : str or None, default None
        None is what the variable says.
    model : str, default the host's name
        What messages are about.

    Raises
    ------
    MissingKey
        The host needs one, and there is none.
    BadSetting
        It cannot be sent.
    """
    at_home = _is_at_home(host, url)
    variable = table.get("key_variable") or (host.key_variable if at_home else None)
    given, where = api_key, "api_key"
    if given is None:
        given, where = os.environ.get(variable or ""), str(variable)
    if given and given.strip():
        return _sendable(given.strip(), where)
    if host.needs_key and at_home:
        message = (
            f"{model or host.name} needs an API key, and {variable} is not set. Set that environment variable, or "
            'give api_key=… to vk.load. Without any key: model="tiny".'
        )
        raise MissingKey(message)
    return None


def _is_at_home(host: Host, url: str) -> bool:
    return not host.needs_key or origin_of(url) == origin_of(host.url)


def _sendable(key: str, where: str) -> Key:
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise BadSetting(f"{where}: the key has spaces or characters that no key has. Copy it again.")
    return Key(key)


def hosts_elsewhere(addresses: Sequence[str]) -> list[str]:
    """Names of the machines among these addresses that are not this one."""
    return [name for address in addresses if not is_loopback(name := check_url(address).hostname or "")]


def check_permission(model: str, elsewhere: Sequence[str], allow_remote: bool | None) -> None:
    """See that pictures may be sent to other machines, as things stand now.

    Parameters
    ----------
    model : str
        What the message is about.
    elsewhere : sequence of str
        Names of those machines; none needs no permission.
    allow_remote : bool or None
        What the caller was given; None is the setting.

    Raises
    ------
    BadSetting
        It was not allowed.
    """
    if elsewhere and not settings.get("allow_remote", allow_remote):
        raise BadSetting(_not_allowed(model, elsewhere[0]))


def _not_allowed(model: str, hostname: str) -> str:
    return (
        f"{model} is on {hostname}, which is not this machine, and pictures leave it only when that was allowed. "
        "Allow it in any of these ways:\n"
        "  allow_remote=True in vk.load or vk.use\n"
        "  the environment variable VLMKIT_ALLOW_REMOTE=true\n"
        f"  {FILE_NAME}:  [privacy]  allow_remote = true"
    )


def server_identity(name: ModelName) -> Hashable:
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
        As `server_identity`.
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
    return frozen(found), tuple(file_stamp(file) for file in files if file)
