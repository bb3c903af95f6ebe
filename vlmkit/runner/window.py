"""The rows on their way: pictures prepared a little ahead, a bounded number of asks in flight, outcomes once safe."""

from __future__ import annotations

import heapq
import queue
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from itertools import islice, zip_longest
from typing import Any

from vlmkit.errors import Cancelled, RunError, SetupError, StoreFault, TimedOut, UnreadableReply
from vlmkit.records import Ask, Outcome, Reply
from vlmkit.runner.attempt import fault_of, is_a_push_back, is_worth_a_fallback, wait_s
from vlmkit.runner.equals import Equals
from vlmkit.runner.events import Announcer, FallingBack, Retrying, Started
from vlmkit.runner.ledger import Entry, Ledger
from vlmkit.runner.mending import both, mended_ask
from vlmkit.runner.pace import Pace
from vlmkit.runner.plan import Plan, Question
from vlmkit.runner.preparing import Decoders, Prepared, Preparer
from vlmkit.runner.rows import Row, answered, failed, record_of
from vlmkit.runner.verdict import is_of_the_run
from vlmkit.store import Store

__all__ = ["OpenLedger", "Window"]

OpenLedger = Callable[[Callable[[list[Entry], StoreFault | None], None]], Ledger]

_MOST_WAITING = 16_384  # rows that ended and wait for the disk, or for the row before them
_MOST_IN_A_TURN = 256
_MOST_AT_A_GLANCE = 64
_MOST_IN_FLIGHT = 128  # where nobody said how many
_LATE_S = 2.0  # so long after its deadline a backend is no longer waited for


class Window:
    """Rows between their question and their outcome; used from one thread.

    Rows start in input order, so that those that will have an outcome are always the first ones.

    Parameters
    ----------
    questions : iterable of Question
    plan : Plan
    announce : Announcer
    total : int
        Number of questions, for the events.
    store : Store or None, default None
        Where stored answers are.
    open_ledger : callable or None, default None
        Makes the `Ledger` to write to, given what that shall call; None writes nothing.

    Attributes
    ----------
    asked : int
        Rows that were asked of a model so far.
    destinations : dict of str to None
        Where pictures went, in order.
    """

    def __init__(
        self,
        questions: Iterable[Question],
        plan: Plan,
        announce: Announcer,
        total: int,
        *,
        store: Store | None = None,
        open_ledger: OpenLedger | None = None,
    ) -> None:
        self.asked = 0
        self.destinations: dict[str, None] = {}
        self._questions = enumerate(questions)
        self._plan = plan
        self._announce = announce
        self._total = total
        self._preparer = Preparer(plan, store)
        self._decoders: Decoders[Row] = Decoders(plan.decoders, self._prepare)
        self._inbox: queue.SimpleQueue[tuple[Callable[[Any], None], Any]] = queue.SimpleQueue()
        self._ledger = open_ledger(self._hear_from_ledger) if open_ledger else None
        self._pace = Pace(plan.workers, _MOST_IN_FLIGHT, time.monotonic()) if plan.adaptive else None
        self._equals = Equals()
        self._ahead: deque[Row] = deque()
        self._in_flight: dict[int, Row] = {}
        self._retries: list[tuple[float, int, Row, RunError]] = []
        self._ended: deque[Outcome] = deque()
        self._unwritten = 0
        self._first_level = 0
        self._levels_that_worked: set[int] = set()
        self._watched_s = time.monotonic()
        self._has_more = False
        self._halted = False
        self._paused = False

    @property
    def is_empty(self) -> bool:
        """Whether no row is on its way and none can start."""
        return not (self._ahead or self._in_flight or self._retries or self._unwritten or self._ended)

    @property
    def workers(self) -> int:
        """Asks in flight at most, at the moment."""
        return self._pace.limit if self._pace else self._plan.workers

    def advance(self, held: int = 0, *, paused: bool = False) -> None:
        """Start whatever there is room for; returns at once.

        Parameters
        ----------
        held : int, default 0
            Outcomes the caller holds back, because rows before them have none yet.
        paused : bool, default False
            Whether nothing new is asked until the next call; what is in flight goes on.

        Raises
        ------
        SetupError
            Only the store may answer, and it cannot; or it cannot be read.
        """
        self._has_more, self._paused = False, paused
        if paused:
            return
        for _ in range(_MOST_IN_A_TURN):
            if self._halted or held + self._waiting() >= _MOST_WAITING:
                break
            self._read_ahead()
            if not (self._ahead and self._ahead[0].is_ready and self._has_room(self._ahead[0])):
                break
            self._start(self._ahead.popleft())
        else:
            self._has_more = True
        while self._retries and self._retries[0][0] <= time.monotonic():
            self._submit(heapq.heappop(self._retries)[2])

    def wait(self, timeout_s: float) -> None:
        """Wait until something comes: a picture, a reply, a retry's turn, a group that is written.

        Parameters
        ----------
        timeout_s : float
            Longest wait.

        Raises
        ------
        SetupError
            The backend found out only now that it cannot be used at all, or the store cannot be written.
        """
        if self._retries and not self._paused:
            timeout_s = min(timeout_s, max(0.0, self._retries[0][0] - time.monotonic()))
        try:
            handle, content = self._inbox.get(timeout=0 if self._ended or self._has_more else timeout_s)
            while True:
                handle(content)
                handle, content = self._inbox.get_nowait()
        except queue.Empty:
            self._watch()

    def ended(self) -> Iterator[Outcome]:
        """Rows that ended, each handed out once; what an interrupted caller leaves stays for the next call."""
        while self._ended:
            yield self._ended.popleft()

    def halt(self) -> None:
        """Start nothing new; rows that waited for a retry end with the fault they have."""
        self._halted, self._has_more = True, False
        self._ahead.clear()
        retries, self._retries = self._retries, []
        for _, _, row, fault in retries:
            self._fail(row, fault)

    def cancel(self) -> None:
        """Halt, and ask the backends to let go of what is in flight; those rows end after further waits."""
        self.halt()
        for row in list(self._in_flight.values()):
            if row.asked is not None:
                row.asked.cancel()
            else:
                self._fail(row, Cancelled("stopped before its turn with the next model; run it again for this row."))

    def close(self, *, seconds: float, stopped_early: bool) -> None:
        """Cancel everything, write what ended, and let the threads go.

        Parameters
        ----------
        seconds : float
            Wall time of the run, for the store.
        stopped_early : bool
        """
        self.cancel()
        self._decoders.close()
        if self._ledger:
            self._ledger.end(seconds=seconds, stopped_early=stopped_early)

    def _read_ahead(self) -> None:
        lacking = self.workers + self._plan.decoders - len(self._ahead)
        if lacking <= 0:
            return
        # Some more at a time, as the store answers many as fast as one.
        entries = islice(self._questions, max(lacking, min(self.workers, _MOST_AT_A_GLANCE)))
        rows = [Row(*entry, level=self._first_level) for entry in entries]
        self._ahead.extend(rows)
        glanced = self._preparer.glance([row.question for row in rows if row.level == 0])
        for row, prepared in zip_longest(rows, glanced):
            row.prepared = prepared
            if prepared is None:
                self._decoders.put(row)

    def _prepare(self, row: Row) -> None:
        """In a decoding thread."""
        start_s = time.monotonic()
        prepared: Prepared | None = None
        fault: Exception | None = None
        try:
            prepared = self._preparer.prepare(row.question, row.level)
        except Exception as error:  # noqa: BLE001  sorted in the loop's thread, where it can be raised
            fault = error
        self._inbox.put((self._take_prepared, (row, prepared, fault, time.monotonic() - start_s)))

    def _take_prepared(self, content: tuple[Row, Prepared | None, Exception | None, float]) -> None:
        row, prepared, fault, seconds = content
        row.prepared, row.fault = prepared, fault
        row.level = prepared.level if prepared else row.level
        row.prepare_s += seconds
        if self._in_flight.get(row.index) is row:  # for its next model
            self._go_on(row)

    def _waiting(self) -> int:
        return self._equals.following + self._unwritten + len(self._ended)

    def _has_room(self, row: Row) -> bool:
        if not row.needs_asking and self.workers > 1:
            return True
        return len(self._in_flight) + len(self._retries) < self.workers

    def _start(self, row: Row) -> None:
        row.start_s = time.monotonic()
        if self._announce.is_heard:
            self._announce(Started(index=row.index, total=self._total))
        if row.needs_asking and row.level < self._first_level:  # its model was given up meanwhile
            row.level = self._first_level
            self._prepare_again(row)
        else:
            self._go_on(row)

    def _go_on(self, row: Row) -> None:
        """Ask a prepared row, or end it where nothing has to be asked."""
        prepared = row.prepared
        if row.fault is not None or prepared is None:
            if not isinstance(row.fault, RunError):
                raise row.fault or RuntimeError("a row goes on only after it was prepared")
            self._fail(row, row.fault)
        elif (reply := prepared.reply or self._equals.reply(row)) is not None:
            self._answer(row, reply, from_store=True)
        elif prepared.ask is None:
            raise self._miss(row)
        elif self._equals.follow(row):
            self._in_flight.pop(row.index, None)
        else:
            self._equals.lead(row)
            self._submit(row)

    def _submit(self, row: Row, ask: Ask | None = None) -> None:
        prepared = row.prepared
        if prepared is None or prepared.ask is None or prepared.target.backend is None:
            raise RuntimeError("only what was prepared can be asked")
        self._in_flight[row.index] = row
        self.asked += not row.was_asked
        self.destinations[prepared.target.destination] = None
        row.was_asked, row.asked_s = True, time.monotonic()
        try:
            row.asked = prepared.target.backend.submit(ask or prepared.ask)
        except Exception as error:  # noqa: BLE001  a stranger's backend may raise anything; `fault_of` sorts it
            row.asked = Future()
            row.asked.set_exception(error)
        row.asked.add_done_callback(partial(self._hear_answer, row))

    def _hear_answer(self, row: Row, asked: Future[Reply]) -> None:
        """In whichever thread the backend answers."""
        self._inbox.put((self._take_answer, (row, asked)))

    def _take_answer(self, content: tuple[Row, Future[Reply]]) -> None:
        row, asked = content
        if row.asked is not asked:  # no longer waited for
            return
        fault = fault_of(asked)
        if fault is not None:
            self._take_fault(row, fault)
            return
        if self._pace:
            now_s, in_flight = time.monotonic(), len(self._in_flight) + len(self._retries)
            self._pace.answered(now_s, now_s - row.asked_s, is_busy=in_flight >= self.workers)
        self._levels_that_worked.add(row.level)
        reply = asked.result()
        again = mended_ask(row, reply) if self._plan.max_retries and not self._halted else None
        if again is not None:
            self._ask_again(row, reply, *again)
        else:
            self._answer(row, both(row.unread, reply) if row.unread else reply, from_store=False)

    def _ask_again(self, row: Row, reply: Reply, ask: Ask, fault: UnreadableReply) -> None:
        row.unread = reply
        self._announce(Retrying(index=row.index, total=self._total, attempt=row.attempt + 1, wait_s=0.0, fault=fault))
        self._submit(row, ask)

    def _take_fault(self, row: Row, fault: RunError) -> None:
        if self._pace and is_a_push_back(fault):
            self._pace.pushed_back(time.monotonic())
        pause_s = wait_s(row.attempt, fault, max_retries=self._plan.max_retries, chance=random.random())
        if self._halted or isinstance(fault, Cancelled):
            self._fail(row, fault)
        elif pause_s is not None:
            self._ask_later(row, fault, pause_s)
        elif is_worth_a_fallback(fault) and row.level + 1 < len(self._plan.targets):
            self._fall_back(row, fault)
        else:
            self._fail(row, fault)

    def _ask_later(self, row: Row, fault: RunError, pause_s: float) -> None:
        row.attempt += 1
        row.asked = None
        del self._in_flight[row.index]
        heapq.heappush(self._retries, (time.monotonic() + pause_s, row.index, row, fault))
        self._announce(Retrying(index=row.index, total=self._total, attempt=row.attempt, wait_s=pause_s, fault=fault))

    def _fall_back(self, row: Row, fault: RunError) -> None:
        if is_of_the_run(fault) and row.level not in self._levels_that_worked:
            self._first_level = max(self._first_level, row.level + 1)
        row.level = max(row.level + 1, self._first_level)
        model = self._plan.targets[row.level].model
        self._announce(FallingBack(index=row.index, total=self._total, model=model, fault=fault))
        self._prepare_again(row)

    def _prepare_again(self, row: Row) -> None:
        """Another model has another name for its answers, and perhaps another pixel budget."""
        self._equals.stop_leading(row)
        row.prepared, row.fault, row.asked, row.unread, row.attempt = None, None, None, None, 1
        self._in_flight[row.index] = row
        self._decoders.put(row)

    def _watch(self) -> None:
        """Give up on asks whose backend does not keep the deadline."""
        now_s = time.monotonic()
        timeout_s = self._plan.timeout_s
        if timeout_s is None or now_s < self._watched_s + 0.25:
            return
        self._watched_s = now_s
        for row in list(self._in_flight.values()):
            begun_s = row.begun_s
            if row.asked is not None and begun_s is not None and now_s > begun_s + timeout_s + _LATE_S:
                asked, row.asked = row.asked, None
                asked.cancel()
                self._take_fault(row, TimedOut(f"no answer within {timeout_s:g} s, nor a word. Raise timeout_s."))

    def _answer(self, row: Row, reply: Reply, *, from_store: bool) -> None:
        self._in_flight.pop(row.index, None)
        followers = self._equals.release(row, reply)
        self._end(row, answered(row, reply, from_store=from_store))
        for follower in followers:
            self._end(follower, answered(follower, reply, from_store=True))

    def _fail(self, row: Row, fault: RunError) -> None:
        self._in_flight.pop(row.index, None)
        for each in (row, *self._equals.release(row)):
            self._end(each, failed(each, fault, self._plan))

    def _end(self, row: Row, outcome: Outcome) -> None:
        row.asked = None
        if outcome.fault is not None and self._plan.fail_fast and not self._halted:
            self.halt()  # now, not once the store has heard of it
        if self._ledger is None or isinstance(outcome.fault, Cancelled):
            self._ended.append(outcome)
        else:
            self._unwritten += 1
            self._ledger.put(record_of(row, outcome), outcome)

    def _hear_from_ledger(self, entries: list[Entry], fault: StoreFault | None) -> None:
        """In the writing thread."""
        self._inbox.put((self._take_written, (entries, fault)))

    def _take_written(self, content: tuple[list[Entry], StoreFault | None]) -> None:
        entries, fault = content
        self._unwritten -= len(entries)
        self._ended.extend(outcome for _, outcome in entries)
        if fault is not None and not self._halted:
            self._halted = True
            raise fault

    def _miss(self, row: Row) -> SetupError:
        names = ", ".join(dict.fromkeys(target.model for target in self._plan.targets))
        return SetupError(
            f"row {row.index} ({row.label}): the store has no answer of {names} to this question about this picture, "
            'and store="replay" asks nobody. Run it once with store=True, where the model is at hand.'
        )
