"""What stands in a queue and what is decided about it: tickets, models with their places, limits, actions."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "Action",
    "Cancel",
    "Close",
    "Load",
    "ModelQueue",
    "ModelState",
    "Phase",
    "QueueLimits",
    "Refusal",
    "Refuse",
    "Start",
    "Ticket",
    "TicketStatus",
]

_NEWEST_SHARE = 0.3


class ModelState(StrEnum):
    """Where a model is between the disk and its answers."""

    UNLOADED = "unloaded"
    LOADING = "loading"
    LOADED = "loaded"
    CLOSING = "closing"
    FAILED = "failed"


class Phase(StrEnum):
    """What a request waits for, as it is told to its client."""

    QUEUED = "queued"
    WAITING_FOR_MODEL = "waiting_for_model"
    LOADING = "loading"
    PROCESSING = "processing"


class Refusal(StrEnum):
    """Why a request gets no answer; the words are the codes of the error object."""

    QUEUE_FULL = "queue_full"
    QUEUE_TIMEOUT = "queue_timeout"
    MODEL_LOAD_FAILED = "model_load_failed"
    MODEL_SWITCH = "model_switch"
    SHUTTING_DOWN = "shutting_down"


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueLimits:
    """How many wait, how long, and when a model makes room for another.

    Attributes
    ----------
    queue_size : int, default 10
        Requests that may wait for one model; those that are being answered are not counted.
    max_loaded : int, default 1
        Models in memory at the same time.
    request_timeout_s : float, default 30.0
        Longest wait of a request whose client hears nothing until the answer is whole.
    stream_timeout_s : float, default 600.0
        Longest wait of a request whose client is told how it stands.
    switch_wait_s : float, default 5.0
        After so long a model that is wanted closes the turn of a busy one: who comes later waits for its next turn.
    min_residence_s : float, default 2.0
        No turn is closed earlier after the load; unless `min_answers` were given.
    min_answers : int, default 4
    drain_timeout_s : float, default 120.0
        Answers that take longer after the turn was closed are cancelled.
    load_retry_s : float, default 10.0
        For so long after a failed load requests are refused at once: another try would take the place of a model that
        works.
    idle_unload_s : float or None, default None
        Time without a request after which a model is closed; None keeps it.
    shutdown_timeout_s : float, default 30.0
        What is being answered when the server is stopped has so long to end.
    """

    queue_size: int = 10
    max_loaded: int = 1
    request_timeout_s: float = 30.0
    stream_timeout_s: float = 600.0
    switch_wait_s: float = 5.0
    min_residence_s: float = 2.0
    min_answers: int = 4
    drain_timeout_s: float = 120.0
    load_retry_s: float = 10.0
    idle_unload_s: float | None = None
    shutdown_timeout_s: float = 30.0


@dataclass(eq=False, kw_only=True, slots=True)
class Ticket:
    """One request: it waits, runs, and ends.

    Attributes
    ----------
    model : str
    number : int
        Rising with the order of arrival, over all models.
    entered_s : float
    is_streamed : bool, default False
    weight : int, default 1
        Slots that it takes: answers that it asks for.
    began_s : float or None, default None
        Moment at which its turn came.
    refusal : Refusal or None, default None
        Why it ended without an answer, or is to end.
    has_ended : bool, default False
    """

    model: str
    number: int
    entered_s: float
    is_streamed: bool = False
    weight: int = 1
    began_s: float | None = None
    refusal: Refusal | None = None
    has_ended: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class TicketStatus:
    """How a request stands.

    Attributes
    ----------
    phase : Phase
    position : int
        In the queue of its model, from 1; 0 once its turn came.
    eta_s : float or None
        Time until its turn, where earlier answers and loads tell.
    """

    phase: Phase
    position: int
    eta_s: float | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """The turn of a request has come."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Refuse:
    """A request that waits gets no answer; why is in its `refusal`."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Cancel:
    """A request that is being answered is to be ended; it keeps its slot until `Queues.end`."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class Load:
    """A model is to be loaded; `Queues.loaded` or `Queues.load_failed` follows."""

    model: str


@dataclass(frozen=True, slots=True)
class Close:
    """A model that nobody uses is to be closed; `Queues.closed` follows."""

    model: str


Action = Start | Refuse | Cancel | Load | Close


@dataclass(eq=False, slots=True)
class ModelQueue:
    """One model with those who wait for it and those whom it answers.

    Attributes
    ----------
    name : str
    state : ModelState
    waiting : deque of Ticket
        In the order of arrival.
    running : set of Ticket
    slots : int
        Answers at the same time.
    selected_s : float or None
        Since when somebody wants it to be loaded without asking it anything.
    turn_end : int or None
        Number of the last ticket of its turn, where another model waits for its place; None while all are let in.
    drain_s : float or None
        Moment at which the turn was closed.
    changed_s : float
        Moment of the latest change of `state`.
    used_s : float
        Moment at which it was last loaded, or ended an answer.
    answers : int
        Since the load.
    load_took_s, answer_took_s : float or None
        Of the latest load; of an answer, the newest counting most.
    error : Exception or None
        Of the latest load, where it failed.
    """

    name: str
    state: ModelState = ModelState.UNLOADED
    waiting: deque[Ticket] = field(default_factory=deque)
    running: set[Ticket] = field(default_factory=set)
    slots: int = 1
    selected_s: float | None = None
    turn_end: int | None = None
    drain_s: float | None = None
    changed_s: float = 0.0
    used_s: float = 0.0
    answers: int = 0
    load_took_s: float | None = None
    answer_took_s: float | None = None
    error: Exception | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it is loaded for nobody."""
        return self.state is ModelState.LOADED and not self.running and not self.waiting

    @property
    def wanted_since_s(self) -> float | None:
        """Since when somebody waits for it to be loaded; None where nobody does."""
        if self.state not in {ModelState.UNLOADED, ModelState.FAILED}:
            return None
        moments = [self.waiting[0].entered_s] if self.waiting else []
        if self.selected_s is not None:
            moments.append(self.selected_s)
        return min(moments, default=None)

    @property
    def running_weight(self) -> int:
        """Slots that are taken."""
        return sum(ticket.weight for ticket in self.running)

    @property
    def is_drained(self) -> bool:
        """Whether all of its closed turn have their answers."""
        turn_is_over = not self.waiting or self.waiting[0].number > (self.turn_end or 0)
        return self.turn_end is not None and not self.running and turn_is_over

    def eta_s(self, position: int, now_s: float) -> float | None:
        """Time until the turn of the request at a position, from 1; None where no earlier load or answer tells.

        Parameters
        ----------
        position : int
        now_s : float
        """
        load_s: float | None = 0.0
        if self.state is not ModelState.LOADED:
            load_s = self.load_took_s
            if load_s is not None and self.state is ModelState.LOADING:
                load_s = max(0.0, load_s - (now_s - self.changed_s))
        if load_s is None or self.answer_took_s is None:
            return None
        rounds = max(0, -(-(position - self.slots + self.running_weight) // self.slots))
        return load_s + rounds * self.answer_took_s

    def has_stayed(self, limits: QueueLimits, now_s: float) -> bool:
        """Whether it was loaded for long enough to close its turn.

        Parameters
        ----------
        limits : QueueLimits
        now_s : float
        """
        return now_s - self.changed_s >= limits.min_residence_s or self.answers >= limits.min_answers

    def turn(self, state: ModelState, now_s: float) -> None:
        """Go to another state.

        Parameters
        ----------
        state : ModelState
        now_s : float
        """
        self.state, self.changed_s = state, now_s
        self.turn_end = self.drain_s = None

    def lets_in(self, ticket: Ticket) -> bool:
        """Whether there is a slot for a ticket, in this turn; one that needs more slots than there are runs alone.

        Parameters
        ----------
        ticket : Ticket
        """
        in_turn = self.turn_end is None or ticket.number <= self.turn_end
        return in_turn and (not self.running or self.running_weight + ticket.weight <= self.slots)

    def note_answer(self, took_s: float, now_s: float) -> None:
        """Count an answer.

        Parameters
        ----------
        took_s : float
        now_s : float
        """
        self.answers += 1
        self.used_s = now_s
        before_s = took_s if self.answer_took_s is None else self.answer_took_s
        self.answer_took_s = before_s + _NEWEST_SHARE * (took_s - before_s)
