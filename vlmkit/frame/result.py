"""What comes out: the Series or the table with the new columns, and which of its cells are asked for.

What a person has reviewed stays, unless the call says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from threading import Event
from typing import Any

import numpy as np
import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.frame.columns import Columns, TaskColumns
from vlmkit.frame.given import Given
from vlmkit.frame.options import CheckedOptions
from vlmkit.frame.reviewed import REVIEWED, STATUSES
from vlmkit.frame.tables import add_columns, check_clash, column_of
from vlmkit.notices import warn
from vlmkit.prompts import Task
from vlmkit.records import Outcome

__all__ = ["Result", "cells_to_ask", "review_columns", "reviewed_rows"]

_AUTO = STATUSES[0]


class Result:
    """The columns of a call, and the table that gets them, filled as outcomes come.

    Parameters
    ----------
    given : Given
    tasks : sequence of Task
    options : CheckedOptions
        ``overwrite``, ``details``, ``confidence``.

    Attributes
    ----------
    asked : sequence of int
        Cells to ask: a cell is one task in one row, numbered row by row.

    Raises
    ------
    SetupError
        A column is there already, and may not be replaced; or holds what cannot be kept.
    """

    def __init__(self, given: Given, tasks: Sequence[Task], options: CheckedOptions) -> None:
        self._given = given
        self._columns = Columns(tasks, len(given), details=options.details, confidence=options.confidence)
        names = self._columns.names
        check_clash(given.column_names, names, overwrite=bool(options.overwrite))
        self._before = given.table_with(names)
        self.asked = cells_to_ask(self._before, self._columns, options.overwrite)
        _warn_of_reviews(self._before, self._columns, options.overwrite)

    @property
    def is_series(self) -> bool:
        """Whether it is a Series: one was given, and one column is filled."""
        return self._given.is_series and len(self._columns.value_names) == 1

    def collect(self, outcomes: Iterator[Outcome], stop: Event) -> None:
        """Enter all outcomes; then read what the table says of pictures that the run did not need to open.

        Parameters
        ----------
        outcomes : iterator of Outcome
            Their indices are places in `asked`.
        stop : Event
            Ends the run; is set where an interrupt comes between two outcomes.

        Raises
        ------
        RunError, SetupError, KeyboardInterrupt
            What the run raises, after the outcomes that came before.
        """
        outcome: Outcome | None = None
        try:
            for outcome in outcomes:
                self._take(outcome)
        except KeyboardInterrupt:
            # It may have come out of the run, with every row accounted for, or have landed here: then the run still
            # stands.
            stop.set()
            if outcome is not None:
                self._take(outcome)
            for rest in outcomes:
                self._take(rest)
            raise
        if not stop.is_set():
            self._given.read_headers()

    def _take(self, outcome: Outcome) -> None:
        self._columns.take(self.asked[outcome.index], outcome)

    def frame(self) -> Any:
        """The Series, or a new table with the new columns; of a Series and several values, a table of these.

        Pictures that nobody has opened are not opened for it: until the run has ended, and where it was stopped, what
        their headers say is missing, as their answers are.
        """
        arrays = self._columns.arrays()
        if self.is_series:
            name = self._columns.names[0]
            return pd.Series(arrays[name], index=self._given.table.index, name=name)
        reviews = review_columns(self._before, self._columns, arrays)
        return add_columns(self._given.whole_table(), arrays | reviews, overwrite=True)

    def warn_of_failures(self) -> None:
        """Say how many rows failed, where there is no column that does."""
        errors = self._columns.parts[0].errors
        failed = [error for error in errors if error is not None]
        if failed and self.is_series:
            warn(
                f"{len(failed)} of {len(errors)} rows failed and are NA; the first: {failed[0]} "
                "Pass a DataFrame to get a column of errors."
            )


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


def reviewed_rows(table: pd.DataFrame, names: Sequence[str]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which rows a person has accepted, edited, rejected or flagged, in any of some columns.

    Parameters
    ----------
    table : DataFrame
    names : sequence of str
        Columns of values; each is reviewed where ``<name>_status`` says so.

    Raises
    ------
    SetupError
        Two columns of statuses have the same name.
    """
    reviewed = np.zeros(len(table), dtype=bool)
    for status in (_statuses(table, name) for name in names if name in table.columns):
        if status is not None:
            reviewed |= status.isin(REVIEWED).to_numpy(dtype=bool)
    return reviewed


def _warn_of_reviews(table: pd.DataFrame, columns: Columns, overwrite: bool | str) -> None:
    """Say what becomes of a person's words, where the call does not say it itself."""
    if overwrite is True:
        left = int(reviewed_rows(table, columns.value_names).sum())
        if left:
            warn(
                f"{left} of {len(table)} rows were reviewed by a person and are left alone. Pass "
                "overwrite='unreviewed' to do so without this warning, or overwrite='all' to replace them, too."
            )
    elif overwrite == "all":
        edited = _edited(table, columns.value_names)
        if edited:
            warn(
                f"overwrite='all' replaces {edited} text(s) or value(s) that a person wrote, in the table that is "
                "returned; the table that was given still has them."
            )


def review_columns(table: pd.DataFrame, columns: Columns, arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Columns of a review, brought up to date: an answer that was replaced is the model's, and nobody has seen it.

    Parameters
    ----------
    table : DataFrame
        Before the run.
    columns : Columns
        Knows which rows were asked.
    arrays : mapping of str to array
        New columns of values, by name.

    Returns
    -------
    dict of str to Series
        ``<name>_status`` and ``<name>_original``, where the table has them.
    """
    renewed: dict[str, Any] = {}
    for part in columns.parts:
        asked = np.zeros(len(table), dtype=bool)
        asked[list(part.asked)] = True
        for name in part.value_names:
            if name in table.columns and (status := _statuses(table, name)) is not None:
                renewed |= _renewed(table, name, status, asked, arrays[name])
    return renewed


def _renewed(table: pd.DataFrame, name: str, status: pd.Series[Any], asked: Any, values: Any) -> dict[str, Any]:
    words = status.astype(object).where(~asked, _AUTO)
    renewed: dict[str, Any] = {
        f"{name}_status": pd.Series(pd.Categorical(words, categories=list(STATUSES)), index=table.index)
    }
    if f"{name}_original" in table.columns:
        before, after = column_of(table, f"{name}_original"), pd.Series(values, index=table.index)
        try:
            originals = after.where(asked, before)
        except (TypeError, ValueError):  # the column held another type, or other choices
            originals = after.astype(object).where(asked, before.astype(object))
        renewed[f"{name}_original"] = originals
    return renewed


def _statuses(table: pd.DataFrame, name: str) -> pd.Series[Any] | None:
    """Statuses of a review; None where there is no such column, or it is about something else."""
    label = f"{name}_status"
    if label not in table.columns:
        return None
    status = column_of(table, label)
    return status if status.dropna().isin(STATUSES).all() else None


def _edited(table: pd.DataFrame, names: Sequence[str]) -> int:
    statuses = [_statuses(table, name) for name in names if name in table.columns]
    return sum(int((status == "edited").sum()) for status in statuses if status is not None)
