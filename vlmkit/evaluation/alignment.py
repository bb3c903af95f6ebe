"""The truth, however it was given, as one column beside each column that is judged; and answers a person stands by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.frame import column_of

__all__ = ["ACCEPTED", "BROUGHT", "FILE_COLUMNS", "accepted", "align_truth", "truth_of"]

FILE_COLUMNS = ("path", "file_name", "image")
"""Columns of a truth table that may say which picture a row is about."""

BROUGHT = (
    "status", "original", "error", "confidence", "model", "revision", "prompt_digest", "seconds", "prompt_tokens",
    "completion_tokens", "finish_reason", "from_store", "is_duplicate", "retries", "reply",
    "response_id",
)  # fmt: skip
"""What may stand behind the name of a column of answers, in the names of columns about it."""

_FACTS = ("format", "width", "height", "size_bytes", "orientation", "frames", "taken_at", "digest", "error")


def align_truth(table: pd.DataFrame, truth: Any) -> dict[str, pd.Series[Any]]:
    """Truth of each judged column, row by row.

    Parameters
    ----------
    table : DataFrame
    truth : mapping, Series or DataFrame
        Column to judge → the column of the same table that is right, or a Series aligned by index, or a list, row by
        row. A Series is the truth about the column of its name, aligned by index. A DataFrame is about the columns it
        shares with the table, aligned by picture where both say which (``path``, or ``file_name``), else by index.

    Returns
    -------
    dict of str to Series
        Index as the table's; NA where the truth says nothing.

    Raises
    ------
    SetupError
        Columns that are not there, nothing in common, or no clear way to match the rows.
    """
    if isinstance(truth, pd.DataFrame):
        aligned = _by_table(table, truth)
    elif isinstance(truth, pd.Series):
        aligned = {_name_of(truth, table): _by_index(table, truth)}
    elif isinstance(truth, Mapping):
        aligned = {str(column): truth_of(table, str(column), right) for column, right in truth.items()}
    else:
        raise SetupError(
            f"truth: a value of type {type(truth).__name__} says nothing about columns. Give "
            'truth={"column": "column that is right"}, a Series named as a column, or a table with columns of the same '
            "names."
        )
    if not aligned:
        raise SetupError("truth: it names no column. Give truth={'column': 'column that is right'}.")
    for column in aligned:
        column_of(table, column)
    return aligned


def truth_of(table: pd.DataFrame, column: str, right: Any) -> pd.Series[Any]:
    """Truth about one column: a column of the table, a Series aligned by index, or a list, row by row.

    Raises
    ------
    SetupError
        It does not fit.
    """
    if isinstance(right, str):
        return column_of(table, right)
    if isinstance(right, pd.Series):
        return _by_index(table, right)
    values = list(right)
    if len(values) != len(table):
        raise SetupError(f"truth of {column!r}: {len(values)} values, {len(table)} rows. Give one a row, or a Series.")
    return pd.Series(values, index=table.index, dtype=object).infer_objects()


def _name_of(truth: pd.Series[Any], table: pd.DataFrame) -> str:
    if truth.name is None or truth.name not in table.columns:
        raise SetupError(
            f"truth: a Series named {truth.name!r} is about no column here; the columns are "
            f"{', '.join(map(repr, table.columns))}. Say which with truth={{'column': series}}."
        )
    return str(truth.name)


def _by_index(table: pd.DataFrame, right: pd.Series[Any]) -> pd.Series[Any]:
    if right.index.equals(table.index):
        return right
    _check_labels(right.index, "the truth's index")
    if not table.index.isin(right.index).any():
        raise SetupError(
            "truth: its index has no label of the table's. Give it that index, or a table with 'path' or 'file_name'."
        )
    return right.reindex(table.index)


def _by_table(table: pd.DataFrame, truth: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    files = [name for name in FILE_COLUMNS if name in truth.columns]
    ours = next((name for name in FILE_COLUMNS if name in table.columns), None)
    shared = _judgeable([str(name) for name in truth.columns if name in table.columns])
    if not shared:
        raise SetupError(
            f"truth: the tables share no column to judge; the truth has {', '.join(map(repr, truth.columns))}. "
            "Name the columns with truth={'column': 'column that is right'}."
        )
    if not files or ours is None or not table[ours].map(lambda value: isinstance(value, str)).any():
        return {name: _by_index(table, column_of(truth, name)) for name in shared}
    rows = _rows_of_files(table[ours], truth[files[0]])
    return {
        name: column_of(truth, name).reset_index(drop=True).reindex(rows).set_axis(table.index, axis=0)
        for name in shared
    }


def _judgeable(names: list[str]) -> list[str]:
    """Columns that are answers: not the facts of a file, nor what an answer brought with it."""
    brought = {f"{name}_{suffix}" for name in names for suffix in BROUGHT}
    return [name for name in names if name not in brought and name not in _FACTS and name not in FILE_COLUMNS]


def _rows_of_files(ours: pd.Series[Any], theirs: pd.Series[Any]) -> list[int]:
    """Row of the truth for each picture, -1 for none.

    By the path as it stands, where any is the same; else by as many of its last parts as tell all pictures apart.
    """
    wanted, known = list(map(_parts, ours)), list(map(_parts, theirs))
    clash: pd.Index[Any] | None = None
    for depth in range(1 + max(map(len, known), default=0)):
        labels, sought = (pd.Index([_tail(path, depth) for path in paths]) for paths in (known, wanted))
        if labels.isin(sought).any():
            if labels.is_unique and _tells_apart(sought, wanted, depth):
                return [int(row) for row in labels.get_indexer(sought)]
            clash = sought if labels.is_unique else labels
    if clash is not None:
        _check_labels(clash, "by the names of files it")
    raise _unknown_pictures(theirs)


def _tells_apart(sought: pd.Index[Any], wanted: Sequence[Any], depth: int) -> bool:
    """Whether so many of the last parts of their paths are enough for different pictures to stay different."""
    return depth == 0 or sought.nunique() == len(set(wanted))


def _parts(path: object) -> tuple[str, ...]:
    return PurePath(str(path).replace("\\", "/")).parts


def _tail(parts: tuple[str, ...], depth: int) -> str:
    """Last parts of a path; all of them for depth 0."""
    return "/".join(parts[-depth:] if depth else parts)


def _check_labels(labels: pd.Index[Any], what: str) -> None:
    if not labels.is_unique:
        twice = labels[labels.duplicated()][0]
        raise SetupError(f"truth: {what} has {twice!r} more than once, so a row has no one truth. Make it unique.")


ACCEPTED = ("accepted", "edited")
"""Statuses of a review that say: this is right."""

_SUFFIX = "_status"


def accepted(table: pd.DataFrame, *fields: str) -> pd.DataFrame:
    """Rows whose answers a person accepted or edited: examples for ``describe(…, examples=…)``, or a truth.

    Parameters
    ----------
    table : DataFrame
        With ``<field>_status``, as a review or an import of edits writes it.
    *fields : str
        Reviewed columns that must all be accepted or edited; default all that have a status.

    Returns
    -------
    DataFrame
        These rows, without the columns that the fields brought with them (``<field>_status``, ``_original``,
        ``_error``, ``_confidence``, details).

    Raises
    ------
    SetupError
        No such field, or none was reviewed.
    """
    names = [str(name) for name in table.columns]
    reviewed = list(fields) or _reviewed(names)
    if not reviewed:
        raise SetupError("accepted: no column was reviewed; there is no '<field>_status'. Begin with df.vlm.review().")
    chosen = pd.Series(True, index=table.index)
    for field in reviewed:
        column_of(table, field)
        if f"{field}{_SUFFIX}" not in names:
            raise SetupError(f"accepted: {field!r} was not reviewed; there is no column '{field}{_SUFFIX}'.")
        chosen &= column_of(table, f"{field}{_SUFFIX}").isin(ACCEPTED)
    brought = {f"{field}_{suffix}" for field in reviewed for suffix in BROUGHT}
    return table.loc[chosen.to_numpy(), [name for name in table.columns if name not in brought]]


def _reviewed(names: Sequence[str]) -> list[str]:
    statuses = [name for name in names if name.endswith(_SUFFIX)]
    return [field for status in statuses if (field := status.removesuffix(_SUFFIX)) in names]


def _unknown_pictures(theirs: pd.Series[Any]) -> SetupError:
    such = f", such as {str(theirs.iloc[0])!r}" if len(theirs) else ""
    return SetupError(
        f"truth: none of its pictures is in the table{such}. "
        "Check the folder, or drop the column of paths from the truth to match rows by index."
    )
