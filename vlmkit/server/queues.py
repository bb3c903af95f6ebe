"""Who waits for which model, whose turn it is, and when a model makes room for another: decided, not done.

Nothing here waits, loads or knows of HTTP. What happens is told to `Queues`; `Queues.advance` then says what is to be
done now, and may be called at any time: it decides by how things stand, not by what was called last. All from one
thread.

* A queue for each model, first come first served; a request more than `queue_size` is refused at once.
* Requests for one model that is not loaded wait for one load. One load or closing at a time.
* Models are loaded in the order in which somebody first wanted them. An idle model makes room at once, the one least
  recently used before others. Where all are busy, one closes its turn after `switch_wait_s`: who is in its queue then
  is still answered, later ones wait for its next turn. So a model with a steady stream of requests keeps nobody out.
* A model that answers is never closed; what does not end within `drain_timeout_s` is cancelled first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from vlmkit.server.tickets import (
    Action,
    Cancel,
    Close,
    Load,
    ModelQueue,
    ModelState,
    Phase,
    QueueLimits,
    Refusal,
    Refuse,
    Start,
    Ticket,
    TicketStatus,
)

__all__ = ["Queues"]

_CHANGING = {ModelState.LOADING, ModelState.CLOSING}


class Queues:
    """The state of a server's queues.

    Parameters
    ----------
    models : iterable of str
        All names that there are.
    limits : QueueLimits or None, default None
        None is one with its defaults.
    now : callable, default `time.monotonic`
        The clock, in seconds.

    Attributes
    ----------
    models : dict of str to ModelQueue
        To look at; only methods change it.
    limits : QueueLimits
    pending : str or None
        The model for which another one makes room.
    """

    def __init__(
        self, models: Iterable[str], limits: QueueLimits | None = None, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.models = {name: ModelQueue(name) for name in models}
        self.limits = limits or QueueLimits()
        self.pending: str | None = None
        self._now = now
        self._last_number = 0
        self._refused: list[Ticket] = []
        self._stopping_since_s: float | None = None

    @property
    def is_stopping(self) -> bool:
        """Whether `shut_down` was called."""
        return self._stopping_since_s is not None

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to be done after `shut_down`."""
        held = {ModelState.LOADED, *_CHANGING}
        return self.is_stopping and not any(
            model.waiting or model.running or model.state in held for model in self.models.values()
        )

    @property
    def is_quiet(self) -> bool:
        """Whether nobody waits, so that nothing changes by time alone but for idle models."""
        return not self.is_stopping and not any(
            model.waiting or model.selected_s is not None for model in self.models.values()
        )

    def refusal(self, model: str) -> Refusal | None:
        """Why a request for a model would be refused now; None where it would be let in.

        Parameters
        ----------
        model : str
        """
        if self.is_stopping:
            return Refusal.SHUTTING_DOWN
        queue = self.models[model]
        failed_lately = self._now() - queue.changed_s < self.limits.load_retry_s and queue.selected_s is None
        if queue.state is ModelState.FAILED and failed_lately:
            return Refusal.MODEL_LOAD_FAILED
        free = max(0, queue.slots - queue.running_weight) if queue.state is ModelState.LOADED else 0
        return Refusal.QUEUE_FULL if len(queue.waiting) >= self.limits.queue_size + free else None

    def enter(self, model: str, *, is_streamed: bool = False, weight: int = 1) -> Ticket:
        """A request comes; it waits, or has its `refusal` at once.

        Parameters
        ----------
        model : str
        is_streamed : bool, default False
        weight : int, default 1
            Answers that it asks for.
        """
        refusal = self.refusal(model)
        self._last_number += 1
        ticket = Ticket(
            model=model,
            number=self._last_number,
            entered_s=self._now(),
            is_streamed=is_streamed,
            weight=weight,
            refusal=refusal,
            has_ended=refusal is not None,
        )
        if refusal is None:
            self.models[model].waiting.append(ticket)
        return ticket

    def end(self, ticket: Ticket, *, is_answer: bool = True) -> None:
        """A request has its answer, or its client is gone; twice is fine.

        Parameters
        ----------
        ticket : Ticket
        is_answer : bool, default True
            Whether how long it took says something about others.
        """
        if ticket.has_ended:
            return
        ticket.has_ended = True
        queue = self.models[ticket.model]
        if ticket.began_s is None:
            queue.waiting.remove(ticket)
            return
        queue.running.remove(ticket)
        if is_answer:
            queue.note_answer(self._now() - ticket.began_s, self._now())

    def select(self, model: str) -> Literal["already_active", "initiated", "conflict"]:
        """Somebody wants a model to be loaded.

        Parameters
        ----------
        model : str

        Returns
        -------
        str
            ``"conflict"``: another one is being loaded or waits for its place; nothing was changed.
        """
        queue = self.models[model]
        if queue.state is ModelState.LOADED:
            return "already_active"
        if queue.state is not ModelState.LOADING:
            if any(other.name != model and self._is_coming(other) for other in self.models.values()):
                return "conflict"
            queue.selected_s = self._now() if queue.selected_s is None else queue.selected_s
        return "initiated"

    def loaded(self, model: str, slots: int) -> None:
        """A model is there.

        Parameters
        ----------
        model : str
        slots : int
            Answers that it writes at the same time.
        """
        queue, now_s = self.models[model], self._now()
        queue.load_took_s = now_s - queue.changed_s
        queue.turn(ModelState.LOADED, now_s)
        queue.slots, queue.answers, queue.used_s = max(1, slots), 0, now_s
        queue.selected_s = queue.error = None

    def load_failed(self, model: str, error: Exception) -> None:
        """A model could not be loaded; all who wait for it are refused.

        Parameters
        ----------
        model : str
        error : Exception
        """
        queue = self.models[model]
        queue.turn(ModelState.FAILED, self._now())
        queue.error, queue.selected_s = error, None
        while queue.waiting:
            self._refused.append(queue.waiting.popleft())
            self._refused[-1].refusal, self._refused[-1].has_ended = Refusal.MODEL_LOAD_FAILED, True

    def closed(self, model: str) -> None:
        """A model has given everything back.

        Parameters
        ----------
        model : str
        """
        self.models[model].turn(ModelState.UNLOADED, self._now())

    def shut_down(self) -> None:
        """Let nobody in any more; what is being answered may end."""
        if self._stopping_since_s is None:
            self._stopping_since_s = self._now()

    def status(self, ticket: Ticket) -> TicketStatus:
        """How a request stands.

        Parameters
        ----------
        ticket : Ticket
        """
        queue = self.models[ticket.model]
        if ticket.began_s is not None or ticket.has_ended:
            return TicketStatus(phase=Phase.PROCESSING, position=0, eta_s=0.0)
        phases = {ModelState.LOADED: Phase.QUEUED, ModelState.LOADING: Phase.LOADING}
        phase = phases.get(queue.state, Phase.WAITING_FOR_MODEL)
        if queue.turn_end is not None and ticket.number > queue.turn_end:
            phase = Phase.WAITING_FOR_MODEL
        position = queue.waiting.index(ticket) + 1
        return TicketStatus(phase=phase, position=position, eta_s=queue.eta_s(position, self._now()))

    def eta_s(self, model: str) -> float | None:
        """Time until the turn of a request that would come now; None where nothing tells.

        Parameters
        ----------
        model : str
        """
        queue = self.models[model]
        return queue.eta_s(len(queue.waiting) + 1, self._now())

    def advance(self) -> list[Action]:
        """What is to be done now. What it says is taken as done: turns begin, models are loading or closing."""
        actions: list[Action] = []
        while found := [*self._stop(), *self._switch(), *self._admit(), *self._refuse(), *self._unload_idle()]:
            actions += found
        return actions

    def _is_coming(self, queue: ModelQueue) -> bool:
        return queue.state is ModelState.LOADING or queue.selected_s is not None or queue.name == self.pending

    def _admit(self) -> Iterator[Action]:
        for queue in self.models.values():
            while queue.state is ModelState.LOADED and queue.waiting and queue.lets_in(queue.waiting[0]):
                ticket = queue.waiting.popleft()
                ticket.began_s = self._now()
                queue.running.add(ticket)
                yield Start(ticket)

    def _refuse(self) -> Iterator[Action]:
        while self._refused:
            yield Refuse(self._refused.pop(0))
        for queue in self.models.values():
            for ticket in list(queue.waiting):
                if reason := self._reason_against(ticket):
                    queue.waiting.remove(ticket)
                    ticket.refusal, ticket.has_ended = reason, True
                    yield Refuse(ticket)

    def _reason_against(self, ticket: Ticket) -> Refusal | None:
        if self.is_stopping:
            return Refusal.SHUTTING_DOWN
        limit_s = self.limits.stream_timeout_s if ticket.is_streamed else self.limits.request_timeout_s
        return Refusal.QUEUE_TIMEOUT if self._now() - ticket.entered_s >= limit_s else None

    def _switch(self) -> Iterator[Action]:
        """Load what is wanted, where there is room; else see that there will be."""
        if self.is_stopping or any(queue.state in _CHANGING for queue in self.models.values()):
            return
        target = self._target()
        in_memory = [queue for queue in self.models.values() if queue.state is ModelState.LOADED]
        if target is None:
            self._let_all_in(in_memory)  # those for whom a turn was closed have left
        elif len(in_memory) < self.limits.max_loaded:
            self._let_all_in(in_memory)
            target.turn(ModelState.LOADING, self._now())
            yield Load(target.name)
        else:
            yield from self._make_room(target, in_memory)

    def _target(self) -> ModelQueue | None:
        """The model to be loaded next: the one for which room is being made, else the one wanted for longest."""
        if self.pending is not None and self.models[self.pending].wanted_since_s is not None:
            return self.models[self.pending]
        wanted = [(since, queue) for queue in self.models.values() if (since := queue.wanted_since_s) is not None]
        return min(wanted, key=lambda pair: pair[0])[1] if wanted else None

    def _make_room(self, target: ModelQueue, in_memory: list[ModelQueue]) -> Iterator[Action]:
        free = [queue for queue in in_memory if queue.is_idle or queue.is_drained]
        if free:
            leaving = min(free, key=lambda queue: queue.used_s)
            self._let_all_in(in_memory)
            self.pending = target.name
            leaving.turn(ModelState.CLOSING, self._now())
            yield Close(leaving.name)
            return
        draining = next((queue for queue in in_memory if queue.drain_s is not None), None)
        if draining is not None:
            yield from self._cancel_late(draining)
        elif self._now() - (target.wanted_since_s or 0.0) >= self.limits.switch_wait_s:
            stayed = [queue for queue in in_memory if queue.has_stayed(self.limits, self._now())]
            for queue in sorted(stayed, key=lambda queue: queue.changed_s)[:1]:
                self.pending = target.name
                queue.turn_end, queue.drain_s = self._last_number, self._now()

    def _let_all_in(self, in_memory: list[ModelQueue]) -> None:
        self.pending = None
        for queue in in_memory:
            queue.turn_end = queue.drain_s = None

    def _cancel_late(self, queue: ModelQueue) -> Iterator[Action]:
        if self._now() - (queue.drain_s or 0.0) >= self.limits.drain_timeout_s:
            queue.turn_end = 0  # those of the turn who still wait stay first in line for the next
            yield from self._cancelled(queue, Refusal.MODEL_SWITCH)

    def _cancelled(self, queue: ModelQueue, refusal: Refusal) -> Iterator[Action]:
        for ticket in queue.running:
            if ticket.refusal is None:
                ticket.refusal = refusal
                yield Cancel(ticket)

    def _unload_idle(self) -> Iterator[Action]:
        limit_s = self.limits.idle_unload_s
        if limit_s is None or any(queue.state in _CHANGING for queue in self.models.values()):
            return
        for queue in self.models.values():
            if queue.is_idle and self._now() - queue.used_s >= limit_s:
                queue.turn(ModelState.CLOSING, self._now())
                yield Close(queue.name)
                return

    def _stop(self) -> Iterator[Action]:
        if self._stopping_since_s is None:
            return
        is_late = self._now() - self._stopping_since_s >= self.limits.shutdown_timeout_s
        for queue in self.models.values():
            if is_late:
                yield from self._cancelled(queue, Refusal.SHUTTING_DOWN)
            if queue.is_idle and not any(other.state in _CHANGING for other in self.models.values()):
                queue.turn(ModelState.CLOSING, self._now())
                yield Close(queue.name)
