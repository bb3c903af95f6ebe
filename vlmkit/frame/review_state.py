"""What a person said about a table's answers, as a later run must respect it: reviewed rows stay, unless told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vlmkit.frame.columns import Columns
from vlmkit.frame.reviewed import STATUSES
from vlmkit.frame.tables import column_of
from vlmkit.notices import warn

__all__ = ["review_columns", "reviewed_rows", "warn_of_reviews"]

_AUTO = STATUSES[0]


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
            reviewed |= status.isin(STATUSES[1:]).to_numpy(dtype=bool)
    return reviewed


def warn_of_reviews(table: pd.DataFrame, columns: Columns, overwrite: bool | str) -> None:
    """Say what becomes of a person's words, where the call does not say it itself.

    Parameters
    ----------
    table : DataFrame
    columns : Columns
        What is about to be filled.
    overwrite : bool or str
        As in `RowOptions`.
    """
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
