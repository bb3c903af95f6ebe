"""Values become columns of an honest type; what is missing is NA in all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from vlmkit.prompts import Field
from vlmkit.records import Outcome, Reply

__all__ = ["Columns", "details_of", "float_array", "integer_array", "text_array", "typed_array"]

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
    fields : sequence of Field
        The task's; the error and details columns are named after the first.
    rows : int
    details : bool
        Whether there are columns for model, revision, seconds, tokens and finish reason.
    """

    def __init__(self, fields: Sequence[Field], rows: int, *, details: bool) -> None:
        self._fields = fields
        self._values: dict[str, list[Any]] = {field.name: [None] * rows for field in fields}
        self._errors: list[str | None] = ["Cancelled: the run ended before this row's turn."] * rows
        first = fields[0].name
        self._error_name = f"{first}_error"
        self._details: dict[str, list[Any]] = {name: [None] * rows for name in _DETAILS} if details else {}
        self._detail_names = {name: f"{first}_{name}" for name in self._details}

    @property
    def names(self) -> list[str]:
        """Names of all columns, in order."""
        return [*self._values, self._error_name, *self._detail_names.values()]

    @property
    def errors(self) -> list[str | None]:
        """Error of each row so far; None where it worked."""
        return self._errors

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
        arrays[self._error_name] = text_array(self._errors)
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
