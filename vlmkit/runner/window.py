"""The rows on their way: pictures prepared a little ahead, a bounded number of asks in flight."""

from __future__ import annotations

import heapq
import queue
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from vlmkit.backends.protocol import Backend
from vlmkit.errors import RunError
from vlmkit.records import Outcome, Reply
from vlmkit.runner.attempt import Prepared, fault_of, outcome_of, prepare, wait_s
from vlmkit.runner.events import Announcer, Retrying, Started
from vlmkit.runner.plan import Plan, Question

__all__ = ["Window"]


@dataclass(slots=True)
class _Row:
    index: int
    preparing: Future[Prepared]
    attempt: int = 1
    start_s: float = 0.0
    asked: Future[Reply] | None = None


class Window:
    """Rows between their question and their outcome; used from one thread.

    Rows start in input order, so that those that will have an outcome are always the first ones.

    Parameters
    ----------
    questions : iterable of Question
    plan : Plan
    backend : Backend
    announce : Announcer
    total : int
        Number of questions, for the events.
    """

    def __init__(
        self, questions: Iterable[Question], plan: Plan, backend: Backend, announce: Announcer, total: int
    ) -> None:
        self._questions = enumerate(questions)
        self._plan = plan
        self._backend = backend
        self._announce = announce
        self._total = total
        self._pool = ThreadPoolExecutor(plan.decoders, thread_name_prefix="vlmkit-decode")
        self._ahead: deque[_Row] = deque()
        self._in_flight: dict[int, _Row] = {}
        self._retries: list[tuple[float, int, _Row, RunError]] = []
        self._inbox: queue.SimpleQueue[_Row | None] = queue.SimpleQueue()
        self._ended: deque[Outcome] = deque()
        self._halted = False

    @property
    def is_empty(self) -> bool:
        """Whether no row is on its way and none can start."""
        return not (self._ahead or self._in_flight or self._retries or self._ended)

    def advance(self) -> None:
        """Start whatever there is room for; returns at once."""
        if not self._halted:
            self._prepare_ahead()
            self._submit_prepared()
        while self._retries and self._retries[0][0] <= time.monotonic():
            self._submit(heapq.heappop(self._retries)[2])

    def wait(self, timeout_s: float) -> None:
        """Wait until something comes: a picture, a reply, a retry's turn.

        Parameters
        ----------
        timeout_s : float
            Longest wait.

        Raises
        ------
        SetupError
            The backend found out only now that it cannot be used at all.
        """
        if self._retries:
            timeout_s = min(timeout_s, max(0.0, self._retries[0][0] - time.monotonic()))
        try:
            row = self._inbox.get(timeout=0 if self._ended else timeout_s)
            while True:
                if row is not None:
                    self._take(row)
                row = self._inbox.get_nowait()
        except queue.Empty:
            return

    def ended(self) -> Iterator[Outcome]:
        """Rows that ended, each handed out once; what an interrupted caller leaves stays for the next call."""
        while self._ended:
            yield self._ended.popleft()

    def halt(self) -> None:
        """Start nothing new; rows that waited for a retry end with the fault they have."""
        self._halted = True
        self._ahead.clear()
        for _, _, row, fault in self._retries:
            self._end(row, fault)
        self._retries.clear()

    def cancel(self) -> None:
        """Halt, and ask the backend to let go of what is in flight; those rows end after further waits."""
        self.halt()
        for row in list(self._in_flight.values()):
            if row.asked is not None:
                row.asked.cancel()

    def close(self) -> None:
        """Cancel everything and let the threads go."""
        self.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _prepare_ahead(self) -> None:
        while len(self._ahead) < self._plan.ahead:
            entry = next(self._questions, None)
            if entry is None:
                return
            index, question = entry
            preparing = self._pool.submit(prepare, question, self._plan)
            preparing.add_done_callback(lambda _: self._inbox.put(None))
            self._ahead.append(_Row(index=index, preparing=preparing))

    def _submit_prepared(self) -> None:
        while self._ahead and self._ahead[0].preparing.done() and self._has_room():
            row = self._ahead.popleft()
            row.start_s = time.monotonic()
            self._announce(Started(index=row.index, total=self._total))
            fault = row.preparing.exception()
            if fault is None:
                self._submit(row)
            elif isinstance(fault, RunError):
                self._ended.append(Outcome(index=row.index, fault=fault))
            else:
                raise fault

    def _has_room(self) -> bool:
        return len(self._in_flight) + len(self._retries) + len(self._ended) < self._plan.workers

    def _submit(self, row: _Row) -> None:
        self._in_flight[row.index] = row
        try:
            row.asked = self._backend.submit(row.preparing.result().ask)
        except Exception as error:  # noqa: BLE001  a stranger's backend may raise anything; `fault_of` sorts it
            row.asked = Future()
            row.asked.set_exception(error)
        row.asked.add_done_callback(lambda _: self._inbox.put(row))

    def _take(self, row: _Row) -> None:
        asked = self._in_flight.pop(row.index).asked
        if asked is None:
            return
        fault = fault_of(asked)
        if fault is None:
            self._ended.append(outcome_of(row.index, asked.result(), self._plan, self._seconds(row)))
            return
        pause_s = None if self._halted else wait_s(row.attempt, fault)
        if pause_s is None:
            self._end(row, fault)
            return
        row.attempt += 1
        heapq.heappush(self._retries, (time.monotonic() + pause_s, row.index, row, fault))
        self._announce(Retrying(index=row.index, total=self._total, attempt=row.attempt, wait_s=pause_s, fault=fault))

    def _end(self, row: _Row, fault: RunError) -> None:
        self._ended.append(Outcome(index=row.index, fault=fault, seconds=self._seconds(row)))

    @staticmethod
    def _seconds(row: _Row) -> float:
        return row.preparing.result().seconds + time.monotonic() - row.start_s
