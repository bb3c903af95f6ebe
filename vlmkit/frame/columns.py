"""The columns a call fills: values, errors, and on request how sure and how they came about."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vlmkit.errors import SetupError
from vlmkit.frame.arrays import boolean_array, float_array, integer_array, text_array, typed_array
from vlmkit.prompts import Field, Task
from vlmkit.records import Outcome, Reply
from vlmkit.untrusted import quoted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Columns", "TaskColumns", "details_of"]

_NOT_YET = "Cancelled: this row's turn had not come."

_SHORTENED = "shortened"
_DETAILS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "model": text_array,
    "revision": text_array,
    "prompt_digest": text_array,
    "seconds": float_array,
    "prompt_tokens": integer_array,
    "completion_tokens": integer_array,
    "finish_reason": text_array,
    "response_id": text_array,
    "from_store": boolean_array,
    "is_duplicate": boolean_array,
    "retries": integer_array,
    "reply": text_array,
}


class TaskColumns:
    """The columns of one task, filled row by row, in any order.

    Parameters
    ----------
    task : Task
    rows : int
    details : bool, default False
        Whether there are columns for how each answer came about.
    confidence : bool, default False
        Whether there is a column for each value that says how likely the model found it.

    Attributes
    ----------
    value_names : list of str
        Columns of values, in order.
    error_name : str
        Column of errors.
    asked : sequence of int
        Positions of the rows that are asked; the others keep what they have.
    """

    def __init__(self, task: Task, rows: int, *, details: bool = False, confidence: bool = False) -> None:
        self.value_names = [field.name for field in task.fields]
        self.error_name = f"{task.name}_error"
        self.asked: Sequence[int] = range(rows)
        self._task = task
        self._values: dict[str, list[Any]] = {field.name: [None] * rows for field in task.fields}
        self._errors: list[str | None] = [_NOT_YET] * rows
        self._confidences: dict[str, list[float | None]] = (
            {f"{name}_confidence": [None] * rows for name in self.value_names} if confidence else {}
        )
        is_limited = any(field.most_characters is not None for field in task.fields)
        names = [*_DETAILS, _SHORTENED] if is_limited else [*_DETAILS]
        self._details: dict[str, list[Any]] = {name: [None] * rows for name in names} if details else {}
        self._detail_names = {name: f"{task.name}_{name}" for name in self._details}

    @property
    def names(self) -> list[str]:
        """Names of all columns, in order."""
        return [*self._values, *self._confidences, self.error_name, *self._detail_names.values()]

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
            Positions of rows.

        Raises
        ------
        SetupError
            Cells that are not of the columns' types.
        """
        self.asked = asked
        lists = {**self._values, **self._confidences, self.error_name: self._errors}
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
        for field in self._task.fields:
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
                f"{next(value for value in strangers if value is not None)!r}. Pass overwrite='all' to ask all rows, "
                "or another name with into=…."
            )

    def take(self, row: int, outcome: Outcome) -> None:
        """Enter one row's outcome; twice is fine.

        Parameters
        ----------
        row : int
            Position.
        outcome : Outcome
        """
        for name, value in _values_of(outcome).items():
            self._values[name][row] = value
        fault = outcome.fault
        self._errors[row] = None if fault is None else f"{type(fault).__name__}: {fault}"
        if self._confidences and outcome.reply is not None and fault is None:
            for name, confidence in self._task.confidence(outcome.reply).items():
                self._confidences[f"{name}_confidence"][row] = confidence
        if self._details:
            self._take_details(row, outcome)

    def _take_details(self, row: int, outcome: Outcome) -> None:
        for name, value in details_of(outcome).items():
            self._details[name][row] = value
        if _SHORTENED in self._details and outcome.reply is not None:
            self._details[_SHORTENED][row] = self._task.is_shortened(outcome.reply)

    def arrays(self) -> dict[str, Any]:
        """Arrays by column name, in order."""
        arrays = {field.name: self._array(field) for field in self._task.fields}
        arrays |= {name: float_array(values) for name, values in self._confidences.items()}
        arrays[self.error_name] = text_array(self._errors)
        for name, values in self._details.items():
            array = boolean_array if name == _SHORTENED else _DETAILS[name]
            arrays[self._detail_names[name]] = array(values)
        return arrays

    def _array(self, field: Field) -> Any:
        """A column's array; a value that does not fit into it is its row's fault, and all other rows stand."""
        values = self._values[field.name]
        try:
            return typed_array(field, values)
        except (TypeError, ValueError, OverflowError):
            for row, value in enumerate(values):
                if value is not None and not _fits(field, value):
                    values[row] = None
                    self._errors[row] = f"UnreadableReply: the column {field.name!r} cannot hold {quoted(str(value))}."
            return typed_array(field, values)


class Columns:
    """The columns of all tasks of a call; a cell is one task in one row, numbered row by row.

    Parameters
    ----------
    tasks : sequence of Task
    rows : int
    details, confidence : bool, default False
        As for `TaskColumns`.

    Attributes
    ----------
    parts : list of TaskColumns
        One for each task.
    """

    def __init__(self, tasks: Sequence[Task], rows: int, *, details: bool = False, confidence: bool = False) -> None:
        self.parts = [TaskColumns(task, rows, details=details, confidence=confidence) for task in tasks]

    @property
    def names(self) -> list[str]:
        """Names of all columns, in order."""
        return [name for part in self.parts for name in part.names]

    @property
    def value_names(self) -> list[str]:
        """Columns of values, in order."""
        return [name for part in self.parts for name in part.value_names]

    def take(self, cell: int, outcome: Outcome) -> None:
        """Enter one cell's outcome; twice is fine.

        Parameters
        ----------
        cell : int
        outcome : Outcome
        """
        row, part = divmod(cell, len(self.parts))
        self.parts[part].take(row, outcome)

    def arrays(self) -> dict[str, Any]:
        """Arrays by column name, in order."""
        return {name: array for part in self.parts for name, array in part.arrays().items()}


def _fits(field: Field, value: Any) -> bool:
    try:
        typed_array(field, [value])
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _values_of(outcome: Outcome) -> Mapping[str, Any]:
    return outcome.values or {}  # noqa: PD011  not a frame's


def details_of(outcome: Outcome) -> dict[str, Any]:
    """How an answer came about, by the names of the details columns; None where there was none."""
    prompt = outcome.prompt
    digest = None if prompt is None else hashlib.blake2b(prompt.encode(), digest_size=16).hexdigest()
    told = {"prompt_digest": digest, "seconds": outcome.seconds, "retries": outcome.retries}
    reply: Reply | None = outcome.reply
    if reply is not None:
        told |= {
            "model": reply.model,
            "revision": reply.revision,
            "prompt_tokens": reply.usage.prompt_tokens,
            "completion_tokens": reply.usage.completion_tokens,
            "finish_reason": reply.finish_reason,
            "response_id": reply.response_id,
            "from_store": outcome.from_store,
            "is_duplicate": outcome.is_duplicate,
            "reply": reply.text,
        }
    return {name: told.get(name) for name in _DETAILS}
