"""The rows on their way: pictures prepared a little ahead, a bounded number of asks in flight, outcomes once safe."""

from __future__ import annotations

import logging
import queue
import random
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

from vlmkit.errors import Cancelled, Refused, RunError, StoreFault, TimedOut, UnreadableReply
from vlmkit.records import Ask, Outcome, Reply
from vlmkit.runner.attempt import fault_of, is_a_push_back, is_worth_a_fallback, of_a_queue, wait_s
from vlmkit.runner.budget import Meter
from vlmkit.runner.deadlines import Deadlines
from vlmkit.runner.endings import Endings
from vlmkit.runner.equals import Equals
from vlmkit.runner.events import Announcer, FallingBack, Retrying, Started
from vlmkit.runner.intake import Intake, Taken
from vlmkit.runner.ledger import Entry, Ledger
from vlmkit.runner.mending import both, mended_ask
from vlmkit.runner.pace import Pace
from vlmkit.runner.plan import Plan, Question
from vlmkit.runner.preparing import Prepared
from vlmkit.runner.retries import Retries
from vlmkit.runner.rows import Row, answered, failed, missed
from vlmkit.runner.sharing import Sharing
from vlmkit.runner.verdict import Verdict
from vlmkit.store import Store

__all__ = ["OpenLedger", "Window"]

OpenLedger = Callable[[Callable[[list[Entry], StoreFault | None], None]], Ledger]

_MOST_WAITING = 16_384  # rows that ended and wait for the disk, or for the row before them
_MOST_IN_A_TURN = 256
_MOST_IN_FLIGHT = 128  # where nobody said how many

_log = logging.getLogger(__name__)


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
    fatal : RunError or None
        The fault that condemned the last model there is: nothing new is asked then.
    meter : Meter
        What the run costs.
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
        self.fatal: RunError | None = None
        now_s = time.monotonic()
        self.meter = Meter(plan.budget, plan.price, now_s)
        self._plan = plan
        self._announce = announce
        self._total = total
        self._inbox: queue.SimpleQueue[tuple[Callable[[Any], None], Any]] = queue.SimpleQueue()
        self._ledger = open_ledger(self._hear_from_ledger) if open_ledger else None
        self._intake = Intake(questions, plan, store, lambda taken: self._inbox.put((self._take_prepared, taken)))
        most = _MOST_IN_FLIGHT if plan.adaptive else plan.workers
        self._pace = Pace(plan.workers, most, now_s, plan.timeout_s) if plan.asks_a_server else None
        self._deadlines = Deadlines(plan.timeout_s, plan.silence_s, min(2, 1 + plan.backoff.max_retries), now_s)
        self._verdict = Verdict(total)
        self._equals = Equals()
        claims = self._ledger.claims if self._ledger and plan.reuse != "nothing" else None
        self._sharing = Sharing(claims, self._equals, self._intake.look_up, plan.timeout_s)
        self._endings = Endings(self._ledger)
        self._in_flight: dict[int, Row] = {}
        self._retries = Retries()
        self._first_level = 0
        self._is_full = False
        self._has_more = False
        self._halted = False
        self._paused = False

    @property
    def is_empty(self) -> bool:
        """Whether no row is on its way and none can start."""
        return not any((self._intake, self._in_flight, self._retries, self._endings, self._sharing))

    @property
    def is_handed_out(self) -> bool:
        """Whether every row that ended is written and was handed out."""
        return not self._endings

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
            self._sharing.keep_only(self._in_flight.values())
            return
        # The number in flight may be smaller by now.
        while len(self._in_flight) < self.workers and (due := self._retries.take_due()):
            self._ask_anew(*due)
        for _ in range(_MOST_IN_A_TURN):
            self._is_full = False
            waiting = self._equals.following + len(self._endings) + len(self._sharing)
            if self._halted or held + waiting >= _MOST_WAITING:
                self._sharing.keep_only(self._in_flight.values())
                break
            self._intake.read(self.workers, self._first_level)
            row = self._intake.ready
            if row is None or not self._sharing.settle(row, self._intake):
                break
            if not self._has_room(row):
                self._is_full = True
                break
            self._start(self._intake.take())
        else:
            self._has_more = True

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
        if not self._paused and len(self._in_flight) < self.workers:
            timeout_s = min(timeout_s, self._retries.next_s())
        timeout_s = self._sharing.next_s(timeout_s)
        try:
            handle, content = self._inbox.get(timeout=0 if self._endings.is_ready or self._has_more else timeout_s)
            while True:
                handle(content)
                handle, content = self._inbox.get_nowait()
        except queue.Empty:
            self._watch()

    def ended(self) -> Iterator[Outcome]:
        """Rows that ended, each handed out once; what an interrupted caller leaves stays for the next call."""
        return self._endings.take()

    def halt(self) -> None:
        """Start nothing new; rows that waited for a retry end with the fault they have."""
        self._halted, self._has_more = True, False
        self._intake.clear()
        for row, fault in self._retries.clear():
            self._fail(row, fault)
        for row in self._sharing.clear():
            if row.prepared and row.prepared.reply:
                self._go_on(row)
            else:
                self._fail(row, Cancelled("stopped while another run was asking it; run it again for this row."))

    def recall(self) -> bool:
        """End some of the rows that will not start, where the store answers them; whether there may be more."""
        rows = self._intake.recall()
        for row in rows or ():
            self._go_on(row)
        return rows is not None

    def cancel(self) -> None:
        """Halt, and ask the backends to let go of what is in flight; those rows end after further waits."""
        self.halt()
        for row in list(self._in_flight.values()):
            if row.asked is not None:
                row.asked.cancel()
            else:
                self._fail(row, Cancelled("stopped before its turn; run it again for this row."))

    def close(self, *, seconds: float, stopped_early: bool, reason: str | None = None) -> None:
        """Cancel everything, write what ended, and let the threads go.

        Parameters
        ----------
        seconds : float
            Wall time of the run, for the store.
        stopped_early : bool
        reason : str or None, default None
        """
        self.cancel()
        self._intake.close()
        if self._ledger:
            self._ledger.end(seconds=seconds, stopped_early=stopped_early, reason=reason)
        if self._pace and self._plan.adaptive and self._pace.highest >= _MOST_IN_FLIGHT:
            _log.info('workers="auto" went up to its ceiling of %d; a number may be higher.', _MOST_IN_FLIGHT)

    def _take_prepared(self, content: Taken) -> None:
        row, prepared, fault, seconds = content
        equals = self._changed(row, prepared)
        row.prepared, row.fault = prepared, fault
        self._intake.hold(row)
        row.level = prepared.level if prepared else row.level
        row.prepare_s += seconds
        if self._in_flight.get(row.index) is row:  # for its next model
            self._go_on(row)
        for each in equals:
            self._go_on(each)

    def _changed(self, row: Row, prepared: Prepared | None) -> list[Row]:
        """Rows that were equal to one whose picture was changed while another run was asked about it."""
        if row.key is None or (prepared is not None and prepared.key == row.key):
            return []
        self._sharing.give_back(row)
        return self._equals.release(row)

    def _has_room(self, row: Row) -> bool:
        if (row.is_others or not row.needs_asking) and self.workers > 1:
            return True
        busy = len(self._in_flight) + len(self._retries)
        return busy < self.workers and self.meter.has_room(busy)

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
        elif prepared.reply is not None:
            self._end_with(row, prepared.reply, answered(row, prepared.reply, from_store=True))
        elif (reply := self._equals.reply(row)) is not None:
            self._end_with(row, reply, answered(row, reply, is_duplicate=True))
        elif prepared.ask is None:
            raise missed(row, self._plan)
        elif self._equals.follow(row):
            self._in_flight.pop(row.index, None)
        else:
            self._equals.lead(row)
            self._take_turn(row)

    def _take_turn(self, row: Row) -> None:
        """Ask a row, unless another run is asking the same, or has asked it."""
        self._sharing.settle(row)
        if row.prepared is not None and row.prepared.reply is not None:
            self._go_on(row)
        elif self._sharing.may_ask(row):
            self._submit(row)
        else:
            self._in_flight.pop(row.index, None)
            self._intake.let_go(row)
            self._sharing.put_aside(row, time.monotonic())

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
        fault = fault_of(asked, has_next=self._has_next(row))
        now_s = time.monotonic()
        if not isinstance(fault, TimedOut | Cancelled):
            self._deadlines.hear(row, now_s)
        if fault is not None:
            self._take_fault(row, fault)
            return
        if self._pace:
            self._pace.answered(now_s, now_s - row.asked_s, is_busy=self._is_full)
        reply = asked.result()
        self.meter.add(reply.usage, reply.model)
        again = mended_ask(row, reply) if self._plan.backoff.max_retries and not self._halted else None
        if again is not None:
            self._ask_again(row, reply, *again)
        else:
            self._answer(row, both(row.unread, reply) if row.unread else reply)

    def _ask_again(self, row: Row, reply: Reply, ask: Ask, fault: UnreadableReply) -> None:
        row.unread = reply
        row.retries += 1
        self._announce(Retrying(index=row.index, total=self._total, attempt=row.attempt + 1, wait_s=0.0, fault=fault))
        self._submit(row, ask)

    def _take_fault(self, row: Row, fault: RunError) -> None:
        if self._pace and isinstance(fault, TimedOut) and row.is_elsewhere:
            self._pace.timed_out(time.monotonic(), row.asked_s)
        elif self._pace and self._plan.adaptive and is_a_push_back(fault):
            self._pace.pushed_back(time.monotonic())
        doubts = self._verdict.doubts(row.level, fault)
        backoff = self._plan.backoff.once if doubts else self._plan.backoff
        pause_s = wait_s(row.attempt, fault, backoff=backoff, chance=random.random(), of_server=row.is_elsewhere)
        if self._halted or isinstance(fault, Cancelled):
            self._fail(row, fault)
        elif pause_s is not None and row.level >= self._first_level:
            self._ask_later(row, fault, pause_s)
        elif is_worth_a_fallback(fault) and self._has_next(row):
            self._fall_back(row, fault)
        else:
            self._give_up(row, fault)

    def _ask_later(self, row: Row, fault: RunError, pause_s: float) -> None:
        row.attempt += 1
        row.retries += 1
        row.asked = None
        del self._in_flight[row.index]
        self._retries.put(row, fault, pause_s)
        self._announce(Retrying(index=row.index, total=self._total, attempt=row.attempt, wait_s=pause_s, fault=fault))

    def _ask_anew(self, row: Row, fault: RunError) -> None:
        """Ask a row again whose wait is over; of the next model, where its own was given up meanwhile."""
        if row.level < self._first_level:
            self._fall_back(row, fault)
        else:
            self._go_on(row)

    def _has_next(self, row: Row) -> bool:
        return row.level + 1 < len(self._plan.targets)

    def _fall_back(self, row: Row, fault: RunError) -> None:
        if self._verdict.condemns(row.level, fault, of_server=row.is_elsewhere):
            self._first_level = max(self._first_level, row.level + 1)
        row.level = max(row.level + 1, self._first_level)
        model = self._plan.targets[row.level].model
        self._announce(FallingBack(index=row.index, total=self._total, model=model, fault=fault))
        self._prepare_again(row)

    def _prepare_again(self, row: Row) -> None:
        """Another model has another name for its answers, and perhaps another pixel budget."""
        self._equals.stop_leading(row)
        self._sharing.give_back(row)
        row.prepared, row.fault, row.asked, row.unread, row.attempt = None, None, None, None, 1
        self._put_in_hand(row)

    def _put_in_hand(self, row: Row) -> None:
        self._in_flight[row.index] = row
        self._intake.prepare(row)

    def _watch(self) -> None:
        """Give up on asks whose backend does not keep the deadline, or whose server says nothing; tell of silence."""
        now_s = time.monotonic()
        for row, fault in self._deadlines.overdue(list(self._in_flight.values()), now_s):
            asked, row.asked = row.asked, None
            if asked is not None:
                asked.cancel()
            self._take_fault(row, fault)
        self._look_at_others(now_s)
        unanswered = self._deadlines.unanswered(self._in_flight.values(), now_s)
        if unanswered is not None:
            if unanswered.is_first:
                _log.warning("%s", unanswered)
            self._announce(unanswered)

    def _look_at_others(self, now_s: float) -> None:
        """Go on with rows that need not wait for another run any more; tell of those that do."""
        may_ask = not (self._paused or self._halted)
        busy = len(self._in_flight) + len(self._retries)
        room = self.workers - busy if may_ask and self.meter.has_room(busy) else 0
        for row in self._sharing.look(now_s, room):
            if row.prepared is not None and row.prepared.reply is not None:
                self._go_on(row)
            else:
                self._put_in_hand(row)
        if self._announce.is_heard and (news := self._sharing.news(now_s)) is not None:
            self._announce(news)

    def _answer(self, row: Row, reply: Reply) -> None:
        """End a row with what its model said, which tells of the model, too; what it refuses is asked of the next."""
        outcome = answered(row, reply)
        if isinstance(outcome.fault, Refused) and self._has_next(row) and not self._halted:
            self._fall_back(row, outcome.fault)
            return
        self._end_with(row, reply, outcome)
        if outcome.fault is None:
            self._verdict.acquit(row.level)
        else:
            self._judge(row, outcome)

    def _end_with(self, row: Row, reply: Reply, outcome: Outcome) -> None:
        """End a row with an answer, and all rows that waited for it."""
        self._in_flight.pop(row.index, None)
        followers = self._equals.release(row, reply)
        self._end(row, outcome)
        for each in followers:
            self._end(each, answered(each, reply, is_duplicate=True))

    def _give_up(self, row: Row, fault: RunError) -> None:
        """End a row with the fault that no further try or model would change, which may condemn its model."""
        if isinstance(fault, TimedOut) and row.is_elsewhere and self._plan.workers > 1:
            fault = of_a_queue(fault)
        self._judge(row, self._fail(row, fault))

    def _judge(self, row: Row, outcome: Outcome) -> None:
        has_stand_in = outcome.fault is not None and outcome.values is not None  # which the user asked for
        if outcome.fault is None or has_stand_in or self._plan.fail_fast:
            return
        if not self._verdict.condemns(row.level, outcome.fault, of_server=row.is_elsewhere):
            return
        if self._has_next(row):
            self._first_level = max(self._first_level, row.level + 1)
        elif self.fatal is None:
            self.fatal = outcome.fault
            self.halt()

    def _fail(self, row: Row, fault: RunError) -> Outcome:
        self._in_flight.pop(row.index, None)
        outcome = failed(row, fault, self._plan)
        followers = self._equals.release(row)
        self._end(row, outcome)
        for each in followers:
            self._end(each, failed(each, fault, self._plan))
        return outcome

    def _end(self, row: Row, outcome: Outcome) -> None:
        row.asked = None
        self._intake.let_go(row)
        if isinstance(outcome.fault, Cancelled):
            self._sharing.give_back(row)
        else:
            self._sharing.forget(row)
        if outcome.fault is not None and self._plan.fail_fast and not self._halted:
            self.halt()  # now, not once the store has heard of it
        self._endings.put(row, outcome)

    def _hear_from_ledger(self, entries: list[Entry], fault: StoreFault | None) -> None:
        """In the writing thread."""
        self._inbox.put((self._take_written, (entries, fault)))

    def _take_written(self, content: tuple[list[Entry], StoreFault | None]) -> None:
        entries, fault = content
        self._endings.take_written(entries)
        if fault is not None and not self._halted:
            self._halted = True
            raise fault
