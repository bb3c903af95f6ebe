"""Rows that ended: handed out once they are safe in the store, where there is one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from vlmkit.errors import Cancelled
from vlmkit.records import Outcome
from vlmkit.runner.result_writer import Entry, ResultWriter
from vlmkit.runner.rows import Row, record_of

__all__ = ["Endings"]


class Endings:
    """Outcomes on their way out.

    Parameters
    ----------
    writer : ResultWriter or None
        Where they are written first; None writes nothing.
    """

    def __init__(self, writer: ResultWriter | None) -> None:
        self._writer = writer
        self._ready: deque[Outcome] = deque()
        self._unwritten = 0

    def __len__(self) -> int:
        return self._unwritten + len(self._ready)

    @property
    def is_ready(self) -> bool:
        """Whether there is one to hand out."""
        return bool(self._ready)

    def put(self, row: Row, outcome: Outcome) -> None:
        """Take a row's outcome; of one that was cancelled the store hears nothing."""
        if self._writer is None or isinstance(outcome.fault, Cancelled):
            self._ready.append(outcome)
        else:
            self._unwritten += 1
            self._writer.put(record_of(row, outcome), outcome)

    def take_written(self, entries: Sequence[Entry]) -> None:
        """Entries came back from the writer.

        Parameters
        ----------
        entries : sequence of (RowRecord, Outcome)
        """
        self._unwritten -= len(entries)
        self._ready.extend(outcome for _, outcome in entries)

    def take(self) -> Iterator[Outcome]:
        """Outcomes, each handed out once; what an interrupted caller leaves stays for the next call."""
        while self._ready:
            yield self._ready.popleft()
