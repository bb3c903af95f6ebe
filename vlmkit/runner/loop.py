"""The only loop: synchronous, a bounded window of futures in flight, outcomes in input order, events out."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator

from vlmkit.backends.protocol import Backend
from vlmkit.errors import Cancelled, RunError
from vlmkit.records import Outcome
from vlmkit.runner.events import Announcer, Done, Finished, Listener, Planned
from vlmkit.runner.plan import Plan, Question
from vlmkit.runner.verdict import Verdict
from vlmkit.runner.window import Window

__all__ = ["run"]

_POLL_S = 0.1  # how soon a stop is noticed while nothing else happens
_GRACE_S = 2.0  # how long a backend may take to let go of what was cancelled


def run(
    questions: Iterable[Question],
    plan: Plan,
    backend: Backend,
    *,
    total: int,
    on_event: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Outcome, None, None]:
    """Ask every question; one outcome each, in input order.

    Nothing starts before the first outcome is asked for. Closing the iterator cancels what is in flight.

    Parameters
    ----------
    questions : iterable of Question
        Read in this thread, as far ahead as the window needs.
    plan : Plan
    backend : Backend
        Stays open.
    total : int
        How many questions there are.
    on_event : callable or None, default None
        Gets every event, in this thread; what it raises is logged.
    stop : callable, default never
        Asked at least every 0.1 s. Once it says True nothing new starts, asks in flight are cancelled, and rows without
        an answer end as `Cancelled`.

    Yields
    ------
    Outcome

    Raises
    ------
    RunError
        After the outcomes of all rows that were started, where the plan fails fast; at once, where nothing worked and
        the faults condemn the whole run.
    SetupError
        The backend found out only now that it cannot be used at all.
    KeyboardInterrupt
        After the outcomes of all rows, those without an answer as `Cancelled`.
    """
    return _Loop(plan, total, Announcer(on_event), stop).outcomes(questions, backend)


class _Loop:
    """State of one run."""

    def __init__(self, plan: Plan, total: int, announce: Announcer, stop: Callable[[], bool]) -> None:
        self._plan = plan
        self._total = total
        self._announce = announce
        self._stop = stop
        self._verdict = Verdict(total)
        self._ended: dict[int, Outcome] = {}
        self._next = 0
        self._first_fault: tuple[int, RunError] | None = None
        self._counts = {"ok": 0, "failed": 0, "cancelled": 0}

    def outcomes(self, questions: Iterable[Question], backend: Backend) -> Generator[Outcome, None, None]:
        start_s = time.monotonic()
        self._announce(Planned(total=self._total, workers=self._plan.workers))
        window = Window(questions, self._plan, backend, self._announce, self._total)
        try:
            yield from self._work(window)
        finally:
            window.close()
            self._announce(self._finished(time.monotonic() - start_s))

    def _work(self, window: Window) -> Iterator[Outcome]:
        interrupt: KeyboardInterrupt | None = None
        stopped = False
        try:
            window.advance()
            while not window.is_empty and not (stopped := self._stop()):
                window.wait(_POLL_S)
                self._take_in(window)
                yield from self._in_order()
                window.advance()
        except KeyboardInterrupt as error:
            interrupt = error
        if interrupt is not None or stopped:
            self._cancel(window)
            yield from self._leftovers()
        if interrupt is not None:
            raise interrupt
        if self._plan.fail_fast and self._first_fault is not None:
            raise self._first_fault[1]

    def _take_in(self, window: Window) -> None:
        for outcome in window.ended():
            self._note(outcome)
            fault = outcome.fault
            if self._verdict.is_run_fault(fault) and fault is not None:
                fault.add_note("No row worked before this, so the remaining rows were not asked.")
                raise fault
            if fault is not None and self._plan.fail_fast:
                self._first_fault = min(self._first_fault or (outcome.index, fault), (outcome.index, fault))
                window.halt()

    def _note(self, outcome: Outcome) -> None:
        fault = outcome.fault
        self._ended[outcome.index] = outcome
        self._counts["ok" if fault is None else "cancelled" if isinstance(fault, Cancelled) else "failed"] += 1
        self._announce(
            Done(
                index=outcome.index,
                total=self._total,
                seconds=outcome.seconds,
                from_store=outcome.from_store,
                fault=fault,
            )
        )

    def _in_order(self) -> Iterator[Outcome]:
        while self._next in self._ended:
            outcome = self._ended.pop(self._next)
            self._next += 1
            yield outcome

    def _cancel(self, window: Window) -> None:
        deadline_s = time.monotonic() + _GRACE_S
        window.cancel()
        while not window.is_empty and time.monotonic() < deadline_s:
            window.wait(_POLL_S)
            for outcome in window.ended():
                self._note(outcome)

    def _leftovers(self) -> Iterator[Outcome]:
        fault = Cancelled("stopped before its turn; run it again for this row.")
        while self._next < self._total:
            if self._next not in self._ended:
                self._note(Outcome(index=self._next, fault=fault))
            yield from self._in_order()

    def _finished(self, seconds: float) -> Finished:
        never_started = self._total - sum(self._counts.values())
        cancelled = self._counts["cancelled"] + never_started
        return Finished(
            total=self._total,
            ok=self._counts["ok"],
            failed=self._counts["failed"],
            cancelled=cancelled,
            seconds=seconds,
            stopped_early=cancelled > 0,
        )
