"""The only loop: synchronous, a bounded window of futures in flight, outcomes in input order, events out."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial

from vlmkit.errors import Cancelled, RunError, SetupError, StoreFault
from vlmkit.records import Outcome
from vlmkit.runner.events import Announcer, Done, Finished, Listener, Planned
from vlmkit.runner.plan import Plan, Question
from vlmkit.runner.result_writer import ResultWriter, run_record
from vlmkit.runner.window import Window
from vlmkit.store import Store

__all__ = ["run"]

_POLL_S = 0.1  # how soon a stop is noticed while nothing else happens
_FINISHING_S = 0.5  # how long asks in flight may still end by themselves once the run is stopped
_RECALL_S = 3.0  # how long to look for answers that rows without a turn have in the store; a second interrupt ends it
_GRACE_S = 1.0  # how long a backend may take to let go of what was cancelled then

_log = logging.getLogger(__name__)


def run(
    questions: Iterable[Question],
    plan: Plan,
    *,
    total: int,
    store: Store | None = None,
    on_event: Listener | None = None,
    stop: Callable[[], bool] = lambda: False,
    pause: Callable[[], bool] = lambda: False,
) -> Generator[Outcome, None, None]:
    """Ask every question; one outcome each, in input order.

    Nothing starts before the first outcome is asked for. Closing the iterator cancels what is in flight. With a store,
    an outcome comes only once it is safe there.

    Parameters
    ----------
    questions : iterable of Question
        Read in this thread, as far ahead as the window needs.
    plan : Plan
        Its backends stay open.
    total : int
        How many questions there are.
    store : Store or None, default None
        Answers what was asked before, and keeps what is asked now; stays open.
    on_event : callable or None, default None
        Gets every event, in this thread; what it raises is logged.
    stop : callable, default never
        Asked at least every 0.1 s. Once it says True nothing new starts, asks in flight get half a second to end by
        themselves and are then cancelled, and rows without an answer end as `Cancelled`.
    pause : callable, default never
        Asked as often. As long as it says True nothing new is asked; asks in flight go on.

    Yields
    ------
    Outcome

    Raises
    ------
    RunError
        After the outcomes of all rows that were started, where the plan fails fast. After the outcomes of all rows,
        those without an answer as `Cancelled`: the faults condemn the last model there is, so that nothing more is sent
        to it. A budget that is used up ends the run the same way, and raises nothing.
    SetupError
        After the outcomes of all rows, those without an answer as `Cancelled`: the backend found out only now that it
        cannot be used at all, the store cannot be written, or has no answer where only it may answer.
    KeyboardInterrupt
        After the outcomes of all rows, those without an answer as `Cancelled`.
    """
    return _Loop(plan, total, Announcer(on_event), stop, pause).outcomes(questions, store)


class _Loop:
    """State of one run."""

    def __init__(
        self, plan: Plan, total: int, announce: Announcer, stop: Callable[[], bool], pause: Callable[[], bool]
    ) -> None:
        self._plan = plan
        self._total = total
        self._announce = announce
        self._stop = stop
        self._pause = pause
        self._ended: dict[int, Outcome] = {}
        self._next = 0
        self._first_fault: tuple[bool, int, RunError] | None = None
        self._reason: str | None = None
        self._counts = {"ok": 0, "failed": 0, "cancelled": 0}

    def outcomes(self, questions: Iterable[Question], store: Store | None) -> Generator[Outcome, None, None]:
        start_s = time.monotonic()
        writes = store is not None and store.is_writable and not self._plan.replays
        window = Window(
            questions,
            self._plan,
            self._announce,
            self._total,
            store=store,
            open_ledger=partial(ResultWriter, store, run_record(self._plan, self._total)) if store and writes else None,
        )
        self._announce(Planned(total=self._total, workers=window.flight.workers))
        try:
            yield from self._work(window)
        finally:
            finished = self._finished(window, time.monotonic() - start_s)
            window.close(seconds=finished.seconds, stopped_early=finished.stopped_early, reason=finished.reason)
            self._report(finished)

    def _work(self, window: Window) -> Iterator[Outcome]:
        reason, is_stopped = yield from self._turns(window)
        if reason is not None or is_stopped:
            self._cancel(window)
        if isinstance(reason, RunError):
            self._reason = f"{type(reason).__name__}: {reason}"
        if reason is not None or is_stopped or self._reason:
            reason = self._recall(window, reason)
            yield from self._leftovers()
        self._raise(reason)

    def _turns(self, window: Window) -> Generator[Outcome, None, tuple[BaseException | None, bool]]:
        """Turn after turn until all rows ended; gives what ended the run before, and whether somebody stopped it."""
        stopped = False
        try:
            window.advance()
            while not (window.is_empty or window.flight.fatal) and not (stopped := self._stop()):
                window.wait(_POLL_S)
                self._take_in(window)
                yield from self._in_order()
                self._keep_budget(window)
                window.advance(len(self._ended), paused=self._pause())
        except (KeyboardInterrupt, SetupError) as error:
            return error, stopped
        return window.flight.fatal, stopped

    def _raise(self, reason: BaseException | None) -> None:
        """Raise what ended the run, or with `fail_fast` the first row's fault."""
        if reason is not None:
            if isinstance(reason, RunError):
                reason.add_note(f"{self._counts['cancelled']} of {self._total} rows were not asked because of this.")
            raise reason
        if self._plan.fail_fast and self._first_fault is not None:
            raise self._first_fault[2]

    def _take_in(self, window: Window) -> None:
        for outcome in window.ended():
            self._note(outcome, window)
            fault = outcome.fault
            if fault is not None and self._plan.fail_fast:
                # What was only let go because of a fault is not that fault.
                place = (isinstance(fault, Cancelled), outcome.index, fault)
                self._first_fault = min(self._first_fault or place, place)
                window.halt()

    def _keep_budget(self, window: Window) -> None:
        if self._reason is None and (reason := window.flight.meter.reason()) is not None:
            self._reason = reason
            window.halt()

    def _note(self, outcome: Outcome, window: Window | None = None) -> None:
        fault = outcome.fault
        self._ended[outcome.index] = outcome
        self._counts["ok" if fault is None else "cancelled" if isinstance(fault, Cancelled) else "failed"] += 1
        if self._announce.is_heard:
            self._announce(
                Done(
                    index=outcome.index,
                    total=self._total,
                    seconds=outcome.seconds,
                    from_store=outcome.from_store,
                    fault=fault,
                    reply=outcome.reply,
                    is_duplicate=outcome.is_duplicate,
                    retries=outcome.retries,
                    spent=window.flight.meter.spent if window else None,
                )
            )

    def _in_order(self) -> Iterator[Outcome]:
        while self._next in self._ended:
            outcome = self._ended.pop(self._next)
            self._next += 1
            yield outcome

    def _cancel(self, window: Window) -> None:
        window.halt()
        self._drain(window, _FINISHING_S)
        window.cancel()
        self._drain(window, _GRACE_S)

    def _drain(self, window: Window, longest_s: float) -> None:
        deadline_s = time.monotonic() + longest_s
        while not window.is_empty and (left_s := deadline_s - time.monotonic()) > 0:
            self._listen(window, min(_POLL_S, left_s))

    def _listen(self, window: Window, timeout_s: float) -> None:
        try:
            window.wait(timeout_s)
        except SetupError as error:  # the run has ended already, for a reason of its own
            _log.warning("While the run was stopping: %s", error)
        for outcome in window.ended():
            self._note(outcome, window)

    def _recall(self, window: Window, reason: BaseException | None) -> BaseException | None:
        """Let rows that had no turn have the answers that the store holds; why the run ends, then."""
        deadline_s = time.monotonic() + _RECALL_S
        try:
            while not isinstance(reason, StoreFault) and time.monotonic() < deadline_s and window.recall():
                self._listen(window, 0.0)
            while not window.is_handed_out and time.monotonic() < deadline_s + _GRACE_S:
                self._listen(window, _POLL_S)
        except StoreFault as fault:
            _log.warning("While the run was stopping: %s", fault)
        except KeyboardInterrupt as interrupt:
            return reason or interrupt
        return reason

    def _leftovers(self) -> Iterator[Outcome]:
        why = "stopped before its turn" if self._reason is None else f"not asked, as the run ended: {self._reason}"
        fault = Cancelled(f"{why.rstrip('.')}; run it again for this row.")
        while self._next < self._total:
            if self._next not in self._ended:
                self._note(Outcome(index=self._next, fault=fault))
            yield from self._in_order()

    def _finished(self, window: Window, seconds: float) -> Finished:
        never_started = self._total - sum(self._counts.values())
        cancelled = self._counts["cancelled"] + never_started
        return Finished(
            total=self._total,
            ok=self._counts["ok"],
            failed=self._counts["failed"],
            cancelled=cancelled,
            seconds=seconds,
            stopped_early=cancelled > 0,
            asked=window.flight.asked,
            workers=window.flight.workers,
            destinations=tuple(window.flight.destinations),
            reason=self._reason if cancelled else None,
            spent=window.flight.meter.spent,
        )

    def _report(self, finished: Finished) -> None:
        for destination in finished.destinations:
            if destination != "this process":
                _log.info("Pictures of %d rows went to %s.", finished.asked, destination)
        self._announce(finished)
