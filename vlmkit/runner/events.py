"""What happens in a run, as it happens: a bar, a log line or nothing is the listener's business."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from vlmkit.errors import RunError

__all__ = ["Announcer", "Done", "Event", "Finished", "Listener", "Planned", "Retrying", "Started"]

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
class Done:
    """A row has its outcome; rows end in any order.

    Attributes
    ----------
    index, total : int
    seconds : float
        Wall time of the row, decoding included.
    from_store : bool
    fault : RunError or None
        None when it worked.
    """

    index: int
    total: int
    seconds: float
    from_store: bool
    fault: RunError | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """Last event, however the run ended; ``total = ok + failed + cancelled``."""

    total: int
    ok: int
    failed: int
    cancelled: int
    seconds: float
    stopped_early: bool


Event = Planned | Started | Retrying | Done | Finished
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
