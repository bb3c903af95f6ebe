"""What a verb was given, whatever it is, as one thing: a table, its pictures, and the form the result takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vlmkit.errors import BadSetting
from vlmkit.frame.columns import Columns
from vlmkit.frame.images import table_of
from vlmkit.frame.review_state import review_columns
from vlmkit.frame.tables import add_columns, check_clash, pick_all_pictures, refs_of, rows_of
from vlmkit.records import ImageRef
from vlmkit.sources import read

__all__ = ["Subject", "subject_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """Rows to be asked about.

    Attributes
    ----------
    table : DataFrame
        Has the index, the columns a prompt may read, and gets the new ones; of a Series, no columns at all.
    pictures : list of (Series or sequence of ImageRef)
        Of each row one of each.
    is_series : bool
        Whether a Series was given.
    """

    table: pd.DataFrame
    pictures: Sequence[pd.Series[Any] | Sequence[ImageRef]]
    is_series: bool = False

    def __len__(self) -> int:
        return len(self.table)

    @property
    def pictures_per_row(self) -> int:
        """How many pictures are asked about at once."""
        return len(self.pictures)

    def refs(self) -> Iterator[tuple[ImageRef, ...]]:
        """References to the pictures, row by row."""
        return zip(*(refs_of(each) if isinstance(each, pd.Series) else each for each in self.pictures), strict=True)

    def refs_at(self, position: int) -> tuple[ImageRef, ...]:
        """References to one row's pictures."""
        return tuple(
            next(refs_of(each.iloc[[position]])) if isinstance(each, pd.Series) else each[position]
            for each in self.pictures
        )

    def gives_series(self, columns: Columns) -> bool:
        """Whether the result is a Series."""
        return self.is_series and len(columns.value_names) == 1

    def rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Cells of these columns, row by row; missing ones are None.

        Raises
        ------
        SetupError
            Two columns have the same label.
        """
        return rows_of(self.table, columns)

    def check_room_for(self, columns: Columns, *, overwrite: bool | str) -> None:
        """Make sure the new columns replace none unasked.

        Raises
        ------
        SetupError
            One is there already, and `overwrite` is False.
        """
        check_clash(self.table, columns.names, overwrite=bool(overwrite))

    def result(self, columns: Columns) -> Any:
        """The Series, or a new table with the new columns; of a Series and several values, a table of these.

        Parameters
        ----------
        columns : Columns
        """
        arrays = columns.arrays()
        if self.gives_series(columns):
            name = columns.names[0]
            return pd.Series(arrays[name], index=self.table.index, name=name)
        return add_columns(self.table, arrays | review_columns(self.table, columns, arrays), overwrite=True)


def subject_of(
    source: Any,
    *,
    image: str | Sequence[str] | None = None,
    recursive: bool = False,
    headers: bool = True,
    choose: Callable[[int], Sequence[int] | None] = lambda _rows: None,
) -> Subject:
    """See what was given as rows.

    Parameters
    ----------
    source : folder, glob pattern, path, bytes, PIL image, list of these, Series or DataFrame
    image : str, sequence of str or None, default None
        Column of a DataFrame that has the pictures, or several; None takes ``path``, else ``image``.
    recursive : bool, default False
        Whether a folder's subfolders are read too.
    headers : bool, default True
        Whether the table of what is not a table yet has the columns of `read_images`; False spares opening the files.
    choose : callable, default all
        Positions of the rows that are meant, given how many there are; None is all.

    Raises
    ------
    SetupError
        The source is not there or cannot be read, there is no such column, or `image` without a DataFrame.
    """
    if isinstance(source, pd.DataFrame):
        pick_all_pictures(source, image)
        table = _chosen(source, choose)
        return Subject(table=table, pictures=pick_all_pictures(table, image))
    if image is not None:
        raise BadSetting(f"image={image!r} names a column, and a {type(source).__name__} has none; leave it out.")
    if isinstance(source, pd.Series):
        pictures = _chosen(source, choose)
        return Subject(table=pd.DataFrame(index=pictures.index), pictures=[pictures], is_series=True)
    refs = read(source, recursive=recursive)
    positions = choose(len(refs))
    refs = refs if positions is None else [refs[position] for position in positions]
    index = pd.RangeIndex(len(refs))
    return Subject(table=table_of(refs, index) if headers else pd.DataFrame(index=index), pictures=[refs])


def _chosen(given: Any, choose: Callable[[int], Sequence[int] | None]) -> Any:
    positions = choose(len(given))
    return given if positions is None else given.iloc[list(positions)]
