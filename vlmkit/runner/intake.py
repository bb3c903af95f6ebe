"""Questions on their way to the window: read as far ahead as needed, answered from the store or prepared in threads."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice, zip_longest

from vlmkit.runner.plan import Plan, Question
from vlmkit.runner.preparing import Decoders, Prepared, Preparer
from vlmkit.runner.rows import Row
from vlmkit.store import Store

__all__ = ["Intake", "Taken"]

_MOST_AT_A_GLANCE = 64
_MOST_HELD_BYTES = 256 * 2**20

Taken = tuple[Row, Prepared | None, Exception | None, float]
"""A row, what it was prepared to or why it could not be, and the seconds that took."""


class Intake:
    """Rows that have not started yet, in input order, and the memory that encoded pictures take.

    It is the only writer of what rows are prepared to.

    Parameters
    ----------
    questions : iterable of Question
        Read in the caller's thread.
    plan : Plan
    store : Store or None
        Where stored answers are.
    prepared : callable
        Called in a decoding thread with each row that was prepared.
    """

    def __init__(
        self, questions: Iterable[Question], plan: Plan, store: Store | None, prepared: Callable[[Taken], None]
    ) -> None:
        self._questions = enumerate(questions)
        self._decoder_count = plan.decoders
        self._preparer = Preparer(plan, store)
        self._decoders: Decoders[Row] = Decoders(plan.decoders, self._work)
        self._prepared = prepared
        self._ahead: deque[Row] = deque()
        self._unprepared: deque[Row] = deque()
        self._left: deque[Row] = deque()
        self._in_hand = 0
        self._held_bytes = 0
        self._usual_bytes = 0

    def __len__(self) -> int:
        return len(self._ahead)

    @property
    def ready(self) -> Row | None:
        """The next row, where it is prepared."""
        return self._ahead[0] if self._ahead and self._ahead[0].is_ready else None

    def take(self) -> Row:
        """The next row, which is then no longer here."""
        return self._ahead.popleft()

    def __iter__(self) -> Iterator[Row]:
        return iter(self._ahead)

    def look_up(self, rows: Sequence[Row]) -> None:
        """Give prepared rows the usable answers that the store has by now.

        Parameters
        ----------
        rows : sequence of Row
        """
        known = [(row, row.prepared) for row in rows if row.prepared is not None]
        answered = self._preparer.look_up([(row.question, prepared) for row, prepared in known])
        for (row, _), prepared in zip(known, answered, strict=True):
            if prepared is not None:
                row.prepared = prepared
                self.let_go(row)

    def read(self, workers: int, level: int) -> None:
        """Read some questions more, where too few are at hand.

        Parameters
        ----------
        workers : int
            Asks in flight at most.
        level : int
            Which of the plan's targets they are asked of.
        """
        self._read(workers, level)
        self._prepare_some()

    def _read(self, workers: int, level: int) -> None:
        lacking = workers + self._decoder_count - len(self._ahead)
        if lacking <= 0:
            return
        # Some more at a time, as the store answers many as fast as one.
        entries = islice(self._questions, max(lacking, min(workers, _MOST_AT_A_GLANCE)))
        rows = [Row(*entry, level=level) for entry in entries]
        self._ahead.extend(rows)
        glanced = self._preparer.glance([row.question for row in rows if row.level == 0])
        for row, prepared in zip_longest(rows, glanced):
            row.prepared = prepared
            if prepared is None:
                self._unprepared.append(row)

    def _prepare_some(self) -> None:
        """Let as many pictures be opened as there is memory for; one always, and in order, so that none waits for ever.

        Rows that hold pictures come before those that wait here: they end without these.
        """
        while self._unprepared and self._in_hand < 2 * self._decoder_count:
            expected = self._held_bytes + self._in_hand * self._usual_bytes
            if expected and expected + self._usual_bytes > _MOST_HELD_BYTES:
                return
            self._put(self._unprepared.popleft())

    def prepare(self, row: Row) -> None:
        """Prepare a row again: its pictures were dropped."""
        self.let_go(row)
        self._put(row)

    def prepare_for(self, row: Row, level: int) -> None:
        """Prepare a row for another of the plan's targets."""
        row.level, row.prepared, row.fault = level, None, None
        self.prepare(row)

    def _put(self, row: Row) -> None:
        self._in_hand += 1
        self._decoders.put(row)

    def hold(self, taken: Taken) -> Row:
        """Note what a row was prepared to, and count its pictures."""
        row, prepared, fault, seconds = taken
        row.prepared, row.fault = prepared, fault
        row.level = row.prepared.level if row.prepared else row.level
        row.prepare_s += seconds
        self._in_hand -= 1
        ask = row.prepared.ask if row.prepared else None
        if ask is not None:
            row.held_bytes = self._usual_bytes = sum(len(picture.data) for picture in ask.messages[-1].pictures)
            self._held_bytes += row.held_bytes
        return row

    def drop_pictures(self, row: Row) -> None:
        """Keep of a prepared row only whose answer it waits for: `prepare` opens its pictures again."""
        self.let_go(row)
        row.prepared = replace(row.prepared, ask=None) if row.prepared else None

    def let_go(self, row: Row) -> None:
        """Count the pictures of a row no more, as it ended."""
        self._held_bytes -= row.held_bytes
        row.held_bytes = 0

    def clear(self) -> None:
        """Start none of the rows that have not started."""
        for row in self._ahead:
            self.let_go(row)
        self._left.extend(self._ahead)
        self._ahead.clear()
        self._unprepared.clear()

    def recall(self) -> list[Row] | None:
        """Of some of the rows that will not start, those that the store answers; None where no more are left."""
        while len(self._left) < _MOST_AT_A_GLANCE and (entry := next(self._questions, None)) is not None:
            self._left.append(Row(*entry))
        rows = [self._left.popleft() for _ in range(min(len(self._left), _MOST_AT_A_GLANCE))]
        recalled = self._preparer.recall([row.question for row in rows])
        for row, prepared in zip(rows, recalled, strict=True):
            row.prepared, row.fault = prepared, None
        return [row for row in rows if row.prepared is not None] if rows else None

    def close(self) -> None:
        """Let the threads go."""
        self._decoders.close()

    def _work(self, row: Row) -> None:
        """In a decoding thread."""
        start_s = time.monotonic()
        prepared: Prepared | None = None
        fault: Exception | None = None
        try:
            prepared = self._preparer.prepare(row.question, row.level)
        except Exception as error:  # noqa: BLE001  sorted in the loop's thread, where it can be raised
            fault = error
        self._prepared((row, prepared, fault, time.monotonic() - start_s))
