"""The queues at work: models are opened and closed, requests get their turn, all on one event loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from typing import Any, TypeVar

from vlmkit import sources
from vlmkit.backends import Backend
from vlmkit.chat import ChatAdapter, ChatError, ChatJob, ChatLimits, ChatRequest
from vlmkit.errors import VlmkitError
from vlmkit.server.catalog import Catalog
from vlmkit.server.metrics import ServerMetrics
from vlmkit.server.problems import refused, without_addresses
from vlmkit.server.queues import Queues
from vlmkit.server.threads import LoopCalls, in_own_thread
from vlmkit.server.tickets import Action, Cancel, Close, Load, QueueLimits, Refuse, Start, Ticket

__all__ = ["QueuedRequest", "Switchboard"]

_LOG = logging.getLogger("vlmkit.server")
_PREPARING_THREADS = 4
_TICK_S = 0.1
_QUIET_TICK_S = 1.0
_CLOSING_S = 10.0
_SHOWN_CHARACTERS = 200
_PICTURE_BYTES = 20 * 2**20
_PICTURE_S = 10.0

Value = TypeVar("Value")


class QueuedRequest:
    """One request in the house, with what hangs on its ticket.

    Attributes
    ----------
    ticket : Ticket
    turn : asyncio.Future of ChatAdapter
        Done when its turn comes; a `ChatError` where it never does.
    job : ChatJob or None
        Its answer, once it is being written.
    """

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket
        self.turn: asyncio.Future[ChatAdapter] = asyncio.get_running_loop().create_future()
        self.job: ChatJob | None = None

    def attach(self, job: ChatJob) -> None:
        """Say which answer is to be cancelled with it.

        Parameters
        ----------
        job : ChatJob
        """
        self.job = job
        if self.ticket.refusal is not None or self.ticket.has_ended:
            job.cancel()


class Switchboard:
    """Does what the queues decide. Everything is called on one event loop.

    Parameters
    ----------
    catalog : mapping of str to CatalogEntry
    limits : QueueLimits
    chat_limits : ChatLimits
    image_hosts : sequence of str, default ()
        Where pictures may be fetched from.

    Attributes
    ----------
    queues : Queues
    metrics : ServerMetrics
    """

    def __init__(
        self, catalog: Catalog, limits: QueueLimits, chat_limits: ChatLimits, image_hosts: Sequence[str] = ()
    ) -> None:
        self.catalog = catalog
        self.chat_limits = chat_limits
        self.queues = Queues(catalog, limits)
        self.metrics = ServerMetrics()
        self.fetch = _fetcher(image_hosts) if image_hosts else None
        self._first_load: asyncio.Future[Exception | None] | None = None
        self._seats: dict[Ticket, QueuedRequest] = {}
        self._backends: dict[str, Backend] = {}
        self._adapters: dict[str, ChatAdapter] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._pool = ThreadPoolExecutor(_PREPARING_THREADS, "vlmkit-prepare")

    @cached_property
    def calls(self) -> LoopCalls:
        """What other threads have called on the event loop."""
        return LoopCalls()

    def backend(self, model: str) -> Backend | None:
        """An open model; None where it is not loaded.

        Parameters
        ----------
        model : str
        """
        return self._backends.get(model)

    async def in_pool(self, work: Callable[..., Value], *arguments: Any) -> Value:
        """Do something with pictures, beside the event loop.

        Parameters
        ----------
        work : callable
        *arguments
        """
        return await asyncio.get_running_loop().run_in_executor(self._pool, work, *arguments)

    def known(self, model: str) -> str:
        """The name of a model of the list.

        Parameters
        ----------
        model : str
            As a client wrote it.

        Raises
        ------
        ChatError
            With status 404: there is none.
        """
        if model not in self.catalog:
            known = ", ".join(self.catalog)
            message = f"model: there is no {model[:_SHOWN_CHARACTERS]!r} here. Give one of these: {known}."
            raise ChatError(message, status=404, param="model", code="model_not_found")
        return model

    def check(self, model: str) -> None:
        """See that a request for a model would be let in.

        Parameters
        ----------
        model : str

        Raises
        ------
        ChatError
            There is no such model, or its queue is full.
        """
        self.known(model)
        if refusal := self.queues.refusal(model):
            self.metrics.note_failure(model, refusal)
            raise refused(refusal, model, self.queues.eta_s(model))

    def enter(self, request: ChatRequest) -> QueuedRequest:
        """Put a request into its queue.

        Parameters
        ----------
        request : ChatRequest

        Raises
        ------
        ChatError
            As `check`.
        """
        self.check(request.model)
        ticket = self.queues.enter(request.model, is_streamed=request.is_streamed, weight=request.choices)
        seat = self._seats[ticket] = QueuedRequest(ticket)
        self.advance()
        return seat

    def leave(self, seat: QueuedRequest, *, is_answer: bool) -> None:
        """A request has its answer, or its client is gone; what is still being written for it is cancelled.

        Parameters
        ----------
        seat : QueuedRequest
        is_answer : bool
        """
        self._seats.pop(seat.ticket, None)
        self.queues.end(seat.ticket, is_answer=is_answer)
        if seat.job is not None:
            seat.job.cancel()
        if not seat.turn.cancel() and not seat.turn.cancelled():
            seat.turn.exception()  # that nobody asked for it is no fault
        self.advance()

    def told(self, seat: QueuedRequest, error: ChatError) -> ChatError:
        """What the client is told of a failed answer: why it was cancelled, where it was; never a server's address.

        The address is in the log, whose readers may know it.

        Parameters
        ----------
        seat : QueuedRequest
        error : ChatError
            It is changed.
        """
        model = seat.ticket.model
        if seat.ticket.refusal is not None:
            return refused(seat.ticket.refusal, model)
        names = {self.catalog[model].name: model}
        if (backend := self.backend(model)) is not None:
            names[backend.model] = model
        words, addresses = without_addresses(str(error), names)
        if addresses:
            _LOG.warning("%s: %s from %s", model, type(error.__cause__).__name__, ", ".join(addresses))
        error.reword(words)
        return error

    def advance(self) -> None:
        """Do what is to be done now."""
        for action in self.queues.advance():
            self._perform(action)

    def start(self, first: str) -> asyncio.Future[Exception | None]:
        """Load the first model.

        Parameters
        ----------
        first : str

        Returns
        -------
        A future that ends with None once it is there, or with the reason why it is not.
        """
        self._first_load = asyncio.get_running_loop().create_future()
        self.queues.select(first)
        self.advance()
        return self._first_load

    async def run(self) -> None:
        """Let time pass in the queues, until everything was closed after `Queues.shut_down`."""
        while not self.queues.is_over:
            self.advance()
            await asyncio.sleep(_QUIET_TICK_S if self.queues.is_quiet else _TICK_S)

    async def stop(self) -> None:
        """Let nobody in, let answers end, and close all models; not longer than the limits say."""
        self.queues.shut_down()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.queues.limits.shutdown_timeout_s + _CLOSING_S):
                while not self.queues.is_over:
                    self.advance()
                    await asyncio.sleep(_TICK_S / 2)
        for task in self._tasks:
            task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _perform(self, action: Action) -> None:
        if isinstance(action, Load):
            self._spawn(self._load(action.model))
        elif isinstance(action, Close):
            self._spawn(self._close(action.model))
        elif isinstance(action, Start):
            self._begin(action.ticket)
        elif isinstance(action, Refuse):
            self._refuse(action.ticket)
        else:
            self._cancel(action)

    def _cancel(self, action: Cancel) -> None:
        job = self._seats[action.ticket].job
        if job is not None:  # else its pictures are being opened, and it is not asked afterwards
            job.cancel()

    def _begin(self, ticket: Ticket) -> None:
        turn = self._seats[ticket].turn
        self.metrics.note_turn(ticket.model, time.monotonic() - ticket.entered_s)
        if not turn.done():
            turn.set_result(self._adapters[ticket.model])

    def _refuse(self, ticket: Ticket) -> None:
        turn = self._seats[ticket].turn
        if ticket.refusal is not None and not turn.done():
            turn.set_exception(refused(ticket.refusal, ticket.model, self.queues.eta_s(ticket.model)))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _load(self, name: str) -> None:
        _LOG.info("loading %s", name)
        entry = self.catalog[name]
        try:
            backend = await in_own_thread(entry.open, "vlmkit-load")
        except Exception as error:  # noqa: BLE001  whatever keeps a model from being loaded, the server goes on
            _LOG.warning("%s cannot be loaded: %s: %s", name, type(error).__name__, _words(error))
            self.queues.load_failed(name, error)
            self._tell_first(error)
        else:
            self._backends[name] = backend
            self._adapters[name] = ChatAdapter(
                backend, limits=self.chat_limits, fetch=self.fetch, call_style=entry.call_style
            )
            self.queues.loaded(name, backend.abilities.parallel_asks)
            self._tell_first(None)
            _LOG.info("%s is loaded", name)
        self.metrics.note_load(name, is_well=name in self._backends)
        self.advance()

    def _tell_first(self, error: Exception | None) -> None:
        if self._first_load is not None and not self._first_load.done():
            self._first_load.set_result(error)

    async def _close(self, name: str) -> None:
        _LOG.info("closing %s", name)
        self._adapters.pop(name)
        backend = self._backends.pop(name)
        try:
            await in_own_thread(lambda: self.catalog[name].close(backend), "vlmkit-close")
        except Exception as error:  # noqa: BLE001  a model that cannot be closed is gone all the same
            _LOG.warning("%s could not be closed: %s", name, type(error).__name__)
        self.queues.closed(name)
        self.advance()


def _words(error: Exception) -> str:
    """Of an error of ours the message; of another library's there may be anything in it."""
    return str(error) if isinstance(error, VlmkitError) else "see vlmkit health"


def _fetcher(hosts: Sequence[str]) -> Callable[[str], bytes]:
    """What gets pictures behind addresses: of these hosts alone, at public addresses alone, of limited size."""
    allowed = frozenset(host.lower() for host in hosts)

    def fetch(url: str) -> bytes:
        limits = sources.Limits.in_force(largest_download_bytes=_PICTURE_BYTES, download_timeout_s=_PICTURE_S)
        return sources.fetch(url, "image_url", limits, hosts=allowed)

    return fetch
