"""Who may ask: keys, the names by which the server may be called, and web pages; before anything of a request is read.

A server on this machine is reached by every web page that is open on it. So a page is answered only where its origin is
allowed (or its own), and a name that is not the server's is refused: a page can let its own name lead to 127.0.0.1.
"""

from __future__ import annotations

import hmac
import ipaddress
import logging
import os
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response

from vlmkit.chat import ChatError
from vlmkit.errors import BadSetting
from vlmkit.server.problems import error_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["KEY_VARIABLE", "Access", "Gate", "access_of", "is_own_address", "keys_of"]

KEY_VARIABLE = "VLMKIT_API_KEY"

_LOG = logging.getLogger("vlmkit.access")
_OPEN_PATHS = frozenset({"/health", "/ready"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_LONGEST_AGE_S = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Access:
    """Who may ask.

    Attributes
    ----------
    host : str
        Address that the server listens at.
    keys : tuple of str, default ()
        Any of them opens; without one the server is open to all who reach it.
    allowed_hosts : tuple of str, default ()
        Names by which it may be called, beside those of this machine; where it listens to other machines and none is
        given, any name.
    allowed_origins : tuple of str, default ()
        Web pages that may call it, as ``"https://page.example"``.
    """

    host: str
    keys: tuple[str, ...] = field(default=(), repr=False)
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()

    def check(self, path: str, headers: Headers) -> None:
        """See that a request may be answered.

        Parameters
        ----------
        path : str
        headers : Headers

        Raises
        ------
        ChatError
            It may not.
        """
        if not self._is_called_right(headers.get("host", "")):
            message = "The server is not called by this name. Allow it with --allowed-host, or call it localhost."
            raise ChatError(message, status=403, code="host_not_allowed")
        origin = headers.get("origin")
        if origin is not None and not self.allows_page(origin, headers.get("host", "")):
            message = "Pages of this origin may not call the server. Allow it with --allow-origin."
            raise ChatError(message, status=403, code="origin_not_allowed")
        if self.keys and path not in _OPEN_PATHS and not self._has_key(headers):
            message = "The key is missing or wrong. Send it as Authorization: Bearer KEY."
            raise ChatError(message, status=401, code="invalid_api_key")

    def allows_page(self, origin: str, host: str) -> bool:
        """Whether a web page may call the server: one that came from it, or is allowed.

        Parameters
        ----------
        origin, host : str
            As the headers have them.
        """
        return origin in self.allowed_origins or origin.partition("://")[2] == host

    def _is_called_right(self, host: str) -> bool:
        name = _hostname(host)
        if name in {each.lower() for each in self.allowed_hosts} or is_own_address(name):
            return True
        return not is_own_address(self.host) and not self.allowed_hosts

    def _has_key(self, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            given = headers.get("x-api-key", "")
        sent = given.strip().encode()
        found = [hmac.compare_digest(sent, key.encode()) for key in self.keys]  # all, so that time tells nothing
        return any(found)


class Gate:
    """ASGI: lets in who may ask, numbers requests, and writes a line about each; never what was asked.

    Parameters
    ----------
    app : callable
    access : Access
    """

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Parameters
        ----------
        scope : mapping
        receive, send : callable
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get("x-request-id", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = f"req_{secrets.token_hex(8)}"
        added = [("x-request-id", request_id), *self._of_page(headers)]
        status, start_s = 0, time.monotonic()

        async def send_more(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(dict(added))
            await send(message)

        try:
            await self._answer(scope, headers)(scope, receive, send_more)
        finally:
            took_s = time.monotonic() - start_s
            _LOG.info("%s %s %s %.3f s %s", scope["method"], _path(scope), status or 499, took_s, request_id)

    def _answer(self, scope: Scope, headers: Headers) -> ASGIApp:
        try:
            if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
                return self._preflight(headers)
            self._access.check(scope["path"], headers)
        except ChatError as error:
            return error_response(error)
        return self._app

    def _preflight(self, headers: Headers) -> Response:
        origin = headers.get("origin", "")
        if origin not in self._access.allowed_origins:
            message = "Pages of this origin may not call the server. Allow it with --allow-origin."
            return error_response(ChatError(message, status=403, code="origin_not_allowed"))
        allowed = {
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": "authorization, content-type, x-api-key, x-request-id",
            "access-control-max-age": str(_LONGEST_AGE_S),
        }
        return Response(status_code=204, headers=allowed)

    def _of_page(self, headers: Headers) -> Sequence[tuple[str, str]]:
        origin = headers.get("origin", "")
        if origin not in self._access.allowed_origins:
            return ()
        shown = ("access-control-expose-headers", "retry-after, x-request-id, x-should-retry")
        return ("access-control-allow-origin", origin), ("vary", "Origin"), shown


def access_of(
    host: str,
    *,
    keys: tuple[str, ...] = (),
    needs_key: bool = True,
    allowed_hosts: tuple[str, ...] = (),
    allowed_origins: tuple[str, ...] = (),
) -> Access:
    """Who may ask, seen to that other machines need a key.

    Parameters
    ----------
    host : str
        Address that the server listens at.
    keys : tuple of str, default ()
    needs_key : bool, default True
        Whether an address that other machines reach needs a key.
    allowed_hosts, allowed_origins : tuple of str, default ()
        As of `Access`.

    Raises
    ------
    BadSetting
        Other machines could ask without a key, or every web page could.
    """
    if "*" in allowed_origins:
        raise BadSetting("allowed_origins: '*' would let every web page ask. Name the pages, as https://page.example.")
    if needs_key and not keys and not is_own_address(host):
        message = (
            f"host={host!r} lets other machines ask, and there is no key. Set {KEY_VARIABLE}, or give "
            "--key-file (key=…); --no-auth (no_auth=True) lets everybody ask who reaches it."
        )
        raise BadSetting(message)
    return Access(host=host, keys=keys, allowed_hosts=allowed_hosts, allowed_origins=allowed_origins)


def keys_of(text: str | None, file: str | Path | None) -> tuple[str, ...]:
    """Keys that open the server: from a text, with commas between them, and from a file, one a line.

    Parameters
    ----------
    text : str or None
        None takes the environment variable ``VLMKIT_API_KEY``.
    file : str, Path or None

    Raises
    ------
    BadSetting
        The file cannot be read, or has no key.
    """
    found = [key.strip() for key in (text or os.environ.get(KEY_VARIABLE, "")).split(",")]
    if file is not None:
        try:
            lines = [line.strip() for line in Path(file).read_text(encoding="utf-8").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            raise BadSetting(
                f"--key-file {file}: it cannot be read ({type(error).__name__}). Name a text file."
            ) from error
        if not any(lines):
            raise BadSetting(f"--key-file {file}: there is no key in it. Write one into each line.")
        found += lines
    return tuple(dict.fromkeys(filter(None, found)))


def is_own_address(host: str) -> bool:
    """Whether a name or an address is this machine's own, reached from nowhere else.

    Parameters
    ----------
    host : str
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _hostname(host: str) -> str:
    """Of a ``Host`` header, in lower case and without its port."""
    name = host.rpartition(":")[0] if re.search(r":\d*$", host) and not host.endswith("]") else host
    return name.strip("[]").lower()


def _path(scope: dict[str, Any] | Any) -> str:
    """The path as it may stand in a log: it is the client's."""
    return "".join(letter if letter.isprintable() else "?" for letter in scope["path"][:200])
