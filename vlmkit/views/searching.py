"""Which rows of a review somebody wants to see, and in what order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import pandas as pd

from vlmkit.frame import ReviewedField, is_list, is_missing, text_of

__all__ = ["ORDERS", "Search"]

ORDERS = ("table", "uncertainty")
_MOST_TAGS = 500
_UNKNOWN = 2.0  # beyond every confidence


class Search:
    """Filters and order over a table under review.

    Parameters
    ----------
    frame : DataFrame
    fields : sequence of ReviewedField
    labels : sequence of str
        What the pictures are called.
    """

    def __init__(self, frame: pd.DataFrame, fields: Sequence[ReviewedField], labels: Sequence[str]) -> None:
        self._frame = frame
        self._fields = fields
        self._labels = labels
        self._errors = [list(frame[name].array) for name in _error_columns(frame, fields)]
        names = [f"{field.name}_confidence" for field in fields]
        self._confidences = [list(frame[name].array) for name in names if name in frame.columns]

    @property
    def tags(self) -> list[str]:
        """Entries of lists and categories, most frequent first."""
        counts = Counter({tag: len(rows) for tag, rows in self._rows_of_tags.items()})
        return [tag for tag, _ in counts.most_common(_MOST_TAGS)]

    def error(self, row: int) -> str | None:
        """Error of a row, or None."""
        return next((str(column[row]) for column in self._errors if not is_missing(column[row])), None)

    def confidence(self, row: int) -> float | None:
        """Lowest confidence of a row's fields, or None."""
        known = [float(column[row]) for column in self._confidences if not is_missing(column[row])]
        return min(known, default=None)

    def select(self, text: str, *, status: str | None, errors: bool | None, tag: str | None, order: str) -> list[int]:
        """Positions, as `Review.select` says."""
        rows: Sequence[int] = range(len(self._frame))
        if tag:
            rows = self._rows_of_tags.get(tag, [])
        if status is not None:
            rows = [row for row in rows if any(field.status(row) == status for field in self._fields)]
        if errors is not None:
            rows = [row for row in rows if (self.error(row) is not None) is errors]
        if text:
            sought = text.casefold()
            rows = [row for row in rows if self._contains(row, sought)]
        return sorted(rows, key=self._uncertainty) if order == "uncertainty" else list(rows)

    def _contains(self, row: int, sought: str) -> bool:
        values = (text_of(field.value(row)) for field in self._fields)
        return any(sought in text.casefold() for text in (*values, self._labels[row]))

    def _uncertainty(self, row: int) -> tuple[bool, bool, float]:
        is_empty = any(field.value(row) is None for field in self._fields)
        confidence = self.confidence(row)
        return self.error(row) is None, not is_empty, _UNKNOWN if confidence is None else confidence

    @cached_property
    def _rows_of_tags(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for position in range(self._frame.shape[1]):  # labels may be there twice
            column = self._frame.iloc[:, position]
            if _has_tags(column):
                for row, cell in enumerate(column.array):
                    for tag in dict.fromkeys(_tags_of(cell)):
                        found.setdefault(tag, []).append(row)
        return {tag: sorted(set(rows)) for tag, rows in found.items()}


def _error_columns(frame: pd.DataFrame, fields: Sequence[ReviewedField]) -> list[str]:
    """Those of the fields; of fields that share one column of errors, whatever ends like it."""
    labels: list[Any] = list(frame.columns)
    names = [label for label in labels if isinstance(label, str) and labels.count(label) == 1]
    own = [name for field in fields if (name := f"{field.name}_error") in names]
    return own or [name for name in names if name.endswith("_error")]


def _has_tags(column: pd.Series[Any]) -> bool:
    if isinstance(column.dtype, pd.CategoricalDtype):
        return not str(column.name).endswith("_status")
    if column.dtype != object:
        return False
    first = next((cell for cell in column.array if not is_missing(cell)), None)
    return is_list(first) and getattr(first, "ndim", 1) == 1


def _tags_of(cell: Any) -> Sequence[str]:
    if is_missing(cell):
        return ()
    return [text_of(item) for item in cell] if is_list(cell) else [text_of(cell)]
