"""Rows that several runs ask at the same time are asked by one: the others put them aside and take its answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence

from vlmkit.errors import StoreFault
from vlmkit.runner.deduplication import Deduplicator
from vlmkit.runner.events import Waiting
from vlmkit.runner.rows import Row
from vlmkit.store import BEAT_S, LEASE_S, Claims, Lease

__all__ = ["Sharing"]

_LOOK_EVERY_S = 0.1
_LOOK_SHARE = 20  # looking takes a twentieth of the time at most
_LOOK_AT_LEAST_EVERY_S = 2.0
_TELL_EVERY_S = 0.5
_BUSY_S = 30.0  # after which nothing is claimed any more in a file that is always busy
_ANSWER_S = 5.0  # how long to wait at the beginning until the others have written down what they ask
_TIMES_TIMEOUT = 3  # so many deadlines of its own a row waits for another run's answer

_log = logging.getLogger(__name__)


class Sharing:
    """What this run has claimed, and its rows that others have.

    As long as this run is alone, its claims are in its memory. No row waits while it holds another one back: what
    others ask is put aside, and what is claimed is asked.

    Parameters
    ----------
    claims : Claims or None
        None where nothing is shared: without a store, or where stored answers do not count.
    deduplicator : Deduplicator
        What this run asks, or has asked, for another of its rows.
    look_up : callable
        Gives rows, which have a key, the usable answers that the store has by now.
    timeout_s : float or None
        Deadline of each answer.
    """

    def __init__(
        self,
        claims: Claims | None,
        deduplicator: Deduplicator,
        look_up: Callable[[Sequence[Row]], None],
        timeout_s: float | None,
    ) -> None:
        self._claims = claims
        self._equals = deduplicator
        self._look_up = look_up
        self._patience_s = None if timeout_s is None else _TIMES_TIMEOUT * timeout_s
        self._held: set[str] = set()
        self._unwanted: set[str] = set()
        self._waiting: dict[str, Row] = {}
        self._seen: dict[Lease, float] = {}
        self._waited_for: set[int] = set()
        self._busy_since_s: float | None = None
        self._is_alone = self._is_ready = claims is None
        self._begin_s: float | None = None
        self._next_look_s = self._next_beat_s = self._next_word_s = 0.0
        self._told = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def settle(self, row: Row, beside: Iterable[Row] = ()) -> bool:
        """See who asks a row: its key is claimed, unless another run has it, or the store has an answer by now.

        Parameters
        ----------
        row : Row
        beside : iterable of Row, default ()
            Others to claim in the same go, as ten cost little more than one.

        Returns
        -------
        bool
            False where the store is busy: a little later.
        """
        if self._claims is None or not self._is_open(row):
            return True
        if self._begin_s is None and not self._begin(time.monotonic()):
            return False
        if self._is_alone and (key := row.key) is not None:
            self._held.add(key)
            return True
        if not self._is_ready:
            return False
        return self._claim([row, *(each for each in beside if each is not row and self._is_open(each))])

    def _begin(self, now_s: float) -> bool:
        try:
            if self._claims is not None and not self._claims.begin():
                self._be_patient()
                return False
        except StoreFault as fault:
            self._go_without(fault)
        self._begin_s = now_s
        self._look_around(now_s)
        return True

    def _is_open(self, row: Row) -> bool:
        """Whether it is not known yet who asks a row."""
        return row.needs_asking and not row.is_others and row.key not in self._held and not self._equals.knows(row)

    def _claim(self, asking: Sequence[Row]) -> bool:
        try:
            settled = self._settle(asking)
        except StoreFault as fault:
            self._go_without(fault)
            return True
        for row in asking:
            row.is_others = settled and row.needs_asking and row.key not in self._held
        return settled

    def may_ask(self, row: Row) -> bool:
        """Whether a row is this run's to ask."""
        return self._claims is None or row.key in self._held

    def put_aside(self, row: Row, now_s: float) -> None:
        """Let a row wait for another run.

        Parameters
        ----------
        row : Row
        now_s : float
            By `time.monotonic`.

        Raises
        ------
        RuntimeError
            It was not prepared yet.
        """
        if row.key is None:
            raise RuntimeError("only what was prepared can wait")
        row.aside_s = now_s
        self._waiting[row.key] = row

    def forget(self, row: Row) -> None:
        """A row ended, and the store hears of it with its claim."""
        if (key := row.key) is not None:
            self._held.discard(key)

    def give_back(self, row: Row) -> None:
        """A row is not asked after all."""
        row.is_others = False
        if row.key in self._held:
            self._held.discard(row.key)
            self._unwanted.add(row.key)

    def keep_only(self, rows: Iterable[Row]) -> None:
        """Give back what was claimed ahead, as nothing new is asked for now.

        Parameters
        ----------
        rows : iterable of Row
            Those in flight.
        """
        idle = self._held - {row.key for row in rows}
        self._held -= idle
        self._unwanted |= idle

    def clear(self) -> list[Row]:
        """Rows that wait, which are let go; those that have an answer by now have it."""
        rows = list(self._waiting.values())
        self._waiting.clear()
        self._look_up_if_possible(rows)
        return rows

    def next_s(self, timeout_s: float) -> float:
        """How long to wait at most, where rows wait here."""
        is_waiting = self._waiting or not (self._is_ready or self._begin_s is None)
        return min(timeout_s, _LOOK_EVERY_S / 2) if is_waiting else timeout_s

    def look(self, now_s: float, room: int) -> list[Row]:
        """Rows whose waiting is over: they have an answer now, or are this run's to ask.

        Parameters
        ----------
        now_s : float
            By `time.monotonic`.
        room : int
            How many may be asked.
        """
        has_begun = self._begin_s is not None or (bool(self._waiting) and self._begin(now_s))
        if now_s < self._next_look_s or not has_begun:
            return []
        self._look_around(now_s)
        over = self._over(now_s, max(0, room))
        for row in over:
            row.is_others = False
            del self._waiting[row.key or ""]
        if not self._waiting:
            self._waited_for = set()
        took_s = time.monotonic() - now_s
        self._next_look_s = now_s + max(_LOOK_EVERY_S, min(_LOOK_AT_LEAST_EVERY_S, _LOOK_SHARE * took_s))
        return over

    def _over(self, now_s: float, room: int) -> list[Row]:
        over: list[Row] = []
        try:
            over = self._freed(now_s, room) if self._waiting else []
        except StoreFault as fault:
            self._go_without(fault)
        return list(self._waiting.values())[:room] if self._claims is None else over

    def news(self, now_s: float) -> Waiting | None:
        """What a person is to be told: how many rows wait, where that changed.

        Parameters
        ----------
        now_s : float
        """
        if len(self._waiting) == self._told:
            return None
        if self._waiting and (now_s < self._next_word_s or not self._waited_for):
            return None
        self._told, self._next_word_s = len(self._waiting), now_s + _TELL_EVERY_S
        processes = {lease.process.number for lease in self._seen if lease.run in self._waited_for}
        return Waiting(rows=self._told, processes=tuple(sorted(processes)))

    def _look_around(self, now_s: float) -> None:
        """See who else is there, take from the dead, and show that this run is alive."""
        if self._claims is None:
            return
        try:
            own, others = self._claims.leases()
            self._watch(others, now_s)
            self._is_alone = own is not None and not own.is_open and not self._seen
            self._show(now_s, is_shown=own is not None and own.is_open)
        except StoreFault as fault:
            self._go_without(fault)
            return
        # What an older run has not written down by now may be asked twice; its own later claims count all the same.
        silent = any(not lease.is_open for lease in self._seen)
        self._is_ready = not silent or now_s > (self._begin_s or now_s) + _ANSWER_S

    def _watch(self, others: Sequence[Lease], now_s: float) -> None:
        self._seen = {lease: self._seen.get(lease, now_s) for lease in others}
        for lease, since_s in list(self._seen.items()):
            if self._claims and (lease.process.has_ended or now_s > since_s + LEASE_S):
                self._claims.take_away(lease)
                del self._seen[lease]

    def _show(self, now_s: float, *, is_shown: bool) -> None:
        """Give back what is not wanted, and tell of the rest, where somebody is there to be told."""
        if self._claims is None:
            return
        if self._is_alone or (self._unwanted and self._claims.release(self._unwanted)):
            self._unwanted = set()
        if not self._is_alone and (not is_shown or now_s >= self._next_beat_s) and self._claims.beat(self._held):
            self._next_beat_s = now_s + BEAT_S

    def _freed(self, now_s: float, room: int) -> list[Row]:
        if self._claims is None:
            return []
        others = self._claims.others()
        self._waited_for = {others[key] for key in self._waiting if key in others}
        free = [row for key, row in self._waiting.items() if key not in others]
        self._look_up(free)
        self._hold(free, self._impatient(now_s), room)
        return [row for key, row in self._waiting.items() if row.has_answer or key in self._held]

    def _impatient(self, now_s: float) -> list[Row]:
        """Rows that waited so long that this run had better ask them, too."""
        if self._patience_s is None:
            return []
        long_ago_s = now_s - self._patience_s
        return [row for row in self._waiting.values() if row.aside_s < long_ago_s and not row.has_answer]

    def _hold(self, free: Sequence[Row], impatient: Sequence[Row], room: int) -> None:
        """Claim what nobody has any more; with the room that is left, ask beside others what waited too long."""
        wanted = [row for row in free if not row.has_answer and row not in impatient][:room]
        if wanted:
            self._settle(wanted)
        self._held.update(row.key for row in impatient[: room - len(wanted)] if row.key)

    def _settle(self, rows: Sequence[Row]) -> bool:
        """Claim the keys of rows, or find their answers; whether that could be done."""
        if self._claims is None:
            return True
        granted = self._claims.take(list({row.key: None for row in rows if row.key}))
        if granted is None:
            self._be_patient()
            return False
        self._busy_since_s = None
        self._held |= granted.mine
        answered = [row for row in rows if row.key in granted.answered]
        if answered:
            self._look_up(answered)
            unusable = list({row.key: None for row in answered if row.key and not row.has_answer})
            again = self._claims.take(unusable, despite_answers=True) if unusable else None
            self._held |= again.mine if again else set()
        return True

    def _be_patient(self) -> None:
        now_s = time.monotonic()
        self._busy_since_s = self._busy_since_s or now_s
        if now_s > self._busy_since_s + _BUSY_S:
            raise StoreFault(f"it has been busy for {_BUSY_S:.0f} s")

    def _go_without(self, fault: StoreFault) -> None:
        """A store that cannot be used for this must not keep rows from being asked."""
        self._claims, self._is_alone = None, True
        _log.warning("What other runs are asking is not looked at any more, and may be asked twice: %s", fault)

    def _look_up_if_possible(self, rows: Sequence[Row]) -> None:
        try:
            self._look_up(rows)
        except StoreFault as fault:
            self._go_without(fault)
