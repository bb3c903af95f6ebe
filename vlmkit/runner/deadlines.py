"""Asks that are no longer waited for: over their deadline, or sent to a server that says nothing any more."""

from __future__ import annotations

from collections.abc import Iterable

from vlmkit.errors import TimedOut
from vlmkit.runner.events import Unanswered
from vlmkit.runner.rows import Row

__all__ = ["Deadlines"]

_LATE_S = 2.0  # so long after its deadline a backend is no longer waited for
_LOOK_EVERY_S = 0.25
_STILL_S = 30.0  # without any reply, after which a person is told
_HANGING = 5  # asks that a server said nothing to, one after another, before it counts as gone


class Deadlines:
    """Watches asks in flight.

    A deadline counts from when the work on an ask began; a backend that keeps it by itself comes first. A silence is a
    server's: nothing was heard of any ask there, so that a server which works on one ask after another keeps them all.

    Parameters
    ----------
    timeout_s : float or None
        Deadline of each answer.
    silence_s : float or None
        Longest silence of a server; None waits for ever.
    tries : int
        How often a row is asked that gets no answer; where a server says nothing for so long, it is given up.
    now_s : float
        By `time.monotonic`.
    """

    def __init__(self, timeout_s: float | None, silence_s: float | None, tries: int, now_s: float) -> None:
        self._timeout_s = timeout_s
        self._silence_s = silence_s
        self._tries = tries
        self._looked_s = now_s
        self._heard_s: dict[str, float] = {}
        self._hanging: dict[str, int] = {}
        self._told_s = self._listened_s = float("-inf")

    def hear(self, row: Row, now_s: float) -> None:
        """The server of this row answered it, with whatever."""
        self._heard_s[row.destination] = now_s
        self._hanging.pop(row.destination, None)

    def overdue(self, rows: Iterable[Row], now_s: float) -> list[tuple[Row, TimedOut]]:
        """Rows whose asks are not to be waited for any more, each with its fault; looked at four times a second.

        Parameters
        ----------
        rows : iterable of Row
            Those in flight.
        now_s : float
        """
        if now_s < self._looked_s + _LOOK_EVERY_S:
            return []
        self._looked_s = now_s
        faults = ((row, self._fault(row, now_s)) for row in rows if row.asked is not None)
        return [(row, fault) for row, fault in faults if fault is not None]

    def _fault(self, row: Row, now_s: float) -> TimedOut | None:
        begun_s, heard_s = row.begun_s, self._last_s(row)
        if self._timeout_s is not None and begun_s is not None and now_s > begun_s + self._timeout_s + _LATE_S:
            return TimedOut(
                f"no answer within {self._timeout_s:g} s, nor a word. Raise timeout_s, or lower workers where a server "
                "works on one ask after another."
            )
        if self._silence_s is None or heard_s is None or now_s <= heard_s + self._silence_s:
            return None
        hanging = self._hanging[row.destination] = self._hanging.get(row.destination, 0) + 1
        return TimedOut(
            f"{row.destination} has said nothing for {self._silence_s:g} s. See whether it is well; where its answers "
            'take longer, raise silence_s (or "none"), or lower workers.',
            is_fatal=hanging >= _HANGING and row.attempt >= self._tries,
        )

    def unanswered(self, rows: Iterable[Row], now_s: float) -> Unanswered | None:
        """What a person is to be told of a silence, once every 30 s of it; looked for four times a second.

        Parameters
        ----------
        rows : iterable of Row
            Those in flight.
        now_s : float
        """
        if now_s < max(self._told_s + _STILL_S, self._listened_s + _LOOK_EVERY_S):
            return None
        self._listened_s = now_s
        waiting = []
        for row in rows:
            if (heard_s := self._last_s(row)) is None:
                continue
            if now_s < heard_s + _STILL_S:  # the first one says it, as a rule
                return None
            waiting.append((heard_s, row))
        if not waiting:
            return None
        heard_s, row = max(waiting, key=lambda each: each[0])
        self._told_s = now_s
        return Unanswered(
            seconds=now_s - heard_s,
            in_flight=len(waiting),
            destination=row.destination,
            is_first=now_s < heard_s + 2 * _STILL_S,
        )

    def _last_s(self, row: Row) -> float | None:
        """When anything was last heard of a row's server; None where that is this process, or the ask waits here."""
        heard_s = row.heard_s
        if heard_s is None or not row.is_elsewhere:
            return None
        return max(heard_s, self._heard_s.get(row.destination, heard_s))
