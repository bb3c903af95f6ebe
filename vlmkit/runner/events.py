"""What happens in a run, as it happens: a bar, a log line or nothing is the listener's business."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from vlmkit.errors import RunError
from vlmkit.records import Reply
from vlmkit.runner.budget import Spent

__all__ = [
    "Announcer",
    "Done",
    "Event",
    "FallingBack",
    "Finished",
    "Listener",
    "Planned",
    "Retrying",
    "Started",
    "Unanswered",
    "Waiting",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Planned:
    """First event: how many rows, and how many asks in flight at most."""

    total: int
    workers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """A row's turn has come; rows start in input order."""

    index: int
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrying:
    """A row failed and is asked again: `attempt` (from 2) begins in `wait_s` seconds."""

    index: int
    total: int
    attempt: int
    wait_s: float
    fault: RunError


@dataclass(frozen=True, kw_only=True, slots=True)
class FallingBack:
    """A row failed for good with one model and is asked of the next, `model`."""

    index: int
    total: int
    model: str
    fault: RunError


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """A row has its outcome; rows end in any order.

    Attributes
    ----------
    index, total : int
    seconds : float
        Wall time of the row, decoding included.
    from_store : bool
        Whether it was answered without asking, as an earlier run had asked it.
    fault : RunError or None
        None when it worked.
    reply : Reply or None
        What was answered, also where it could not be read.
    is_duplicate : bool
        Whether it was answered without asking, as an equal row of this run was asked.
    retries : int
        Further asks after the first.
    spent : Spent or None
        What the run has cost so far.
    """

    index: int
    total: int
    seconds: float
    from_store: bool
    fault: RunError | None
    reply: Reply | None = None
    is_duplicate: bool = False
    retries: int = 0
    spent: Spent | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unanswered:
    """Nothing has come back from a server for a while; as text, a sentence for a person.

    Attributes
    ----------
    seconds : float
    in_flight : int
        Asks that wait for it.
    destination : str
    is_first : bool
        Whether this silence is told for the first time.
    """

    seconds: float
    in_flight: int
    destination: str
    is_first: bool = True

    def __str__(self) -> str:
        return (
            f"No reply from {self.destination} for {self.seconds:.0f} s, {self.in_flight} ask(s) waiting. "
            "See whether the server is well; a model may still be loading there."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """Rows wait for another run that is asking the same; as text, a sentence for a person.

    Attributes
    ----------
    rows : int
        How many; 0 once none does any more.
    processes : tuple of int
        Numbers of the processes that are waited for.
    """

    rows: int
    processes: tuple[int, ...] = ()

    def __str__(self) -> str:
        where = f" (process {', '.join(map(str, self.processes))})" if self.processes else ""
        return f"{self.rows} row(s) wait for the answers that another run{where} is asking for." if self.rows else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """Last event, however the run ended; ``total = ok + failed + cancelled``.

    Attributes
    ----------
    total, ok, failed, cancelled : int
        Rows.
    seconds : float
    stopped_early : bool
    asked : int
        Rows that were asked of a model; the others were answered from the store, or could not be asked.
    workers : int
        Asks in flight at most, as it was at the end.
    destinations : tuple of str
        Where pictures went to be looked at.
    reason : str or None
        Why rows are left: a budget that is used up, or the fault that ended the run; None where somebody stopped it.
    spent : Spent or None
        What it cost.
    """

    total: int
    ok: int
    failed: int
    cancelled: int
    seconds: float
    stopped_early: bool
    asked: int = 0
    workers: int = 0
    destinations: tuple[str, ...] = ()
    reason: str | None = None
    spent: Spent | None = None


Event = Planned | Started | Retrying | FallingBack | Done | Unanswered | Waiting | Finished
Listener = Callable[[Event], None]


class Announcer:
    """Hands events to a listener, whose errors are logged and end nothing.

    Parameters
    ----------
    listener : callable or None
        Called in the thread that runs the loop.
    """

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener
        self._warned = False

    @property
    def is_heard(self) -> bool:
        """Whether anybody listens; events of rows need not be made otherwise."""
        return self._listener is not None

    def __call__(self, event: Event) -> None:
        """Hand one event over."""
        if self._listener is None:
            return
        try:
            self._listener(event)
        except Exception:  # noqa: BLE001  a bar must not end a night's work
            if not self._warned:  # the same mistake ten thousand times would bury everything else
                _log.exception("A listener of run events raised at %r; the run goes on.", event)
            self._warned = True
