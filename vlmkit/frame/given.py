"""What a verb was given, whatever it is, as one thing: rows with their pictures, and what prompts read of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from vlmkit.errors import BadSetting
from vlmkit.frame.images import Headers, picture_column
from vlmkit.frame.options import CheckedOptions
from vlmkit.frame.tables import pick_all_pictures, refs_of, rows_of
from vlmkit.records import ImageRef
from vlmkit.sources import read

__all__ = ["Given", "chosen_rows", "given_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """Rows to be asked about.

    Attributes
    ----------
    table : DataFrame
        Has the index, and the columns that were given; of a Series, no columns at all.
    pictures : list of (Series or sequence of ImageRef)
        Of each row one of each.
    is_series : bool
        Whether a Series was given.
    headers : Headers or None
        Of what was not a table: what fills the columns of `read_images`, without opening a picture a second time.
    """

    table: pd.DataFrame
    pictures: Sequence[pd.Series[Any] | Sequence[ImageRef]]
    is_series: bool = False
    headers: Headers | None = None

    def __len__(self) -> int:
        return len(self.table)

    @property
    def pictures_per_row(self) -> int:
        """How many pictures are asked about at once."""
        return len(self.pictures)

    @property
    def column_names(self) -> list[Any]:
        """Columns that a prompt may read, in order, also those that are not read yet."""
        return [*self.table.columns, *(self.headers.names if self.headers else ())]

    def refs(self) -> Iterator[tuple[ImageRef, ...]]:
        """References to the pictures, row by row."""
        return zip(*(refs_of(each) if isinstance(each, pd.Series) else each for each in self.pictures), strict=True)

    def refs_at(self, position: int) -> tuple[ImageRef, ...]:
        """References to one row's pictures."""
        return tuple(
            next(refs_of(each.iloc[[position]])) if isinstance(each, pd.Series) else each[position]
            for each in self.pictures
        )

    def with_headers(self, headers: Headers) -> Given:
        """The same with its references made once, as headers tell pictures by them.

        Parameters
        ----------
        headers : Headers
            Instead of its own, where it has some.
        """
        fixed = [list(refs_of(each)) if isinstance(each, pd.Series) else each for each in self.pictures]
        return replace(self, pictures=fixed, headers=headers if self.headers else None)

    def rows(self, columns: Sequence[str]) -> Iterator[Mapping[str, Any]]:
        """Cells of these columns, row by row; missing ones are None.

        Raises
        ------
        SetupError
            Two columns have the same label.
        """
        return rows_of(self.table_with(columns), columns)

    def table_with(self, names: Sequence[str]) -> pd.DataFrame:
        """The table; where one of these columns is read from the pictures, with all of that.

        Parameters
        ----------
        names : sequence of str
        """
        if self.headers is None or set(names).isdisjoint(self.headers.names):
            return self.table
        self.read_headers()
        return self.whole_table()

    def read_headers(self) -> None:
        """Open pictures that nobody has opened yet, where it was not a table that was given."""
        if self.headers is not None:
            self.headers.read_rest(self._first_refs())

    def whole_table(self) -> pd.DataFrame:
        """The table with what the headers say that were read, where it was not a table that was given."""
        return self.table if self.headers is None else self.table.assign(**self.headers.columns(self._first_refs()))

    def _first_refs(self) -> list[ImageRef]:
        return [images[0] for images in self.refs()]


def given_of(source: Any, options: CheckedOptions) -> Given:
    """See what was given as rows.

    Parameters
    ----------
    source : folder, glob pattern, path, bytes, PIL image, list of these, Series or DataFrame
    options : CheckedOptions
        ``image``, ``recursive``, ``limit``, ``sample``, and the seed.

    Raises
    ------
    SetupError
        The source is not there or cannot be read, there is no such column, or `image` without a DataFrame.
    """
    image = options.image
    if isinstance(source, pd.DataFrame):
        pick_all_pictures(source, image)
        table = _chosen(source, options)
        return Given(table=table, pictures=pick_all_pictures(table, image))
    if image is not None:
        raise BadSetting(f"image={image!r} names a column, and a {type(source).__name__} has none; leave it out.")
    if isinstance(source, pd.Series):
        pictures = _chosen(source, options)
        return Given(table=pd.DataFrame(index=pictures.index), pictures=[pictures], is_series=True)
    refs = read(source, recursive=options.recursive)
    positions = chosen_rows(len(refs), options)
    refs = refs if positions is None else [refs[position] for position in positions]
    table = pd.DataFrame(picture_column(refs), index=pd.RangeIndex(len(refs)))
    return Given(table=table, pictures=[refs], headers=Headers())


def _chosen(given: Any, options: CheckedOptions) -> Any:
    positions = chosen_rows(len(given), options)
    return given if positions is None else given.iloc[list(positions)]


def chosen_rows(rows: int, options: CheckedOptions) -> Sequence[int] | None:
    """Positions of the rows that `limit` and `sample` leave, in order; None for all.

    Parameters
    ----------
    rows : int
        How many there are.
    options : CheckedOptions
    """
    positions: Sequence[int] = range(rows)
    if options.sample is not None and options.sample < rows:
        positions = sorted(random.Random(options.sampling.seed).sample(positions, options.sample))
    if options.limit is not None:
        positions = positions[: options.limit]
    return None if len(positions) == rows else positions
