"""Which rows of a table a call is about, and which of them are asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.frame.columns import Columns, TaskColumns
from vlmkit.frame.options import Options

__all__ = ["cells_to_ask", "chosen_rows"]


def chosen_rows(rows: int, options: Options) -> Sequence[int] | None:
    """Positions of the rows that `limit` and `sample` leave, in order; None for all.

    Parameters
    ----------
    rows : int
        How many there are.
    options : Options
    """
    positions: Sequence[int] = range(rows)
    if options.sample is not None and options.sample < rows:
        positions = sorted(random.Random(options.sampling.seed).sample(positions, options.sample))
    if options.limit is not None:
        positions = positions[: options.limit]
    return None if len(positions) == rows else positions


def cells_to_ask(table: pd.DataFrame, columns: Columns, overwrite: bool | str) -> Sequence[int]:
    """Cells to ask, numbered row by row over all tasks; what the others hold is kept.

    Parameters
    ----------
    table : DataFrame
        May have the columns already.
    columns : Columns
        Gets what is kept.
    overwrite : bool, "missing" or "errors"
        "missing" are rows whose values are all empty, "errors" those with an error. Of columns that are not there yet,
        all.

    Raises
    ------
    SetupError
        There are values but no column of errors to tell by, or cells to keep that the columns cannot hold.
    """
    count = len(columns.parts)
    if isinstance(overwrite, bool):
        return range(len(table) * count)
    rows = [_rows_to_ask(table, part, overwrite) for part in columns.parts]
    cells = sorted(row * count + part for part, wanted in enumerate(rows) for row in wanted)
    return range(len(cells)) if len(cells) == len(table) * count else cells


def _rows_to_ask(table: pd.DataFrame, columns: TaskColumns, overwrite: str) -> Sequence[int]:
    values = [name for name in columns.value_names if name in table.columns]
    if not values:
        return range(len(table))
    if overwrite == "errors" and columns.error_name not in table.columns:
        raise SetupError(
            f"overwrite='errors': there is no column {columns.error_name!r} to tell the failed rows by. "
            "overwrite='missing' fills the empty cells."
        )
    if overwrite == "errors":
        wanted = _cells(table, columns.error_name).notna()
    else:
        wanted = pd.concat([_cells(table, name).isna().reset_index(drop=True) for name in values], axis=1).all(axis=1)
    asked = [position for position, is_wanted in enumerate(wanted) if is_wanted]
    columns.keep(table, asked)
    return asked


def _cells(table: pd.DataFrame, name: str) -> pd.Series[Any]:
    column: Any = table[name]
    if isinstance(column, pd.DataFrame):
        raise SetupError(f"{column.shape[1]} columns are called {name!r}; rename them so that one is meant.")
    cells: pd.Series[Any] = column
    return cells
