"""Which rows of a table a call is about, and which of them are asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vlmkit.errors import SetupError
from vlmkit.frame.columns import Columns, TaskColumns
from vlmkit.frame.options import Options
from vlmkit.frame.review_state import reviewed_rows
from vlmkit.frame.tables import column_of

if TYPE_CHECKING:
    import pandas as pd

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
    overwrite : bool, "unreviewed", "missing", "errors" or "all"
        "missing" are rows whose values are all empty, "errors" those with an error; True and "unreviewed" are all. What
        a person has reviewed is left alone by each but "all". Of columns that are not there yet, all rows.

    Raises
    ------
    SetupError
        There are values but no column of errors to tell by, or cells to keep that the columns cannot hold.
    """
    count = len(columns.parts)
    if overwrite in (False, "all"):
        return range(len(table) * count)
    rows = [_rows_to_ask(table, part, overwrite) for part in columns.parts]
    cells = sorted(row * count + part for part, wanted in enumerate(rows) for row in wanted)
    return range(len(cells)) if len(cells) == len(table) * count else cells


def _rows_to_ask(table: pd.DataFrame, columns: TaskColumns, overwrite: bool | str) -> Sequence[int]:
    values = [name for name in columns.value_names if name in table.columns]
    if not values:
        return range(len(table))
    if overwrite == "errors" and columns.error_name not in table.columns:
        raise SetupError(
            f"overwrite='errors': there is no column {columns.error_name!r} to tell the failed rows by. "
            "overwrite='missing' fills the empty cells."
        )
    wanted = ~reviewed_rows(table, values)
    if overwrite == "errors":
        wanted &= column_of(table, columns.error_name).notna().to_numpy()
    elif overwrite == "missing":
        for name in values:
            wanted &= column_of(table, name).isna().to_numpy()
    if wanted.all():
        return range(len(table))
    asked = wanted.nonzero()[0].tolist()
    columns.keep(table, asked)
    return list(asked)
