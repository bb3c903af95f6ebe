"""Tables as rows: their pictures, the cells a prompt reads, and where new columns go; the index plays no part."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from vlmkit.errors import SetupError
from vlmkit.records import ImageRef
from vlmkit.sources import refer

__all__ = ["add_columns", "check_clash", "column_of", "pick_all_pictures", "pick_pictures", "refs_of", "rows_of"]

_USUAL = ("path", "image")


def pick_all_pictures(frame: pd.DataFrame, image: str | Sequence[str] | None) -> list[pd.Series[Any]]:
    """Columns of a frame that have the pictures of each row.

    Parameters
    ----------
    frame : DataFrame
    image : str, sequence of str or None
        One label or several, otherwise as `pick_pictures`.

    Raises
    ------
    SetupError
        As `pick_pictures`.
    """
    names = [image] if image is None or isinstance(image, str) else list(image)
    return [pick_pictures(frame, name) for name in names]


def pick_pictures(frame: pd.DataFrame, image: str | None) -> pd.Series[Any]:
    """Column of a frame that has the pictures.

    Parameters
    ----------
    frame : DataFrame
    image : str or None
        Its label; None takes ``path``, else ``image``.

    Raises
    ------
    SetupError
        No such column, or two of that name; lists the columns.
    """
    labels = list(frame.columns)
    label = image if image is not None else next((name for name in _USUAL if name in labels), None)
    if label is None or label not in labels:
        asked = "no column 'path' or 'image'" if label is None else f"no column {label!r}"
        listed = ", ".join(map(repr, labels)) or "none"
        raise SetupError(f"image: {asked} to take pictures from; the columns are {listed}. Name one with image=….")
    return column_of(frame, label, argument="image")


def column_of(frame: pd.DataFrame, label: Any, *, argument: str = "") -> pd.Series[Any]:
    """One column of a frame.

    Parameters
    ----------
    frame : DataFrame
    label : str
    argument : str, default ""
        What the label was given for, for the message.

    Raises
    ------
    SetupError
        No such column, or several of that name; lists the columns.
    """
    said = f"{argument}: " if argument else ""
    if label not in frame.columns:
        raise SetupError(f"{said}no column {label!r}; the columns are {', '.join(map(repr, frame.columns))}.")
    column: Any = frame[label]
    if isinstance(column, pd.DataFrame):
        raise SetupError(f"{said}{column.shape[1]} columns are called {label!r}; rename them so that one is meant.")
    found: pd.Series[Any] = column
    return found


def refs_of(pictures: pd.Series[Any]) -> Iterator[ImageRef]:
    """References to the pictures of a column, one by one; missing values refer to nothing."""
    for value, missing in zip(pictures.array, pictures.isna().array, strict=True):
        yield refer(None if missing else value)


def rows_of(frame: pd.DataFrame, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Rows of some columns, one by one, as a prompt reads them: missing values are None.

    Parameters
    ----------
    frame : DataFrame
    columns : sequence of str
        Labels as texts.

    Raises
    ------
    SetupError
        Two columns have the same label.
    """
    labels = {str(label): label for label in frame.columns}
    read = []
    for column in columns:
        series = column_of(frame, labels[column], argument="prompt")
        read.append(zip(series.array, series.isna().array, strict=True))
    for _ in range(len(frame)):
        cells = [next(cell) for cell in read]
        yield {column: None if missing else value for column, (value, missing) in zip(columns, cells, strict=True)}


def check_clash(columns: Collection[Any], names: Sequence[str], *, overwrite: bool) -> None:
    """Make sure that no column is replaced unasked.

    Parameters
    ----------
    columns : collection
        Labels of the columns that are there.
    names : sequence of str
        Columns to be added.
    overwrite : bool

    Raises
    ------
    SetupError
        One is there already.
    """
    there = [name for name in names if name in columns]
    if there and not overwrite:
        raise SetupError(
            f"the column {', '.join(map(repr, there))} is there already. When a cell runs again, pass overwrite=True "
            "to ask all rows anew (but not those that a person has reviewed; 'all' does), 'missing' or 'errors' for "
            "those; or give another name with into=…."
        )


def add_columns(frame: pd.DataFrame, arrays: Mapping[str, Any], *, overwrite: bool) -> pd.DataFrame:
    """New frame with further columns, row by row in position.

    Parameters
    ----------
    frame : DataFrame
        Is not changed.
    arrays : mapping of str to array
    overwrite : bool
        Replaced columns keep their place.

    Raises
    ------
    SetupError
        As `check_clash`.
    """
    check_clash(frame.columns, list(arrays), overwrite=overwrite)
    wider = frame.copy()
    for name, array in arrays.items():
        wider[name] = array
    return wider
