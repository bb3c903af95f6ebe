"""Rows in flight: asked, asked again, given to the next model; what that says of models, server and cost."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial

from vlmkit.errors import Cancelled, Refused, RunError, TimedOut, UnreadableReply
from vlmkit.records import Ask, Outcome, Reply
from vlmkit.runner.attempt import (
    Concluded,
    Decision,
    FailFast,
    FellBack,
    GaveUp,
    future_fault,
    is_a_push_back,
    is_worth_a_fallback,
    of_a_queue,
    wait_s,
)
from vlmkit.runner.budget import Meter
from vlmkit.runner.concurrency_limiter import ConcurrencyLimiter
from vlmkit.runner.deadlines import Deadlines
from vlmkit.runner.events import Announcer, FallingBack, Retrying, Started
from vlmkit.runner.plan import Plan
from vlmkit.runner.retries import Retries, both, mended_ask
from vlmkit.runner.rows import Row, answered

__all__ = ["Flight"]

_MOST_IN_FLIGHT = 128  # where nobody said how many

_log = logging.getLogger(__name__)


class Flight:
    """Asks that a backend has, and rows that wait for their next try; the only writer of how a row was asked.

    It decides what an answer or a fault means and says so; whoever owns the flight ends rows and prepares them.

    Parameters
    ----------
    plan : Plan
    announce : Announcer
    total : int
        Number of questions, for the events.
    hear : callable
        Called with a row and its future once that is done, in whichever thread the backend answers.

    Attributes
    ----------
    asked : int
        Rows that were asked of a model so far.
    destinations : dict of str to None
        Where pictures went, in order.
    fatal : RunError or None
        The fault that condemned the last model there is: nothing new is asked then.
    first_level : int
        The first of the plan's targets that was not given up.
    is_crowded : bool
        Whether a row is ready that has no room here; its owner says so.
    is_halted : bool
        Whether nothing is asked any more.
    meter : Meter
        What the run costs.
    """

    def __init__(self, plan: Plan, announce: Announcer, total: int, hear: Callable[[Row, Future[Reply]], None]) -> None:
        now_s = time.monotonic()
        self.asked = 0
        self.destinations: dict[str, None] = {}
        self.fatal: RunError | None = None
        self.first_level = 0
        self.is_crowded = False
        self.is_halted = False
        self.meter = Meter(plan.budget, plan.price, now_s)
        self._plan = plan
        self._announce = announce
        self._total = total
        self._hear = hear
        self._rows: dict[int, Row] = {}
        self._retries = Retries()
        most = _MOST_IN_FLIGHT if plan.adaptive else plan.workers
        self._limiter = ConcurrencyLimiter(plan.workers, most, now_s, plan.timeout_s) if plan.asks_a_server else None
        self._deadlines = Deadlines(plan.timeout_s, plan.silence_s, min(2, 1 + plan.backoff.max_retries), now_s)
        self._fail_fast = FailFast(total)

    def __len__(self) -> int:
        return len(self._rows) + len(self._retries)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __contains__(self, row: Row) -> bool:
        return self._rows.get(row.index) is row

    @property
    def workers(self) -> int:
        """Asks in flight at most, at the moment."""
        return self._limiter.limit if self._limiter else self._plan.workers

    @property
    def room(self) -> int:
        """How many rows more may be asked."""
        return self.workers - len(self) if self.meter.has_room(len(self)) else 0

    def has_room_for(self, row: Row) -> bool:
        """Whether a row may start: one that nobody has to be asked for always may, but where rows take turns."""
        return ((row.is_others or not row.needs_asking) and self.workers > 1) or self.room > 0

    def next_s(self, timeout_s: float) -> float:
        """How long to wait at most, until a row's next try is due."""
        return min(timeout_s, self._retries.next_s()) if len(self._rows) < self.workers else timeout_s

    def take_due(self) -> tuple[Row, RunError] | None:
        """A row whose wait for its next try is over, with its fault, where there is room for it."""
        # Asked for each row anew, as the number in flight may be smaller by now.
        return self._retries.take_due() if len(self._rows) < self.workers else None

    def start(self, row: Row) -> None:
        """A row's turn has come."""
        row.start_s = time.monotonic()
        if self._announce.is_heard:
            self._announce(Started(index=row.index, total=self._total))

    def join(self, row: Row) -> None:
        """Keep a place for a row whose pictures are being prepared."""
        self._rows[row.index] = row

    def forget_tries(self, row: Row) -> None:
        """Another model gets all tries anew."""
        row.asked, row.unread, row.attempt = None, None, 1

    def leave(self, row: Row) -> None:
        """A row is not asked any more; what its backend says yet is not heard."""
        row.asked = None
        self._rows.pop(row.index, None)

    def submit(self, row: Row, ask: Ask | None = None) -> None:
        """Ask a row.

        Parameters
        ----------
        row : Row
        ask : Ask or None, default None
            Instead of the one it was prepared with.

        Raises
        ------
        RuntimeError
            It was not prepared, or nobody can be asked.
        """
        prepared = row.prepared
        if prepared is None or prepared.ask is None or prepared.target.backend is None:
            raise RuntimeError("only what was prepared can be asked")
        self._rows[row.index] = row
        self.asked += not row.was_asked
        self.destinations[prepared.target.destination] = None
        row.was_asked, row.asked_s = True, time.monotonic()
        try:
            row.asked = prepared.target.backend.submit(ask or prepared.ask)
        except Exception as error:  # noqa: BLE001  a stranger's backend may raise anything; `fault_of` sorts it
            row.asked = Future()
            row.asked.set_exception(error)
        row.asked.add_done_callback(partial(self._hear, row))

    def take(self, row: Row, asked: Future[Reply]) -> Decision | None:
        """Decide what a backend's answer means.

        Parameters
        ----------
        row : Row
        asked : Future of Reply
            That is done.

        Returns
        -------
        Decision or None
            None where the row stays here: it is asked again, or this answer was not waited for any more.

        Raises
        ------
        SetupError
            The backend found out only now that it cannot be used at all.
        """
        if row.asked is not asked:
            return None
        fault = future_fault(asked, has_next=self._has_next(row))
        now_s = time.monotonic()
        if not isinstance(fault, TimedOut | Cancelled):
            self._deadlines.hear(row, now_s)
        if fault is not None:
            return self._after_fault(row, fault)
        if self._limiter:
            self._limiter.answered(now_s, now_s - row.asked_s, is_busy=self.is_crowded)
        return self._after_reply(row, asked.result())

    def overdue(self, now_s: float) -> Iterator[tuple[Row, Decision | None]]:
        """Give up asks whose backend does not keep the deadline, or whose server says nothing.

        Parameters
        ----------
        now_s : float
            By `time.monotonic`.

        Yields
        ------
        (Row, Decision or None)
            As `take` gives it.
        """
        for row, fault in self._deadlines.overdue(self._rows.values(), now_s):
            asked, row.asked = row.asked, None
            if asked is not None:
                asked.cancel()
            yield row, self._after_fault(row, fault)

    def tell(self, now_s: float) -> None:
        """Tell of servers that say nothing."""
        unanswered = self._deadlines.unanswered(self._rows.values(), now_s)
        if unanswered is not None:
            if unanswered.is_first:
                _log.warning("%s", unanswered)
            self._announce(unanswered)

    def fall_back(self, row: Row, fault: RunError) -> FellBack:
        """Leave a row's model for the next that was not given up; perhaps it is given up for all rows now."""
        if self._fail_fast.condemns(row.level, fault, of_server=row.is_elsewhere):
            self.first_level = max(self.first_level, row.level + 1)
        level = max(row.level + 1, self.first_level)
        model = self._plan.targets[level].model
        self._announce(FallingBack(index=row.index, total=self._total, model=model, fault=fault))
        return FellBack(level)

    def condemns(self, row: Row, outcome: Outcome) -> bool:
        """Take the end of a row into account; whether it condemns the last model there is, so that the run ends."""
        if outcome.fault is None:
            self._fail_fast.acquit(row.level)
            return False
        has_stand_in = outcome.values is not None  # which the user asked for
        if has_stand_in or self._plan.fail_fast:
            return False
        if not self._fail_fast.condemns(row.level, outcome.fault, of_server=row.is_elsewhere):
            return False
        if self._has_next(row):
            self.first_level = max(self.first_level, row.level + 1)
            return False
        is_first = self.fatal is None
        self.fatal = self.fatal or outcome.fault
        return is_first

    def halt(self) -> list[tuple[Row, RunError]]:
        """Ask nothing more; rows that waited for their next try, which do no more, each with the fault it has."""
        self.is_halted = True
        return self._retries.clear()

    def cancel(self) -> list[Row]:
        """Ask the backends to let go of what they have, which ends later; rows that no backend has yet."""
        rows = list(self._rows.values())
        for row in rows:
            if row.asked is not None:
                row.asked.cancel()
        return [row for row in rows if row.asked is None]

    def close(self) -> None:
        """Say where more workers might have been faster."""
        if self._limiter and self._plan.adaptive and self._limiter.highest >= _MOST_IN_FLIGHT:
            _log.info('workers="auto" went up to its ceiling of %d; a number may be higher.', _MOST_IN_FLIGHT)

    def _after_reply(self, row: Row, reply: Reply) -> Decision | None:
        self.meter.add(reply.usage, reply.model)
        again = mended_ask(row, reply) if self._plan.backoff.max_retries and not self.is_halted else None
        if again is not None:
            self._ask_again(row, reply, *again)
            return None
        whole = both(row.unread, reply) if row.unread else reply
        outcome = answered(row, whole)
        # What one model refuses in words, as what its server refuses, is asked of the next.
        if isinstance(outcome.fault, Refused) and self._has_next(row) and not self.is_halted:
            return self.fall_back(row, outcome.fault)
        return Concluded(whole, outcome)

    def _ask_again(self, row: Row, reply: Reply, ask: Ask, fault: UnreadableReply) -> None:
        row.unread = reply
        row.retries += 1
        self._announce(Retrying(index=row.index, total=self._total, attempt=row.attempt + 1, wait_s=0.0, fault=fault))
        self.submit(row, ask)

    def _after_fault(self, row: Row, fault: RunError) -> Decision | None:
        self._slow_down(row, fault)
        if self.is_halted or isinstance(fault, Cancelled):
            return GaveUp(fault, tells_of_model=False)
        pause_s = self._pause_s(row, fault)
        if pause_s is not None and row.level >= self.first_level:
            self._ask_later(row, fault, pause_s)
            return None
        if is_worth_a_fallback(fault) and self._has_next(row):
            return self.fall_back(row, fault)
        if isinstance(fault, TimedOut) and row.is_elsewhere and self._plan.workers > 1:
            fault = of_a_queue(fault)
        return GaveUp(fault)

    def _slow_down(self, row: Row, fault: RunError) -> None:
        if self._limiter and isinstance(fault, TimedOut) and row.is_elsewhere:
            self._limiter.timed_out(time.monotonic(), row.asked_s)
        elif self._limiter and self._plan.adaptive and is_a_push_back(fault):
            self._limiter.pushed_back(time.monotonic())

    def _pause_s(self, row: Row, fault: RunError) -> float | None:
        """Seconds until the next try; None where there is none."""
        doubts = self._fail_fast.doubts(row.level, fault)
        backoff = self._plan.backoff.once if doubts else self._plan.backoff
        return wait_s(row.attempt, fault, backoff=backoff, chance=random.random(), of_server=row.is_elsewhere)

    def _ask_later(self, row: Row, fault: RunError, pause_s: float) -> None:
        row.attempt += 1
        row.retries += 1
        self.leave(row)
        self._retries.put(row, fault, pause_s)
        self._announce(Retrying(index=row.index, total=self._total, attempt=row.attempt, wait_s=pause_s, fault=fault))

    def _has_next(self, row: Row) -> bool:
        return row.level + 1 < len(self._plan.targets)
