"""Where an MCP server is: a command that starts it, or an address; how long to wait; and what must not be shown.

Takes what a person wrote. Nothing is started or looked up here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path, PurePath
from urllib.parse import urlsplit

from vlmkit.backends import without_secrets
from vlmkit.errors import BadSetting

__all__ = ["ServerTarget", "is_secret", "server_target"]

START_TIMEOUT_S = 60.0  # `npx` may have to download the server first
TIMEOUT_S = 60.0

_BLOT = "***"
_SHORTEST_SECRET = 4
_SECRET_NAME = re.compile(r"key|token|secret|passw|auth|credential|cookie|session", re.IGNORECASE)
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, kw_only=True)
class ServerTarget:
    """One MCP server, before it is started or reached; made by `server_target`.

    Attributes
    ----------
    name : str
        What messages and tools call it.
    command : tuple of str, default ()
        Program and arguments, for a server that is started here and spoken to over its input and output (stdio).
    url : str or None, default None
        Address, for a server that is spoken to over streamable HTTP.
    env : mapping of str to str, default {}
        Variables of a started server, beside the few that it inherits.
    cwd : str or None, default None
        Folder in which it is started.
    headers : mapping of str to str, default {}
        Sent with every HTTP request.
    start_timeout_s, timeout_s : float
        Seconds until it must have answered for the first time, and within which it must answer a call.
    secrets : frozenset of str, default frozenset()
        Values that no message may have in it.
    """

    name: str
    command: tuple[str, ...] = field(default=(), repr=False)
    url: str | None = field(default=None, repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    start_timeout_s: float = START_TIMEOUT_S
    timeout_s: float = TIMEOUT_S
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def place(self) -> str:
        """The program's name or the address, fit to be shown: arguments and queries may have keys in them."""
        return without_secrets(self.url) if self.url else PurePath(self.command[0]).name

    @property
    def is_loopback(self) -> bool:
        """Whether an address is this machine by its very form."""
        host = urlsplit(self.url or "").hostname or ""
        return host in {"localhost", "::1"} or host.startswith("127.") or host.endswith(".localhost")

    def redact(self, text: str) -> str:
        """A text without the values of this server's keys.

        Parameters
        ----------
        text : str
        """
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, _BLOT)
        return text


def server_target(
    where: str | Sequence[str],
    *,
    name: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    headers: Mapping[str, str] | None = None,
    start_timeout_s: float = START_TIMEOUT_S,
    timeout_s: float = TIMEOUT_S,
    secrets: frozenset[str] = frozenset(),
) -> ServerTarget:
    """Check what a person wrote about a server.

    Parameters
    ----------
    where : str or sequence of str
        An address, as ``"http://localhost:8000/mcp"``; or a command, as ``["npx", "-y", "some-server"]``.
    name : str or None, default None
        None takes the host's or the program's name.
    env : mapping of str to str or None, default None
    cwd : str, Path or None, default None
    headers : mapping of str to str or None, default None
    start_timeout_s : float, default 60
    timeout_s : float, default 60
    secrets : frozenset of str, default frozenset()
        Further values that must not be shown. Values of headers, of variables whose name says that they are a key,
        and passwords in an address never are.

    Raises
    ------
    BadSetting
        Something of it cannot be used; says what.
    """
    url, command = _url_or_command(where)
    shown = name or (str(urlsplit(url).hostname) if url else PurePath(command[0]).stem)
    env, headers = _texts(env, shown, "env"), _texts(headers, shown, "headers")
    _check(shown, url, env, headers)
    for what, value in (("start_timeout_s", start_timeout_s), ("timeout_s", timeout_s)):
        if not _is_seconds(value):
            raise BadSetting(f"MCP server {shown}: {what}={value!r} cannot be used. Give seconds above 0.")
    return ServerTarget(
        name=shown,
        command=command,
        url=url,
        env=env,
        cwd=os.path.expanduser(cwd) if cwd else None,  # noqa: PTH111  stays a text
        headers=headers,
        start_timeout_s=float(start_timeout_s),
        timeout_s=float(timeout_s),
        secrets=frozenset(_secrets(url, command, env, headers) | secrets),
    )


def is_secret(name: str) -> bool:
    """Whether a variable or option is called like something that must not be shown.

    Parameters
    ----------
    name : str
    """
    return bool(_SECRET_NAME.search(name))


def _url_or_command(where: object) -> tuple[str | None, tuple[str, ...]]:
    if isinstance(where, str):
        if not _is_address(where.strip()):
            message = (
                f"{without_secrets(where)!r} is no address of an MCP server. Give one with its scheme, as "
                '"http://localhost:8000/mcp"; or a command as a list, as ["npx", "-y", "some-server"].'
            )
            raise BadSetting(message)
        return where.strip(), ()
    command = tuple(map(_part, where)) if isinstance(where, list | tuple) else ()
    if not all(command[:1] or [""]) or None in command:
        message = (
            f"A {type(where).__name__} cannot start an MCP server. Give the program and its arguments as a list of "
            'texts, as ["npx", "-y", "some-server"]; or an address, as "http://localhost:8000/mcp".'
        )
        raise BadSetting(message)
    program, *arguments = map(str, command)
    return None, (os.path.expanduser(program), *arguments)  # noqa: PTH111  stays a text


def _part(part: object) -> str | None:
    """A part of a command as a text; None where it can be none."""
    text = str(part) if isinstance(part, PurePath) else part
    return text if isinstance(text, str) and "\0" not in text else None


def _is_address(text: str) -> bool:
    with suppress(ValueError):  # of brackets and ports
        parts = urlsplit(text)
        _ = parts.port
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and text.isprintable() and " " not in text
    return False


def _texts(given: object, name: str, what: str) -> dict[str, str]:
    """Names and values as texts: numbers and flags are written as they stand in a file of JSON."""
    if not isinstance(given, Mapping | None):
        raise BadSetting(f"MCP server {name}: {what} is not a mapping of names to texts.")
    read = {}
    for key, value in (given or {}).items():
        if isinstance(value, bool):
            value = str(value).lower()  # noqa: PLW2901
        if not isinstance(key, str) or not isinstance(value, str | int | float):
            raise BadSetting(f"MCP server {name}: {what}, entry {key!r}: the value is not a text.")
        read[key] = str(value)
    return read


def _check(name: str, url: str | None, env: Mapping[str, str], headers: Mapping[str, str]) -> None:
    for key in (key for key, value in env.items() if not _is_variable(key, value)):
        raise BadSetting(f"MCP server {name}: env, entry {key!r} cannot be a variable. Correct its name or value.")
    for key in (key for key, value in headers.items() if not _is_header(key, value)):
        raise BadSetting(f"MCP server {name}: headers, entry {key!r} cannot be sent. Names and values are plain ASCII.")
    if url and env:
        raise BadSetting(f"MCP server {name}: env is for a server that a command starts. An address takes headers.")
    if headers and not url:
        raise BadSetting(f"MCP server {name}: headers are for a server at an address. A command takes env.")


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


def _is_variable(name: str, value: str) -> bool:
    return bool(name) and "=" not in name and "\0" not in name + value


def _is_header(name: str, value: str) -> bool:
    return bool(_HEADER_NAME.fullmatch(name)) and value.isprintable() and value.isascii()


def _secrets(url: str | None, command: Sequence[str], env: Mapping[str, str], headers: Mapping[str, str]) -> set[str]:
    found = {value for key, value in env.items() if is_secret(key)} | _secret_options(command)
    for value in headers.values():
        found |= {value, *value.split()[1:]}  # the key behind "Bearer" too
    parts = urlsplit(url or "")
    found |= {parts.password or "", *(piece.partition("=")[2] for piece in parts.query.split("&"))}
    return {value for value in found if len(value) >= _SHORTEST_SECRET}


def _secret_options(command: Sequence[str]) -> set[str]:
    found = set()
    for part, following in zip_longest(command, command[1:], fillvalue=""):
        option, has_value, value = part.partition("=")
        if option.startswith("-") and is_secret(option):
            found.add(value if has_value else following)
    return found
