"""Rows that failed and wait for their next attempt, the one whose turn comes first in front."""

from __future__ import annotations

import heapq
import time

from vlmkit.errors import RunError
from vlmkit.runner.rows import Row

__all__ = ["Retries"]


class Retries:
    """A line ordered by the moment, by `time.monotonic`, from which a row may be asked again."""

    def __init__(self) -> None:
        self._line: list[tuple[float, int, Row, RunError]] = []

    def __len__(self) -> int:
        return len(self._line)

    def put(self, row: Row, fault: RunError, pause_s: float) -> None:
        """Let a row wait.

        Parameters
        ----------
        row : Row
        fault : RunError
            Why it has to be asked again.
        pause_s : float
        """
        heapq.heappush(self._line, (time.monotonic() + pause_s, row.index, row, fault))

    def take_due(self) -> tuple[Row, RunError] | None:
        """The first row, with its fault, where its moment has come."""
        if not self._line or self._line[0][0] > time.monotonic():
            return None
        _, _, row, fault = heapq.heappop(self._line)
        return row, fault

    def next_s(self) -> float:
        """Seconds until the first one's moment; without any, infinite."""
        return max(0.0, self._line[0][0] - time.monotonic()) if self._line else float("inf")

    def clear(self) -> list[tuple[Row, RunError]]:
        """All that wait, which do no more."""
        line, self._line = self._line, []
        return [(row, fault) for _, _, row, fault in line]
