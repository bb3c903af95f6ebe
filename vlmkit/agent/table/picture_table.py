"""A table of pictures as tools see it: rows by number, columns by name, pictures by row; never a path."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from vlmkit.agent.table.cells import clear_text, plain_cell
from vlmkit.arguments import did_you_mean
from vlmkit.errors import ToolError
from vlmkit.frame import cell_type_of, pick_pictures, refs_of
from vlmkit.records import ImageRef
from vlmkit.sources import is_url
from vlmkit.untrusted import for_terminal, on_one_line, shortened

__all__ = ["MOST_COLUMNS", "PictureTable"]

MOST_COLUMNS = 30
"""Columns of one answer."""

_MOST_CHARACTERS = 14_000
"""Of one answer; whoever wants more asks for the next rows."""

_CELL, _LONG_CELL = 400, 4_000
_NAME = 80


class PictureTable:
    """A table and its pictures, for tools.

    Any number of threads may read it; one at a time changes it, by putting another table in its place.

    Parameters
    ----------
    table : DataFrame or Series
        Is not changed. A Series is taken for the pictures.
    image : str or None, default None
        Column of pictures; None takes ``path``, else ``image``.

    Attributes
    ----------
    frame : DataFrame
        With what tools changed.
    names : list of str
        What its columns are called here: each another name, on one line, nothing hidden.

    Raises
    ------
    SetupError
        There is no such column, or two of that name.
    """

    def __init__(self, table: pd.DataFrame | pd.Series[Any], *, image: str | None = None) -> None:
        self.frame: pd.DataFrame = table.to_frame("image") if isinstance(table, pd.Series) else table
        self._pictures = pick_pictures(self.frame, image)
        labels: list[Any] = list(self.frame.columns)
        self._place = labels.index(self._pictures.name)
        self.names = _shown_names(self.frame.columns)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def picture_column(self) -> str:
        """Name of the column that has the pictures."""
        return self.names[self._place]

    @property
    def picture_label(self) -> Any:
        """What the table itself calls the column that has the pictures."""
        return self._pictures.name

    def put(self, columns: Mapping[str, pd.Series[Any]]) -> None:
        """Put a table in the place of the present one, which has these columns new or changed.

        Parameters
        ----------
        columns : mapping of str to Series
            With the table's index.
        """
        frame = self.frame.copy()
        for name, column in columns.items():
            frame[name] = column.array
        self.frame, self.names = frame, _shown_names(frame.columns)

    def check_rows(self, rows: Iterable[int]) -> list[int]:
        """Numbers of rows, each once.

        Raises
        ------
        ToolError
            The table has no such row; says which it has.
        """
        found = list(dict.fromkeys(rows))
        for row in found:
            if not 0 <= row < len(self):
                there = f"the table has rows 0 to {len(self) - 1}" if len(self) else "the table has no rows"
                raise ToolError(f"row {row}: {there}.")
        return found

    def check_columns(self, names: Sequence[str] | None) -> list[str]:
        """Names of columns; None is the first so many.

        Raises
        ------
        ToolError
            As `column`, or more columns than one answer can have.
        """
        if not names:
            return self.names[:MOST_COLUMNS]
        if len(names) > MOST_COLUMNS:
            raise ToolError(f"{len(names)} columns are too many; name at most {MOST_COLUMNS}.")
        return [self.names[self._position(name)] for name in dict.fromkeys(names)]

    def column(self, name: str) -> pd.Series[Any]:
        """A column by its name here.

        Raises
        ------
        ToolError
            There is none; names a near one, or all.
        """
        return self.frame.iloc[:, self._position(name)]

    def label(self, name: str) -> Any:
        """What the table itself calls a column.

        Raises
        ------
        ToolError
            As `column`, or several columns are called so.
        """
        label = self.frame.columns[self._position(name)]
        if list(self.frame.columns).count(label) > 1:
            raise ToolError(f"several columns of the table are called {name!r}, so none of them can be changed.")
        return label

    def _position(self, name: str) -> int:
        if name in self.names:
            return self.names.index(name)
        near = [each for each in self.names if each.casefold() == name.casefold()]
        if len(near) == 1:
            return self.names.index(near[0])
        hint = did_you_mean(name, self.names, otherwise=f"There are: {self._listed_names()}.")
        raise ToolError(f"no column {shortened(name, _NAME)!r}.{hint}")

    def _listed_names(self) -> str:
        more = len(self.names) - MOST_COLUMNS
        return ", ".join(self.names[:MOST_COLUMNS]) + (f" and {more} more (describe_table)" if more > 0 else "")

    def kind(self, name: str) -> str:
        """What a column holds: "picture", or the kind of a `CellType`.

        Raises
        ------
        ToolError
            As `column`.
        """
        column = self.column(name)
        return "picture" if self._is_pictures(name) else cell_type_of(column).kind

    def values(self, name: str, most: int | None = None) -> list[Any]:
        """Cells of a column as Python has them; of pictures, what they are called.

        Parameters
        ----------
        name : str
        most : int or None, default None
            Only the first so many.

        Raises
        ------
        ToolError
            As `column`.
        """
        column = self.column(name)
        return self._picture_names[:most] if self._is_pictures(name) else column.iloc[:most].tolist()

    def cells(self, row: int, names: Sequence[str], most: int = _CELL) -> dict[str, Any]:
        """Cells of one row as JSON has them, by column.

        Parameters
        ----------
        row : int
        names : sequence of str
        most : int, default 400
            Characters of a cell.
        """
        return {name: self._cell(row, name, most) for name in names}

    def _cell(self, row: int, name: str, most: int) -> Any:
        if self._is_pictures(name):
            called = self._picture_names[row]
            return called and clear_text(called, most)
        value = self.frame.iloc[row, self._position(name)]
        return plain_cell(self.without_folders(value, row) if isinstance(value, str) else value, most)

    def page(self, rows: Sequence[int], names: Sequence[str], *, total: int, count: int) -> dict[str, Any]:
        """Some rows of many, as the answer of a tool.

        Parameters
        ----------
        rows : sequence of int
            In order, also those behind the page.
        names : sequence of str
            Columns.
        total : int
            How many rows there are in all.
        count : int
            Rows that were asked for; fewer come where they are long.

        Returns
        -------
        dict
            ``total``, ``rows`` (number and cells of each), ``next_row`` where there are more, and columns left out.
        """
        most = _CELL if count > 1 else max(_CELL, min(_LONG_CELL, _MOST_CHARACTERS // max(1, len(names))))
        page: list[dict[str, Any]] = []
        characters = 0
        for row in rows[:count]:
            entry = {"row": row, "cells": self.cells(row, names, most)}
            characters += len(json.dumps(entry, ensure_ascii=False))
            if page and characters > _MOST_CHARACTERS:
                break
            page.append(entry)
        answer: dict[str, Any] = {"total": total, "rows": page}
        if len(page) < len(rows):
            answer["next_row"] = rows[len(page)]
        if len(names) == MOST_COLUMNS < len(self.names):
            answer["columns_left_out"] = len(self.names) - MOST_COLUMNS
        return answer

    def ref(self, row: int) -> ImageRef:
        """Reference to the picture of a row."""
        return next(refs_of(self._pictures.iloc[[row]]))

    def without_folders(self, text: str, row: int | None = None) -> str:
        """A text without the folder that all pictures lie in, or one of them: nobody's business but the user's.

        Parameters
        ----------
        text : str
        row : int or None, default None
            The picture that it may tell of.
        """
        label = None if row is None else self._labels[row]
        own = os.path.dirname(label) if label and os.path.isabs(label) else ""  # noqa: PTH117, PTH120  labels may be odd
        for folder in (self._root, own):
            text = text.replace(folder + os.sep, "") if len(folder) > 1 else text
        return text

    def fault(self, fault: Exception | str, row: int | None = None) -> str:
        """What went wrong, as a model is told: its type, and no folder of the user's.

        Parameters
        ----------
        fault : Exception or str
        row : int or None, default None
            The row that it is about.
        """
        text = fault if isinstance(fault, str) else f"{type(fault).__name__}: {fault}"
        return clear_text(self.without_folders(text, row), _CELL)

    def _is_pictures(self, name: str) -> bool:
        return self._position(name) == self._place

    @cached_property
    def _labels(self) -> list[str | None]:
        """What messages call the pictures; None where there is none."""
        return [None if ref.source is None else ref.label for ref in refs_of(self._pictures)]

    @cached_property
    def _root(self) -> str:
        """Folder of all pictures; empty where they have nothing but the disk in common."""
        root = _common_folder(label for label in self._labels if label and os.path.isabs(label))  # noqa: PTH117  fast
        return "" if os.path.dirname(root) == root else root  # noqa: PTH120

    @cached_property
    def _picture_names(self) -> list[str | None]:
        """Files by their place below the common folder, everything else by what messages call it."""
        relative = _common_folder(label for label in self._labels if label and _is_relative(label))
        return [label and self._called(label, relative) for label in self._labels]

    def _called(self, label: str, relative: str) -> str:
        if not os.path.isabs(label):  # noqa: PTH117  as above
            return label.removeprefix(relative + os.sep) if relative else label
        if self._root:
            return label.removeprefix(self._root).lstrip(os.sep)
        return str(Path(*Path(label).parts[-2:]))


def _is_relative(label: str) -> bool:
    return not (os.path.isabs(label) or is_url(label) or label.startswith("<"))  # noqa: PTH117  a hundred thousand


def _common_folder(paths: Iterable[str]) -> str:
    folders = {os.path.dirname(path) for path in paths}  # noqa: PTH120  as above
    try:
        return os.path.commonpath(folders) if folders else ""
    except ValueError:  # drives of Windows
        return ""


def _shown_names(labels: Iterable[Any]) -> list[str]:
    names: dict[str, None] = {}
    for label in labels:
        name = first = shortened(on_one_line(for_terminal(str(label))), _NAME) or "(no name)"
        number = 1
        while name in names:
            number += 1
            name = f"{first} ({number})"
        names[name] = None
    return list(names)
