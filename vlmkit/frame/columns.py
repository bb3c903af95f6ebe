"""Values become columns of an honest type; what is missing is NA in all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.prompts import Field, Task
from vlmkit.records import Outcome, Reply

__all__ = ["Columns", "details_of", "float_array", "integer_array", "text_array", "typed_array"]

_NOT_YET = "Cancelled: the run ended before this row's turn."
_DTYPES = {int: "Int64", float: "Float64", bool: "boolean"}


def typed_array(field: Field, values: Sequence[Any]) -> Any:
    """Array of a field's values.

    Parameters
    ----------
    field : Field
    values : sequence
        None is missing.

    Returns
    -------
    pandas array: string, Int64, Float64, boolean, or a category with the field's choices in their order.
    """
    if field.choices:
        return pd.Categorical(values, categories=list(field.choices))
    if field.dtype is str:
        return text_array(values)
    dtype: Any = _DTYPES[field.dtype]
    return pd.array(values, dtype=dtype)


def text_array(values: Sequence[str | None]) -> Any:
    """Array of texts."""
    try:
        return pd.array(values, dtype="string")
    except UnicodeEncodeError:  # a file name in another encoding than the system's, which only Python's str can hold
        return pd.array(values, dtype=pd.StringDtype("python"))


def integer_array(values: Sequence[int | None]) -> Any:
    """Array of whole numbers."""
    return pd.array(values, dtype="Int64")


def float_array(values: Sequence[float | None]) -> Any:
    """Array of numbers."""
    return pd.array(values, dtype="Float64")


_DETAILS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "model": text_array,
    "revision": text_array,
    "seconds": float_array,
    "prompt_tokens": integer_array,
    "completion_tokens": integer_array,
    "finish_reason": text_array,
}


class Columns:
    """The columns of one run, filled row by row, in any order.

    Parameters
    ----------
    task : Task
    rows : int
    details : bool
        Whether there are columns for model, revision, seconds, tokens and finish reason.

    Attributes
    ----------
    value_names : list of str
        Columns of values, in order.
    error_name : str
        Column of errors.
    """

    def __init__(self, task: Task, rows: int, *, details: bool) -> None:
        self.value_names = [field.name for field in task.fields]
        self.error_name = f"{task.name}_error"
        self._fields = task.fields
        self._values: dict[str, list[Any]] = {field.name: [None] * rows for field in task.fields}
        self._errors: list[str | None] = [_NOT_YET] * rows
        self._details: dict[str, list[Any]] = {name: [None] * rows for name in _DETAILS} if details else {}
        self._detail_names = {name: f"{task.name}_{name}" for name in self._details}

    @property
    def names(self) -> list[str]:
        """Names of all columns, in order."""
        return [*self._values, self.error_name, *self._detail_names.values()]

    @property
    def errors(self) -> list[str | None]:
        """Error of each row so far; None where it worked."""
        return self._errors

    def keep(self, table: pd.DataFrame, asked: Sequence[int]) -> None:
        """Take over the cells that a table has, except in the rows that are asked.

        Parameters
        ----------
        table : DataFrame
        asked : sequence of int
            Positions.

        Raises
        ------
        SetupError
            Cells that are not of the columns' types.
        """
        lists = {**self._values, self.error_name: self._errors}
        lists |= {self._detail_names[name]: values for name, values in self._details.items()}
        for name, cells in lists.items():
            empty = list(cells)
            if name in table.columns:
                column = table[name]
                cells[:] = [None if gone else cell for cell, gone in zip(column.array, column.isna(), strict=True)]
            elif name == self.error_name:
                cells[:] = [None] * len(cells)
            for position in asked:
                cells[position] = empty[position]
        for field in self._fields:
            self._check_kept(field)

    def _check_kept(self, field: Field) -> None:
        values = self._values[field.name]
        strangers = [value for value in values if value is not None and field.choices and value not in field.choices]
        try:
            if not strangers:
                typed_array(field, values)
        except (TypeError, ValueError):
            strangers = values
        if strangers:
            raise SetupError(
                f"the column {field.name!r} has values to keep that are none of what is asked for now, such as "
                f"{next(value for value in strangers if value is not None)!r}. Pass overwrite=True to ask all rows, or "
                "another name with into=…."
            )

    def take(self, outcome: Outcome) -> None:
        """Enter one row's outcome; twice is fine.

        Parameters
        ----------
        outcome : Outcome
        """
        for name, value in _values_of(outcome).items():
            self._values[name][outcome.index] = value
        fault = outcome.fault
        self._errors[outcome.index] = None if fault is None else f"{type(fault).__name__}: {fault}"
        for name, value in details_of(outcome).items() if self._details else ():
            self._details[name][outcome.index] = value

    def arrays(self) -> dict[str, Any]:
        """Arrays by column name, in order."""
        arrays = {field.name: typed_array(field, self._values[field.name]) for field in self._fields}
        arrays[self.error_name] = text_array(self._errors)
        for name, values in self._details.items():
            arrays[self._detail_names[name]] = _DETAILS[name](values)
        return arrays


def _values_of(outcome: Outcome) -> Mapping[str, Any]:
    return outcome.values or {}  # noqa: PD011  not a frame's


def details_of(outcome: Outcome) -> dict[str, Any]:
    """How an answer came about, by the names of the details columns; None where there was none."""
    reply: Reply | None = outcome.reply
    return {
        "model": reply.model if reply else None,
        "revision": reply.revision if reply else None,
        "seconds": outcome.seconds,
        "prompt_tokens": reply.usage.prompt_tokens if reply else None,
        "completion_tokens": reply.usage.completion_tokens if reply else None,
        "finish_reason": reply.finish_reason if reply else None,
    }
