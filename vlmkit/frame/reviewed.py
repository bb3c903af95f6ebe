"""One column under review: what the model said, what a person said, and what stands in the cells now."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pandas as pd

from vlmkit.errors import BadSetting
from vlmkit.frame.cells import cell_type_of, is_missing
from vlmkit.store import Judgment

__all__ = ["REVIEWED", "STATUSES", "ReviewVerdict", "ReviewedField"]

REVIEWED = ("accepted", "edited", "rejected", "flagged")
"""What a person said."""

STATUSES = ("auto", "suggested", *REVIEWED)
"""What a model said; what an agent wrote in its place, and nobody has seen; what a person said."""

ReviewVerdict = tuple[str, Any]
"""Status, and the value that goes with it."""


class ReviewedField:
    """Cells of one column; rows nobody spoke about cost nothing.

    Parameters
    ----------
    frame : DataFrame
        If it has ``<name>_status`` and ``<name>_original`` already, they are where the review goes on; of a row that
        nobody spoke about, what the cell holds now is the model's.
    name : str

    Attributes
    ----------
    name : str
    cell : CellType
    """

    def __init__(self, frame: pd.DataFrame, name: str) -> None:
        self.name = name
        self._index = frame.index
        self._current = frame[name]
        self._originals: Any = frame.get(f"{name}_original", self._current)
        self.cell = cell_type_of(self._current)
        self._verdicts: dict[int, ReviewVerdict] = dict(self._earlier(frame.get(f"{name}_status")))
        self._cells = [None if is_missing(value) else value for value in self._originals.array]
        if self._originals is not self._current:
            self._begin_with_the_present()

    def original(self, row: int) -> Any:
        """What the model said; None where nothing."""
        return self._cells[row]

    def value(self, row: int) -> Any:
        """What stands in the cell now; None where nothing."""
        return self._verdicts[row][1] if row in self._verdicts else self.original(row)

    def status(self, row: int) -> str:
        """One of `STATUSES`."""
        return self._verdicts[row][0] if row in self._verdicts else STATUSES[0]

    def statuses(self) -> dict[str, int]:
        """How many rows have each status."""
        told = dict.fromkeys(STATUSES, 0)
        for status, _ in self._verdicts.values():
            told[status] += 1
        told[STATUSES[0]] += len(self._index) - len(self._verdicts)
        return told

    def verdict(self, row: int) -> ReviewVerdict | None:
        """What was said; None where nothing."""
        return self._verdicts.get(row)

    def set(self, row: int, verdict: ReviewVerdict | None) -> None:
        """Take down what is said now; None takes it back."""
        if verdict is None or verdict[0] == STATUSES[0]:
            self._verdicts.pop(row, None)
        else:
            self._verdicts[row] = verdict

    def accepted(self, row: int) -> ReviewVerdict:
        """Verdict of somebody who agrees: an edited value stays edited."""
        value = self.value(row)
        return ("accepted" if self._is_original(row, value) else "edited"), value

    def edited(self, row: int, value: Any) -> ReviewVerdict:
        """Verdict of somebody who writes another value, or the same."""
        return ("accepted" if self._is_original(row, value) else "edited"), value

    def suggested(self, row: int, value: Any) -> ReviewVerdict | None:
        """Verdict of an agent that writes another value; None where it writes what the model said."""
        return None if self._is_original(row, value) else ("suggested", value)

    def rejected(self, row: int) -> ReviewVerdict | None:
        """Verdict of somebody who disagrees; an agent's suggestion is taken back, and the model's word stands again."""
        return None if self.status(row) == "suggested" else ("rejected", self.value(row))

    def packed(self, row: int, verdict: ReviewVerdict | None) -> tuple[str, str, str | None]:
        """Original, status and value as the store keeps them."""
        original = self.cell.pack(self.original(row))
        if verdict is None:
            return original, STATUSES[0], None
        value = self.cell.pack(verdict[1])
        return original, verdict[0], None if value == original else value

    def recall(self, row: int, judgment: Judgment) -> None:
        """Take down what was said earlier, if it was about this answer and the column can still hold it."""
        original = self.original(row)
        if judgment.original != self.cell.pack(original) or judgment.verdict not in STATUSES:
            return
        with suppress(BadSetting, ValueError):
            value = original if judgment.value is None else self.cell.unpack(judgment.value)
            self.set(row, (judgment.verdict, value))

    def columns(self) -> dict[str, pd.Series[Any]]:
        """The field, its status and its original, by column name."""
        rows = range(len(self._index))
        status = pd.Categorical([self.status(row) for row in rows], categories=list(STATUSES))
        values = self._originals
        if any(not self._is_original(row, value) for row, (_, value) in self._verdicts.items()):
            values = self.cell.series([self.value(row) for row in rows], self._index)
        return {
            self.name: values,
            f"{self.name}_status": pd.Series(status, index=self._index),
            f"{self.name}_original": self._originals,
        }

    def _begin_with_the_present(self) -> None:
        """Rows that nobody spoke about may have been answered anew, or changed elsewhere, since the last review."""
        changed = False
        for row, value in enumerate(self._current.array):
            present = None if is_missing(value) else value
            if row not in self._verdicts and not self._is_original(row, present):
                self._cells[row], changed = present, True
        if changed:
            self._originals = self.cell.series(self._cells, self._index)

    def _earlier(self, statuses: Any) -> Iterator[tuple[int, ReviewVerdict]]:
        for row, status in enumerate(statuses.array if isinstance(statuses, pd.Series) else ()):
            if not is_missing(status) and status in STATUSES[1:]:
                value = self._current.array[row]
                yield row, (status, None if is_missing(value) else value)

    def _is_original(self, row: int, value: Any) -> bool:
        return self.cell.pack(value) == self.cell.pack(self.original(row))
