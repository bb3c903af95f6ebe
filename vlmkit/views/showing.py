"""Tables with their pictures as HTML that needs no kernel, no network and no trust in what the table says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from vlmkit.errors import BadSetting, SetupError
from vlmkit.frame import pick_pictures, refs_of
from vlmkit.records import Picture
from vlmkit.views.markup import Markup, escape, picture_element, table_element
from vlmkit.views.thumbnails import Thumbnails

if TYPE_CHECKING:
    from vlmkit.views.reviewing import Review
    from vlmkit.views.vote import BlindComparison

__all__ = ["Shown", "picture_elements", "show", "static_comparison", "static_review"]

_STATIC_ROWS = 12
_LARGEST_SIDE_PX = 512
# A slow server's pictures shall not keep a cell waiting; files are there in a fraction of this.
_TIMEOUT_S = 10.0


class Shown:
    """A table to be looked at: HTML in a notebook, text elsewhere.

    Attributes
    ----------
    html : str
        The table with its pictures; everything it needs is in it.
    """

    def __init__(self, html: str, text: str) -> None:
        self.html = html
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self.html


def show(
    frame: pd.DataFrame | pd.Series[Any],
    *columns: str,
    image: str | None = None,
    rows: int = 20,
    longest_side_px: int = 96,
) -> Shown:
    """Rows with thumbnails beside their columns.

    Everything in the table is shown as text, whatever it looks like. Saved, a row with a thumbnail of 96 pixels takes
    about 3 kB.

    Parameters
    ----------
    frame : DataFrame or Series
        A Series is taken for a column of pictures.
    *columns : str
        What stands beside the pictures; none named means all columns.
    image : str or None, default None
        Column that has the pictures; None takes ``path``, else ``image``.
    rows : int, default 20
        The first so many; ``frame.sample(20).vlm.show()`` shows others.
    longest_side_px : int, default 96
        Of a thumbnail, up to 512.

    Returns
    -------
    Shown

    Raises
    ------
    SetupError
        No such column, or `rows` or `longest_side_px` is out of range.
    """
    if rows < 1 or not 16 <= longest_side_px <= _LARGEST_SIDE_PX:
        raise BadSetting(f"show: rows is at least 1, longest_side_px from 16 to {_LARGEST_SIDE_PX}.")
    table = frame.to_frame("image") if isinstance(frame, pd.Series) else frame
    pictures = pick_pictures(table, image)
    head = table.head(rows)
    beside = _beside(head, columns)
    thumbnails = Thumbnails(list(refs_of(pictures.head(rows))), longest_side_px=longest_side_px)
    shown = picture_elements(thumbnails, range(len(head)))
    thumbnails.close()
    cells = [list(beside.iloc[:, place].array) for place in range(beside.shape[1])]
    body = [[head.index[row], picture, *(column[row] for column in cells)] for row, picture in enumerate(shown)]
    below = "" if len(head) == len(table) else f"{len(head):,} of {len(table):,} rows"
    html = table_element(["", "picture", *beside.columns], body, caption=below)
    return Shown(html, repr(beside))


def static_review(review: Review) -> str:
    """The first rows of a review, for where no kernel lives: a saved notebook, a page made of it.

    Parameters
    ----------
    review : Review
    """
    rows = range(min(len(review), _STATIC_ROWS))
    shown = picture_elements(review.thumbnails, rows)
    fields = [review.field(name) for name in review.fields]
    heads = ["", "picture", *(head for field in fields for head in (field.name, f"{field.name}_status"))]
    body = [
        [picture, review.labels[row], *(cell for field in fields for cell in (field.value(row), field.status(row)))]
        for row, picture in zip(rows, shown, strict=True)
    ]
    below = f"{len(rows):,} of {len(review):,} rows. Run the cell to go on with the review."
    return table_element(heads, body, caption=below)


def static_comparison(comparison: BlindComparison) -> str:
    """The first rows of a comparison, unblinded, for where no kernel lives.

    Parameters
    ----------
    comparison : BlindComparison
    """
    rows = comparison.rows[:_STATIC_ROWS]
    shown = picture_elements(comparison.thumbnails, rows)
    frame = comparison.frame[[*comparison.columns, "preferred"]]
    body = [
        [picture, comparison.labels[row], *(frame.iloc[row, place] for place in range(frame.shape[1]))]
        for row, picture in zip(rows, shown, strict=True)
    ]
    below = f"{len(rows):,} of {len(comparison.rows):,} rows to vote on. Run the cell to go on with the comparison."
    return table_element(["", "picture", *frame.columns], body, caption=below)


def picture_elements(thumbnails: Thumbnails, rows: Sequence[int]) -> list[Markup]:
    """Thumbnails as HTML, or why there is none; waits for slow ones only so long.

    Parameters
    ----------
    thumbnails : Thumbnails
    rows : sequence of int
    """
    made = thumbnails.get_many(rows, timeout_s=_TIMEOUT_S)
    return [_picture_of(made.get(row, "not loaded in time"), thumbnails.label(row)) for row in rows]


def _picture_of(made: Picture | str, label: str) -> Markup:
    if isinstance(made, str):
        return Markup(f"<small>{escape(made)}</small>")
    return picture_element(made.data, made.media_type, label=label, width=made.width, height=made.height)


def _beside(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """The columns that are shown beside the pictures."""
    labels: list[Any] = list(table.columns)
    unknown = [name for name in columns if name not in labels]
    if unknown:
        raise SetupError(f"show: no column {unknown[0]!r}; the columns are {', '.join(map(repr, labels))}.")
    chosen = table[list(columns)] if columns else table
    return chosen.loc[:, [not _is_object(chosen.iloc[:, place]) for place in range(chosen.shape[1])]]


def _is_object(column: pd.Series[Any]) -> bool:
    """Whether a column holds pictures themselves, which have no place beside their thumbnails."""
    first = next(iter(column.dropna().array), None)
    return isinstance(first, bytes | bytearray) or hasattr(first, "getbbox") or getattr(first, "ndim", 1) in {2, 3}
