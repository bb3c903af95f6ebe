"""The rows on their way: read ahead by the intake, asked by the flight, written by the endings, each in its turn."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from vlmkit.errors import Cancelled, RunError, StoreFault
from vlmkit.records import Outcome, Reply
from vlmkit.runner.attempt import Concluded, Decision, FellBack, GaveUp
from vlmkit.runner.deduplication import Deduplicator
from vlmkit.runner.events import Announcer
from vlmkit.runner.flight import Flight
from vlmkit.runner.intake import Intake, Taken
from vlmkit.runner.plan import Plan, Question
from vlmkit.runner.result_writer import Endings, RecordedOutcome, ResultWriter
from vlmkit.runner.rows import Row, answered, failed, missed
from vlmkit.runner.sharing import Sharing
from vlmkit.store import Store

__all__ = ["OpenLedger", "Window"]

OpenLedger = Callable[[Callable[[list[RecordedOutcome], StoreFault | None], None]], ResultWriter]

_MOST_WAITING = 16_384  # rows that ended and wait for the disk, or for the row before them
_MOST_IN_A_TURN = 256
_WATCH_EVERY_S = 0.02  # while answers come; each thing that is watched has a rhythm of its own, none faster


class Window:
    """Rows between their question and their outcome; used from one thread.

    Rows start in input order, so that those that will have an outcome are always the first ones. Other threads (those
    that decode, that write, a backend's) only put what they have into an inbox.

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
        Makes the `ResultWriter` to write to, given what that shall call; None writes nothing.

    Attributes
    ----------
    flight : Flight
        What is asked, and what that costs.
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
        self._plan = plan
        self._announce = announce
        self._inbox: queue.SimpleQueue[tuple[Callable[[Any], None], Any]] = queue.SimpleQueue()
        self._writer = open_ledger(self._hear_from_ledger) if open_ledger else None
        self._intake = Intake(questions, plan, store, lambda taken: self._inbox.put((self._take_prepared, taken)))
        self.flight = Flight(plan, announce, total, self._hear_answer)
        self._equals = Deduplicator()
        claims = self._writer.claims if self._writer and plan.reuse != "nothing" else None
        self._sharing = Sharing(claims, self._equals, self._intake.look_up, plan.timeout_s)
        self._endings = Endings(self._writer)
        self._has_more = False
        self._paused = False
        self._next_watch_s = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether no row is on its way and none can start."""
        return not any((self._intake, self.flight, self._endings, self._sharing))

    @property
    def is_handed_out(self) -> bool:
        """Whether every row that ended is written and was handed out."""
        return not self._endings

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
            self._sharing.keep_only(self.flight)
            return
        while due := self.flight.take_due():
            self._ask_anew(*due)
        for _ in range(_MOST_IN_A_TURN):
            row = self._next_row(held)
            if row is None:
                break
            self._start(row)
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
        if not self._paused:
            timeout_s = self.flight.next_s(timeout_s)
        timeout_s = self._sharing.next_s(timeout_s)
        try:
            handle, content = self._inbox.get(timeout=0 if self._endings.is_ready or self._has_more else timeout_s)
        except queue.Empty:
            self._watch(time.monotonic())
            return
        with suppress(queue.Empty):
            while True:
                handle(content)
                handle, content = self._inbox.get_nowait()
        now_s = time.monotonic()
        if now_s >= self._next_watch_s:
            self._watch(now_s)

    def ended(self) -> Iterator[Outcome]:
        """Rows that ended, each handed out once; what an interrupted caller leaves stays for the next call."""
        return self._endings.take()

    def halt(self) -> None:
        """Start nothing new; rows that waited for a retry end with the fault they have."""
        waiting = self.flight.halt()
        self._has_more = False
        self._intake.clear()
        for row, fault in waiting:
            self._fail(row, fault)
        for row in self._sharing.clear():
            if row.has_answer:
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
        for row in self.flight.cancel():
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
        if self._writer:
            self._writer.end(seconds=seconds, stopped_early=stopped_early, reason=reason)
        self.flight.close()

    def _next_row(self, held: int) -> Row | None:
        """The next row that is prepared, where there is room for it and it is known who asks it."""
        self.flight.is_crowded = False
        waiting = self._equals.following + len(self._endings) + len(self._sharing)
        if self.flight.is_halted or held + waiting >= _MOST_WAITING:
            self._sharing.keep_only(self.flight)
            return None
        self._intake.read(self.flight.workers, self.flight.first_level)
        row = self._intake.ready
        if row is None or not self._sharing.settle(row, self._intake):
            return None
        if not self.flight.has_room_for(row):
            self.flight.is_crowded = True
            return None
        return self._intake.take()

    def _start(self, row: Row) -> None:
        self.flight.start(row)
        if row.needs_asking and row.level < self.flight.first_level:  # its model was given up meanwhile
            self._prepare_for(row, self.flight.first_level)
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
            self.flight.leave(row)
        else:
            self._equals.lead(row)
            self._take_turn(row)

    def _take_turn(self, row: Row) -> None:
        """Ask a row, unless another run is asking the same, or has asked it."""
        self._sharing.settle(row)
        if row.has_answer:
            self._go_on(row)
        elif self._sharing.may_ask(row):
            self.flight.submit(row)
        else:
            self.flight.leave(row)
            self._intake.drop_pictures(row)
            self._sharing.put_aside(row, time.monotonic())

    def _ask_anew(self, row: Row, fault: RunError) -> None:
        """Ask a row again whose wait is over; of the next model, where its own was given up meanwhile."""
        if row.level < self.flight.first_level:
            self._carry_out(row, self.flight.fall_back(row, fault))
        else:
            self._go_on(row)

    def _prepare_for(self, row: Row, level: int) -> None:
        """Another model has another name for its answers, and perhaps another pixel budget."""
        self._equals.stop_leading(row)
        self._sharing.give_back(row)
        self.flight.forget_tries(row)
        self.flight.join(row)
        self._intake.prepare_for(row, level)

    def _carry_out(self, row: Row, decision: Decision | None) -> None:
        """Do what the flight decided."""
        match decision:
            case FellBack(level=level):
                self._prepare_for(row, level)
            case Concluded(reply=reply, outcome=outcome):
                self._end_with(row, reply, outcome)
                self._judge(row, outcome)
            case GaveUp(fault=fault, tells_of_model=tells_of_model):
                outcome = self._fail(row, fault)
                if tells_of_model:
                    self._judge(row, outcome)

    def _judge(self, row: Row, outcome: Outcome) -> None:
        if self.flight.condemns(row, outcome):
            self.halt()

    def _hear_answer(self, row: Row, asked: Future[Reply]) -> None:
        """In whichever thread the backend answers."""
        self._inbox.put((self._take_answer, (row, asked)))

    def _take_answer(self, content: tuple[Row, Future[Reply]]) -> None:
        row, asked = content
        self._carry_out(row, self.flight.take(row, asked))

    def _take_prepared(self, taken: Taken) -> None:
        row, prepared, _, _ = taken
        deduplicator: list[Row] = []
        if row.key is not None and (prepared is None or prepared.key != row.key):
            # Its picture was changed while another run was asked about it; those that were equal to it are so no more.
            self._sharing.give_back(row)
            deduplicator = self._equals.release(row)
        self._intake.hold(taken)
        if row in self.flight:  # for its next model
            self._go_on(row)
        for each in deduplicator:
            self._go_on(each)

    def _watch(self, now_s: float) -> None:
        """Give up what is overdue; look after rows that others ask; tell of silence."""
        self._next_watch_s = now_s + _WATCH_EVERY_S
        for row, decision in self.flight.overdue(now_s):
            self._carry_out(row, decision)
        self._look_at_others(now_s)
        self.flight.tell(now_s)

    def _look_at_others(self, now_s: float) -> None:
        """Go on with rows that need not wait for another run any more; tell of those that do."""
        may_ask = not (self._paused or self.flight.is_halted)
        for row in self._sharing.look(now_s, self.flight.room if may_ask else 0):
            if row.has_answer:
                self._go_on(row)
            else:
                self.flight.join(row)
                self._intake.prepare(row)
        if self._announce.is_heard and (news := self._sharing.news(now_s)) is not None:
            self._announce(news)

    def _end_with(self, row: Row, reply: Reply, outcome: Outcome) -> None:
        """End a row with an answer, and all rows that waited for it."""
        followers = self._equals.release(row, reply)
        self._end(row, outcome)
        for each in followers:
            self._end(each, answered(each, reply, is_duplicate=True))

    def _fail(self, row: Row, fault: RunError) -> Outcome:
        outcome = failed(row, fault, self._plan)
        followers = self._equals.release(row)
        self._end(row, outcome)
        for each in followers:
            self._end(each, failed(each, fault, self._plan))
        return outcome

    def _end(self, row: Row, outcome: Outcome) -> None:
        self.flight.leave(row)
        self._intake.let_go(row)
        if isinstance(outcome.fault, Cancelled):
            self._sharing.give_back(row)
        else:
            self._sharing.forget(row)
        if outcome.fault is not None and self._plan.fail_fast and not self.flight.is_halted:
            self.halt()  # now, not once the store has heard of it
        self._endings.put(row, outcome)

    def _hear_from_ledger(self, entries: list[RecordedOutcome], fault: StoreFault | None) -> None:
        """In the writing thread."""
        self._inbox.put((self._take_written, (entries, fault)))

    def _take_written(self, content: tuple[list[RecordedOutcome], StoreFault | None]) -> None:
        entries, fault = content
        self._endings.take_written(entries)
        if fault is not None and not self.flight.is_halted:
            self.flight.is_halted = True
            raise fault
