"""Addresses of servers as people write them: told from the model's name before them, and brought into one form.

``host:8000`` is understood; what could mean another server than the person thinks is an error. Keys are never repeated.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from vlmkit.errors import BadSetting

__all__ = ["read_address", "read_addresses", "split_address", "without_secrets"]

# A scheme, rightly written or not: http://, http//, http:/x, htp://, ftp://.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?:[:;]/|//)")
_CERTAIN = re.compile(
    r"""\[ | :\d                              # [::1], :11434
    | [^/]*[:,]                               # a port, or several addresses
    | localhost(?:/|$) | [^/]*\.localhost(?:/|$)
    | \d{1,3}(?:\.\d{1,3}){3}(?:/|$)
    | (?:[A-Za-z0-9-]+\.)+(?!gguf)[A-Za-z]{2,}(?:/|$)
    | [A-Za-z0-9.-]+/(?:v\d\w*|api)(?:/|$)""",
    re.VERBOSE,
)
_DIGEST = re.compile(r"sha256[:-][0-9a-fA-F]+")
_PATH_STARTS = ("/", "./", "../", "~")
_UNSAFE = re.compile(r"[^!-\[\]-~]")
_NUMBER = re.compile(r"\d+|0[xX][0-9a-fA-F]*")
_ADVICE = "Give scheme, host and base path, as http://localhost:8000/v1."


def split_address(engine: str, text: str, at_sign: str = "unclear") -> tuple[str, str | None]:
    """A model's name, and the address of its server where one stands behind an ``@``.

    Parameters
    ----------
    engine : str
        A host, as ``"ollama"``, for messages.
    text : str
        What stands behind ``engine:``.
    at_sign : {"address", "variant", "unclear"}, default "unclear"
        As `EngineSpec.at_sign`.

    Returns
    -------
    name : str
    address : str or None
        As `read_addresses` gives it.

    Raises
    ------
    BadSetting
        What stands behind the @ is not an address, or could be one or a part of the name.
    """
    signs = [match.start() for match in re.finditer("@", text)][text.startswith("@") :]
    at = next((sign for sign in signs if _SCHEME.match(text, sign + 1)), None)
    if at is not None:
        return text[:at].rstrip(), read_addresses(text[at + 1 :])
    return _split_at_the_last(engine, text, at_sign)


def _split_at_the_last(engine: str, text: str, at_sign: str) -> tuple[str, str | None]:
    """Where no scheme says that an address begins."""
    name, found, tail = text.rpartition("@")
    name, tail = name.rstrip(), tail.strip()
    if not (found and name) or _DIGEST.fullmatch(tail) or _is_variant(at_sign, name, tail):
        return text, None
    if ":" in name.partition("@")[2]:
        raise BadSetting(_secret(without_secrets(tail)))
    if tail and not _CERTAIN.match(tail) and at_sign != "address":
        raise BadSetting(_ambiguous(engine, name, tail))
    return name, read_addresses(tail)


def _is_variant(at_sign: str, name: str, tail: str) -> bool:
    named = at_sign == "variant" or name.startswith(_PATH_STARTS)
    return named and bool(tail) and not _CERTAIN.match(tail)


def read_addresses(text: str) -> str:
    """Several addresses with commas between, each as `read_address` gives it.

    Parameters
    ----------
    text : str

    Raises
    ------
    BadSetting
        As `read_address`; or there is none.
    """
    read = [read_address(part) for part in text.split(",") if part.strip()]
    if not read:
        raise BadSetting(f"no address stands behind the @. {_ADVICE}")
    return ",".join(dict.fromkeys(read))


def read_address(text: str) -> str:
    """A server's address in its one form: scheme, host, port where one was given, path without a slash at its end.

    Where no scheme was given it is http, https for port 443; without a port, too, it stays without, as the engine
    knows both. All addresses of a machine (0.0.0.0) are taken for that machine.

    Parameters
    ----------
    text : str
        ``"http://host:8000/v1"``, ``"host:8000"``, ``":8000"`` for this machine, ``"[::1]:8000"``.

    Raises
    ------
    BadSetting
        It is not an address of a server, has a password, a key or a query in it; the message does not repeat that.

    Examples
    --------
    >>> read_address("192.168.1.5:11434/"), read_address("HTTP://GPU-box//v1/"), read_address("gpu-box")
    ('http://192.168.1.5:11434', 'http://gpu-box/v1', 'gpu-box')
    """
    text = text.strip()
    shown = without_secrets(text)
    scheme, parts = _taken_apart(text, shown)
    port, host = parts.port, _host_of(parts, scheme)
    if not host or port == 0:
        raise _no_address(shown)
    place = f"[{host}]" if ":" in host else host
    path = re.sub("/+", "/", parts.path).rstrip("/")
    if port is None:
        return (f"{scheme}://" if scheme else "") + place + path
    usual = "https" if port == 443 else "http"
    return f"{scheme or usual}://{place}:{port}{path}"


def _taken_apart(text: str, shown: str) -> tuple[str, SplitResult]:
    scheme, found, rest = text.partition("://")
    if not found:
        scheme, rest = "", text
    wrong_scheme = scheme.lower() not in {"http", "https"} if found else _SCHEME.match(text)
    if wrong_scheme or _UNSAFE.search(text):
        raise _no_address(shown)
    try:
        parts = urlsplit(f"//{_bracketed(rest)}")
        _ = parts.port  # checked when it is asked for
    except ValueError:
        raise _no_address(shown) from None
    if "@" in parts.netloc:
        raise BadSetting(_secret(shown))
    if "?" in text or "#" in text:
        message = f"the address {shown!r} goes on with a query (? or #), which a base address has not."
        raise BadSetting(f"{message} Leave it away; a key goes to api_key, other options to extra_body.")
    return scheme.lower(), parts


def _no_address(shown: str) -> BadSetting:
    return BadSetting(f"{shown!r} is not an address of a server. {_ADVICE}")


def without_secrets(text: str) -> str:
    """An address for a message: without user and password, and without its query; ``…`` where these are not clear."""
    if re.search("[?#].*@", text):
        return "…"
    scheme = _SCHEME.match(text) if "@" in text else None
    start = scheme[0].rstrip("/") + "//" if scheme else ""
    return start + re.split("[?#]", text.rpartition("@")[2])[0]


def _bracketed(text: str) -> str:
    """An IPv6 number that stands alone gets its brackets, except where its end may be meant as a port."""
    if text.count(":") < 2 or text.startswith("[") or not re.fullmatch(r"[0-9a-fA-F:.]+", text):
        return text
    import ipaddress  # only now: it takes as long to import as ten requests

    ipaddress.IPv6Address(text)
    if re.search(r":\d{4,5}$", text):
        raise ValueError(text)
    return f"[{text}]"


def _host_of(parts: SplitResult, scheme: str) -> str:
    is_port_alone = parts.netloc == f":{parts.port}" and not scheme
    return _host("localhost" if is_port_alone else parts.hostname or "")


def _host(name: str) -> str:
    """A host's name or number; empty where it is none. An IPv4 number cut short would lead elsewhere."""
    last = name.rstrip(".").rpartition(".")[2]
    if name in {"127.0.0.1", "localhost"} or not (":" in name or _NUMBER.fullmatch(last)):
        return "" if name in {"http", "https"} or not _encodable(name) else name
    import ipaddress

    try:
        number = ipaddress.ip_address(name)
    except ValueError:
        return ""
    if number.is_unspecified:
        return "::1" if number.version == 6 else "127.0.0.1"
    return name


def _encodable(name: str) -> bool:
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True


def _secret(shown: str) -> str:
    return f"the address of {shown} has a user or password in it. Give the key as api_key instead."


def _ambiguous(engine: str, name: str, tail: str) -> str:
    return (
        f"{engine}:{name}@{tail}: is {tail!r} a server, or a part of the model's name? For a server write its whole "
        f"address, {engine}:{name}@http://{tail.partition('/')[0]}:PORT/v1; for a name put the address behind it, "
        f"{engine}:{name}@{tail}@http://HOST:PORT/v1."
    )
