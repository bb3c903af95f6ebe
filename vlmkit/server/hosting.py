"""An ASGI application behind an address: a socket, uvicorn on one event loop, a thread for both."""

from __future__ import annotations

import asyncio
import atexit
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import uvicorn

from vlmkit.errors import BadSetting

if TYPE_CHECKING:
    from starlette.types import ASGIApp

__all__ = ["HostedApplication", "address_of", "bind", "uvicorn_config"]

_KEEP_ALIVE_S = 75  # clients keep connections; one that is closed under them is an error there
_BACKLOG = 2048
_LEFTOVER_S = 5
_START_TICK_S = 0.02


def uvicorn_config(application: ASGIApp, *, has_lifespan: bool = False) -> uvicorn.Config:
    """How uvicorn answers: without a log of its own, a name, or web sockets.

    Parameters
    ----------
    application : callable
    has_lifespan : bool, default False
        Whether the application is told when the server starts and ends.
    """
    return uvicorn.Config(
        application,
        lifespan="on" if has_lifespan else "off",
        log_config=None,
        access_log=False,
        ws="none",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_LEFTOVER_S,
        backlog=_BACKLOG,
    )


def bind(host: str, port: int) -> socket.socket:
    """A socket at the address, before anything is loaded.

    Parameters
    ----------
    host : str
    port : int
        0 takes one that is free.

    Raises
    ------
    BadSetting
        The address is taken, or none of this machine.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        message = (
            f"{host}:{port}: cannot listen there ({error.strerror or error}). Give another host or port; 0 is free."
        )
        raise BadSetting(message) from error
    # asyncio has small writes sent at once only on sockets that say they are TCP. On others the first piece of an
    # answer would wait some 40 ms until the client's system confirms the headers.
    return socket.socket(listener.family, listener.type, socket.IPPROTO_TCP, fileno=listener.detach())


def address_of(listener: socket.socket, path: str) -> str:
    """The server's address for clients on this machine, as ``"http://127.0.0.1:2000/v1"``.

    Parameters
    ----------
    listener : socket
    path : str
        What comes behind the port, as ``"/v1"``.
    """
    host, port = listener.getsockname()[:2]
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  compared, not bound
    return f"http://{f'[{name}]' if ':' in name else name}:{port}{path}"


class HostedApplication:
    """An application that answers in a thread of this process, until it is stopped or the process ends.

    Parameters
    ----------
    application : callable
        ASGI; it is told when the server starts and ends.
    host : str
    port : int
        0 takes one that is free.
    path : str
        Where clients reach it, as ``"/mcp"``.

    Attributes
    ----------
    url : str

    Raises
    ------
    BadSetting
        The address cannot be used, or the application did not start; the log ``uvicorn.error`` says why.
    """

    def __init__(self, application: ASGIApp, host: str, port: int, *, path: str) -> None:
        listener = bind(host, port)
        self.url = address_of(listener, path)
        self._server = uvicorn.Server(uvicorn_config(application, has_lifespan=True))
        self._thread = threading.Thread(target=self._run, args=[listener], name="vlmkit-hosting", daemon=True)
        self._thread.start()
        atexit.register(self.stop)
        while self._thread.is_alive() and not self._server.started:
            self._thread.join(_START_TICK_S)
        if not self._thread.is_alive():
            raise BadSetting(f"The server at {self.url} ended while it started. See the log uvicorn.error.")

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Let nobody in, give answers in flight a few seconds, end; twice is fine."""
        atexit.unregister(self.stop)
        self._server.should_exit = True
        self._thread.join()

    def _run(self, listener: socket.socket) -> None:
        with listener, suppress(SystemExit):  # by which uvicorn ends where an application does not start
            asyncio.run(self._server.serve([listener]))
