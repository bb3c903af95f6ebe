"""The application: settings in, something that uvicorn can serve out."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from vlmkit import settings
from vlmkit.chat import ChatError, ChatLimits
from vlmkit.errors import BadSetting
from vlmkit.server.access import Access, Gate, access_of
from vlmkit.server.catalog import Catalog
from vlmkit.server.problems import error_response
from vlmkit.server.routes import Routes
from vlmkit.server.switchboard import Switchboard
from vlmkit.server.tickets import QueueLimits

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["Application", "ServerOptions", "application_of", "server_options"]

_CODES = {
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing here. Chat completions are at POST /v1/chat/completions."),
    HTTPStatus.METHOD_NOT_ALLOWED: (
        "method_not_allowed",
        "This method is not allowed here. Use GET or POST.",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerOptions:
    """Everything about a server but its models.

    Attributes
    ----------
    port : int
        0 takes one that is free.
    access : Access
    limits : QueueLimits
    chat_limits : ChatLimits
    image_hosts : tuple of str
    largest_request_bytes : int
    """

    port: int
    access: Access
    limits: QueueLimits = field(default_factory=QueueLimits)
    chat_limits: ChatLimits = field(default_factory=ChatLimits)
    image_hosts: tuple[str, ...] = ()
    largest_request_bytes: int = 64 * 2**20


def server_options(*, keys: tuple[str, ...] = (), needs_key: bool = True, **arguments: object) -> ServerOptions:
    """Options as the settings have them now.

    Parameters
    ----------
    keys : tuple of str, default ()
    needs_key : bool, default True
        Whether an address that other machines reach needs a key.
    **arguments : object
        Settings of the table ``[server]`` that the caller was given; None is not given.

    Raises
    ------
    BadSetting
        One of them cannot be used, or other machines could ask without a key.
    """
    named = ("queue_size", "max_loaded", "request_timeout_s", "switch_wait_s", "idle_unload_s", "shutdown_timeout_s")
    found = {name: settings.get(name, arguments.pop(name, None)) for name in _NAMES}
    if arguments:
        raise BadSetting(
            f"{next(iter(arguments))!r} is an unknown option of a server. Options are: {', '.join(_NAMES)}."
        )
    access = access_of(
        found["host"],
        keys=keys,
        needs_key=needs_key,
        allowed_hosts=found["allowed_hosts"],
        allowed_origins=found["allowed_origins"],
    )
    return ServerOptions(
        port=found["port"],
        access=access,
        limits=QueueLimits(**{name: found[name] for name in named}),
        chat_limits=ChatLimits(max_tokens=found["max_answer_tokens"], timeout_s=found["answer_timeout_s"]),
        image_hosts=found["image_hosts"],
        largest_request_bytes=found["largest_request_bytes"],
    )


_NAMES = tuple(setting.name for setting in settings.SETTINGS.values() if setting.table == "server")


@dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """What is served, and the switchboard behind it.

    Attributes
    ----------
    asgi : Gate
    board : Switchboard
    """

    asgi: Gate
    board: Switchboard


def application_of(catalog: Catalog, options: ServerOptions) -> Application:
    """Put a server together; nothing is loaded yet.

    Parameters
    ----------
    catalog : mapping of str to CatalogEntry
    options : ServerOptions
    """
    board = Switchboard(catalog, options.limits, options.chat_limits, options.image_hosts)
    routes = Routes(board, options.largest_request_bytes, has_key=bool(options.access.keys))
    app = Starlette(routes=routes.table(), exception_handlers={HTTPException: _not_here})
    app.router.redirect_slashes = False
    return Application(asgi=Gate(app, options.access), board=board)


async def _not_here(_request: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code) if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    code, message = _CODES.get(status, (None, f"{status.phrase}."))
    allowed = dict(error.headers or {}) if isinstance(error, HTTPException) else {}  # which methods there are
    response = error_response(ChatError(message, status=status, code=code))
    response.headers.update(allowed)
    return response
