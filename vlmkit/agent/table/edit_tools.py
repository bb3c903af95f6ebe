"""Tools that change a table, in a copy: a cell, as a suggestion that a person reviews, and a further column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import pandas as pd
from pydantic import Field

from vlmkit.agent.results import ToolResult
from vlmkit.agent.table.asking_tools import AnswerKind, AskingTools, answer_choices, rows_not_asked
from vlmkit.agent.table.cells import plain_cell
from vlmkit.agent.table.picture_table import PictureTable
from vlmkit.agent.table.reading_tools import RowNumber
from vlmkit.agent.tools import Tool
from vlmkit.errors import BadSetting, SetupError, ToolError
from vlmkit.frame import REVIEWED, ReviewedField, cell_type_of, is_missing
from vlmkit.untrusted import mend_surrogates, without_hidden

__all__ = ["EDIT_TOOLS", "EditTools"]

EDIT_TOOLS = ("set_cell", "add_column")
"""Names of the tools that change something."""

_OF_A_REVIEW = ("_status", "_original")
_MOST_ASKED = 200
_DTYPES = {"text": "string", "count": "Int64", "number": "Float64", "yes_no": "boolean"}


class EditTools:
    """Tools that put a changed copy in the place of a table.

    Parameters
    ----------
    table : PictureTable
    asking : AskingTools
        Fills columns.
    """

    def __init__(self, table: PictureTable, asking: AskingTools) -> None:
        self._table = table
        self._asking = asking
        self._fields: dict[str, ReviewedField] = {}

    def tools(self) -> list[Tool]:
        """All of them; they change the copy, and never the table that was given."""
        hints: dict[str, Any] = {"read_only": False, "destructive": False}
        asking: dict[str, Any] = {"open_world": self._asking.open_world, "timeout_s": self._asking.longest_s}
        return [
            Tool.from_function(self.set_cell, **hints, idempotent=True, open_world=False),
            Tool.from_function(self.add_column, **hints, idempotent=False, **asking),
        ]

    def set_cell(self, row: RowNumber, column: str, value: str | float | bool | list[str]) -> ToolResult:
        """Suggest another value for a cell, such as a corrected caption. A person will see the old and the new one.

        Parameters
        ----------
        row : int
            Number of the row.
        column : str
            Name of the column.
        value : text, number, truth or list of texts
            What the cell shall hold, of the column's type.

        Raises
        ------
        ToolError
            There is no such cell, it cannot hold the value, or a person has decided what it holds.
        """
        self._table.check_rows([row])
        label = self._table.label(column)
        if self._table.kind(column) == "picture":
            raise ToolError(f"{column!r} holds the pictures, which stay as they are. Name another column.")
        if any(column.endswith(end) and column.removesuffix(end) in self._table.names for end in _OF_A_REVIEW):
            raise ToolError(f"{column!r} says what people think of another column, and is theirs to change.")
        field = self._field(label)
        if field.status(row) in REVIEWED:
            said = f"a person has reviewed it ({field.status(row)}), and their word stays"
            raise ToolError(f"row {row}, {column!r}: {said}.")
        before = field.value(row)
        field.set(row, field.suggested(row, _read(field, value)))
        self._table.put(field.columns())
        told = {"row": row, "column": column, "before": plain_cell(before), "value": plain_cell(field.value(row))}
        return ToolResult.about([row], {**told, "status": field.status(row)})

    def _field(self, label: Any) -> ReviewedField:
        if label not in self._fields:
            self._fields[label] = ReviewedField(self._table.frame, label)
        return self._fields[label]

    def add_column(
        self,
        name: str,
        kind: AnswerKind = "text",
        question: str | None = None,
        choices: Annotated[list[str], Field(max_length=100)] | None = None,
        rows: list[RowNumber] | None = None,
    ) -> ToolResult:
        """Add a column: empty, to be filled with set_cell, or filled with a vision model's answers to one question.

        Parameters
        ----------
        name : str
            Name of the new column.
        kind : str, default "text"
            What it holds: "text"; "count", whole numbers; "number"; "yes_no", true or false; "one_of", one of the
            choices.
        question : str or None, default None
            Asked about the picture of each row; see ask.
        choices : list of str or None, default None
            The only values allowed, for "one_of".
        rows : list of int or None, default None
            Numbers of the rows to ask about, at most 200; the other cells stay empty. Without it, all rows.

        Raises
        ------
        ToolError
            The column is there already, there are too many rows for one call, or the model cannot be asked at all.
        """
        self._check_new(name)
        if question is None:
            allowed = answer_choices(kind, choices)
            dtype: Any = pd.CategoricalDtype(list(dict.fromkeys(allowed))) if allowed else _DTYPES[kind]
            self._table.put({name: pd.Series(None, index=self._table.frame.index, dtype=dtype)})
            return ToolResult.about([], {"column": name, "filled": 0, "empty": len(self._table)})
        asked = self._table.check_rows(range(len(self._table)) if rows is None else rows)
        if len(asked) > _MOST_ASKED:
            raise ToolError(
                f"{len(asked)} rows are too many for one call, which asks about at most {_MOST_ASKED}. Name rows, such "
                "as those that find_rows or filter_rows gave."
            )
        answered, answer = self._asking.answers(question, asked, kind, choices)
        if late := rows_not_asked(answered, answer, asked):
            said = f"there was no time for {len(late)} of {len(asked)} rows"
            raise ToolError(f"{said}. What is answered is kept: call add_column again, or for fewer rows.")
        columns = {name: self._spread(answered[answer], asked)}
        columns[f"{name}_error"] = self._spread(answered[f"{answer}_error"], asked)
        self._table.put(columns)
        filled = int(answered[answer].notna().sum())
        told = {"column": name, "filled": filled, "failed": len(asked) - filled, "empty": len(self._table) - filled}
        return ToolResult.about(asked, told)

    def _check_new(self, name: str) -> None:
        """Make sure that a name is a new one, and would not be taken for something else.

        Raises
        ------
        ToolError
            It is not.
        """
        if not name.strip() or without_hidden(name, lambda _: "") != name or len(name) > 80:
            raise ToolError("name: give one of 1 to 80 characters, on one line.")
        taken = [each for each in (name, f"{name}_error") if each in map(str, self._table.frame.columns)]
        if taken:
            raise ToolError(
                f"the column {taken[0]!r} is there already. Give another name, or change cells by set_cell."
            )
        if any(name.endswith(end) for end in (*_OF_A_REVIEW, "_error")):
            raise ToolError(f"{name!r} would be taken for what belongs to another column. Give another name.")

    def _spread(self, some: pd.Series[Any], rows: Sequence[int]) -> pd.Series[Any]:
        """A column of all rows, of which some have a value."""
        values: list[Any] = [None] * len(self._table)
        for row, value in zip(rows, some.tolist(), strict=True):
            values[row] = None if is_missing(value) else value
        return cell_type_of(some).series(values, self._table.frame.index)


def _read(field: ReviewedField, value: Any) -> Any:
    """A value as the column's type.

    Raises
    ------
    ToolError
        The column cannot hold it.
    """
    try:
        read = field.cell.read(mend_surrogates(value) if isinstance(value, str) else value)
    except (BadSetting, SetupError) as error:
        raise ToolError(f"value: {error}") from error
    if read is None:
        raise ToolError("value: a cell cannot be emptied. Say what it shall hold.")
    return read
