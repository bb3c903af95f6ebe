"""A server that runs: uvicorn on one event loop, in a thread of its own."""

from __future__ import annotations

import asyncio
import atexit
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import uvicorn

from vlmkit.errors import MissingExtra, ModelLoadFailed
from vlmkit.notebook import WidgetBacked, notebook_shell
from vlmkit.server.app import Application, ServerOptions, application_of
from vlmkit.server.catalog import Catalog
from vlmkit.server.hosting import address_of, bind, uvicorn_config
from vlmkit.server.showing import card
from vlmkit.server.tickets import ModelQueue, ModelState

__all__ = ["ModelStatus", "RunningServer", "ServerStatus"]

_START_TICK_S = 0.05


class _Server(uvicorn.Server):
    """uvicorn, which ends when the switchboard has."""

    def __init__(self, application: Application, first: str) -> None:
        super().__init__(uvicorn_config(application.asgi))
        self.load_error: Exception | None = None
        self._board = application.board
        self._first = first
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._is_unwanted = False

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        first_load = self._board.start(self._first)
        ticking = asyncio.create_task(self._board.run())
        starting = asyncio.create_task(self._watch(first_load))
        if self._is_unwanted:
            self._begin_to_stop()
        try:
            await super().serve(sockets)
        finally:
            if self._stopping is None:
                await self._board.stop()
            for task in (ticking, starting):
                task.cancel()

    def ask_to_stop(self) -> None:
        """From any thread: let answers end, then end."""
        self._is_unwanted = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._begin_to_stop)

    def _begin_to_stop(self) -> None:
        if self._stopping is None:
            self._stopping = asyncio.get_running_loop().create_task(self._stop())

    async def _stop(self) -> None:
        await self._board.stop()
        self.should_exit = True

    async def _watch(self, first_load: asyncio.Future[Exception | None]) -> None:
        """A server whose first model cannot be loaded has nothing to say."""
        self.load_error = await first_load
        if self.load_error is not None:
            self._begin_to_stop()


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelStatus:
    """How one model of a server stands.

    Attributes
    ----------
    name : str
        What clients call it.
    state : {"unloaded", "loading", "loaded", "closing", "failed"}
    running : int
        Requests that it answers.
    waiting : int
        Requests in its queue.
    error : str or None
        Why the latest load failed, where it did.
    """

    name: str
    state: str
    running: int
    waiting: int
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerStatus:
    """How a server stands.

    Attributes
    ----------
    models : tuple of ModelStatus
    generation_tokens : int
        Written since the start.
    tokens_per_s : float
        Of the answers that ended in the last ten seconds.
    """

    models: tuple[ModelStatus, ...]
    generation_tokens: int
    tokens_per_s: float


class RunningServer(WidgetBacked):
    """A server in a thread of this process; a notebook shows how it stands.

    Parameters
    ----------
    catalog : mapping of str to CatalogEntry
    options : ServerOptions

    Attributes
    ----------
    url : str
        What clients call ``base_url``.
    models : list of str
        What they may call ``model``.

    Raises
    ------
    SetupError
        The address cannot be used, or the first model cannot be loaded.
    """

    widget_name = "vlmkit.widgets.server_panel:ServerPanel"

    def __init__(self, catalog: Catalog, options: ServerOptions) -> None:
        listener = bind(options.access.host, options.port)
        self.url = address_of(listener, "/v1")
        self.models = list(catalog)
        self._has_key = bool(options.access.keys)
        self._application = application_of(catalog, options)
        self._server = _Server(self._application, self.models[0])
        self._thread = threading.Thread(target=self._run, args=[listener], name="vlmkit-server", daemon=True)
        self._thread.start()
        atexit.register(self.stop)
        try:
            self._wait_for_first_load()
        except BaseException:  # an impatient Ctrl-C, too
            self._server.ask_to_stop()
            atexit.unregister(self.stop)
            raise

    @property
    def is_running(self) -> bool:
        """Whether it answers."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Let nobody in, let answers end, close the models; twice is fine."""
        atexit.unregister(self.stop)  # whoever interrupts it does not want to wait at the end
        self._server.ask_to_stop()
        self._thread.join()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until it has ended, whoever ends it.

        Parameters
        ----------
        timeout_s : float or None, default None
            None is as long as it takes.

        Returns
        -------
        bool
            Whether it has.
        """
        self._thread.join(timeout_s)
        return not self.is_running

    def status(self) -> ServerStatus:
        """Which models are there, who waits, how fast answers are written; from any thread."""
        board = self._application.board
        models = tuple(_status_of(queue) for queue in board.queues.models.values())
        metrics = board.metrics
        return ServerStatus(models=models, generation_tokens=metrics.tokens_written, tokens_per_s=metrics.tokens_per_s)

    def connection_card(self) -> dict[str, str]:
        """How clients reach it, as ``text/plain`` and ``text/html``; without the key."""
        return card(self.url, self.models, has_key=self._has_key, is_running=self.is_running)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = "" if self.is_running else ", stopped"
        return f"<server at {self.url}, models: {', '.join(self.models)}{state}>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if notebook_shell() is None or not self.is_running:
            return self.connection_card()
        try:
            return super()._repr_mimebundle_(**options)
        except MissingExtra:  # a server's machine may have been set up without widgets
            return self.connection_card()

    def _run(self, listener: socket.socket) -> None:
        asyncio.run(self._server.serve([listener]))

    def _wait_for_first_load(self) -> None:
        queue = self._application.board.queues.models[self.models[0]]
        while self._thread.is_alive() and not (self._server.started and queue.state is ModelState.LOADED):
            self._thread.join(_START_TICK_S)
        if self._server.load_error is not None:
            raise self._server.load_error
        if not self._thread.is_alive():
            raise ModelLoadFailed(f"The server at {self.url} ended while it started. See the log vlmkit.server.")


def _status_of(queue: ModelQueue) -> ModelStatus:
    error = None if queue.error is None else f"{type(queue.error).__name__}: {queue.error}"
    return ModelStatus(
        name=queue.name,
        state=queue.state.value,
        running=len(queue.running),
        waiting=len(queue.waiting),
        error=error,
    )
