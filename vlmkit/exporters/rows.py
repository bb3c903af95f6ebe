"""The rows of a table as exports see them: picture, text, tags, cells, and why some are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters.values import plain_reader, plain_value, tags_of
from vlmkit.frame import column_of, pick_pictures, refs_of
from vlmkit.records import ImageRef

__all__ = ["REJECTED", "Row", "Rows", "check_table", "find_text_column", "further_columns"]

REJECTED = "rejected in the review."
"""Why a row is left out that a person turned down."""

_REJECTED = "rejected"
_USUAL_TEXTS = ("caption", "description", "text")
_NO_PICTURE = "the row names no picture; fill in its path or drop the row."


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One row.

    Attributes
    ----------
    position : int
    ref : ImageRef
    path : str or None
        Path or URL as it stands in the table; None for a picture in memory.
    text : str or None
        The caption.
    tags : tuple of str
    cells : dict of str to object
        Further columns, plain values.
    fault : str or None
        Why the row is left out.
    """

    position: int
    ref: ImageRef
    path: str | None
    text: str | None
    tags: tuple[str, ...]
    cells: dict[str, Any]
    fault: str | None


class Rows:
    """Rows of a table, read one by one as often as wanted.

    Parameters
    ----------
    frame : DataFrame
    image : str or None
        Column of pictures; None takes ``path``, else ``image``.
    text : str or None
        Column of texts, where they matter.
    tags : str or None, default None
        Column of tags.
    cells : sequence of str, default ()
        Further columns.
    needs_text : bool, default True
        Whether rows without text are left out, too; False asks only whether they failed.
    keep_all : bool, default False
        Whether rows that failed or were rejected stay.

    Raises
    ------
    SetupError
        There is no such column, or two of that name.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        *,
        image: str | None,
        text: str | None,
        tags: str | None = None,
        cells: Sequence[str] = (),
        needs_text: bool = True,
        keep_all: bool = False,
    ) -> None:
        self._pictures = pick_pictures(frame, image)
        self._text = None if text is None else column_of(frame, text)
        self._tags = None if tags is None else column_of(frame, tags)
        columns = {name: column_of(frame, name) for name in cells}
        self._cells = {name: (plain_reader(column), column.array) for name, column in columns.items()}
        self._needs_text = needs_text and not keep_all
        self._checks = [] if keep_all else _checks(frame, [text] if needs_text and text is not None else None)
        self._confidence = _confidence(frame, text)

    def __len__(self) -> int:
        return len(self._pictures)

    def paths(self) -> Iterator[str]:
        """Paths and URLs of the pictures that have one."""
        return (str(ref.source) for ref in refs_of(self._pictures) if isinstance(ref.source, str))

    def __iter__(self) -> Iterator[Row]:
        texts = _cells_of(self._text, len(self))
        tags = _cells_of(self._tags, len(self))
        checks = [(read, column.array) for column, read in self._checks]
        for position, ref in enumerate(refs_of(self._pictures)):
            text = _words(plain_value(texts[position]))
            own_tags = tags_of(tags[position])
            faults = (read(array[position]) for read, array in checks)
            yield Row(
                position=position,
                ref=ref,
                path=ref.source if isinstance(ref.source, str) else None,
                text=text,
                tags=own_tags,
                cells={name: read(array[position]) for name, (read, array) in self._cells.items()},
                fault=next((fault for fault in faults if fault), None) or self._lacks(ref, text, own_tags),
            )

    def _lacks(self, ref: ImageRef, text: str | None, tags: tuple[str, ...]) -> str | None:
        if ref.source is None:
            return _NO_PICTURE
        if self._needs_text and not tags and (text is None or not text.strip()):
            return "the row has no text."
        return None

    def confidence(self, position: int) -> float | None:
        """How sure the model was of a row's text, 0 to 1, where the table says so."""
        return None if self._confidence is None else plain_value(self._confidence.array[position])


def _words(value: Any) -> str | None:
    """A cell as a text: of a list, its parts with commas."""
    if value is None or isinstance(value, str):
        return value
    return ", ".join(tags_of(value)) if isinstance(value, list) else str(value)


def _cells_of(column: pd.Series[Any] | None, rows: int) -> Any:
    return [None] * rows if column is None else column.array


def _confidence(frame: pd.DataFrame, text: str | None) -> pd.Series[Any] | None:
    name = f"{text}_confidence"
    return frame[name] if name in frame.columns else None


def _checks(frame: pd.DataFrame, texts: list[str] | None) -> list[tuple[pd.Series[Any], Callable[[Any], str | None]]]:
    """Columns that say why a row is left out, and how to read them; of these texts only, where there are any."""
    found: list[tuple[pd.Series[Any], Callable[[Any], str | None]]] = []
    for label in frame.columns:
        about, _, kind = str(label).rpartition("_")
        # Several columns of one question share its errors; they have a name of their own.
        is_shared = about not in frame.columns
        if kind not in {"status", "error"} or (texts is not None and not is_shared and about not in texts):
            continue
        column = column_of(frame, label)
        if kind == "status" and not is_shared:
            found.append((column, _read_status))
        elif kind == "error":
            values = texts[0] if is_shared and texts is not None else None if is_shared else about
            # An error beside a value tells of a stand-in, which is a text like any other.
            found.append((column if values is None else column.where(frame[values].isna()), _read_error))
    return found


def _read_status(value: Any) -> str | None:
    return REJECTED if value == _REJECTED else None


def _read_error(value: Any) -> str | None:
    plain = plain_value(value)
    return None if plain is None else str(plain)


def check_table(frame: object) -> None:
    """Make sure that something is a table.

    Parameters
    ----------
    frame : object

    Raises
    ------
    BadSetting
        It is none.
    """
    if not isinstance(frame, pd.DataFrame):
        raise BadSetting(f"a {type(frame).__name__} cannot be written; give a DataFrame with a column of pictures.")


def find_text_column(frame: pd.DataFrame, column: str | None, *, required: bool = True) -> str | None:
    """Column whose texts are meant.

    Parameters
    ----------
    frame : DataFrame
    column : str or None
        As the caller named it; None takes the only one with an ``_error`` column, else the only usual one.
    required : bool, default True

    Raises
    ------
    SetupError
        There is no such column; or none or several to choose from, and one is required.
    """
    if column is not None:
        column_of(frame, column)
        return column
    names = [str(name) for name in frame.columns]
    answered = [name for name in names if f"{name}_error" in names]
    usual = [name for name in _USUAL_TEXTS if name in names]
    for found in (answered, usual):
        if len(found) == 1:
            return found[0]
    if not required:
        return None
    raise _undecided(names, answered or usual)


def further_columns(
    frame: pd.DataFrame, image: str | None, columns: Sequence[str] | None, *, taken: str | None = None
) -> list[str]:
    """Columns beside the pictures.

    Parameters
    ----------
    frame : DataFrame
    image : str or None
        Column of pictures; None takes ``path``, else ``image``.
    columns : sequence of str or None
        None takes all.
    taken : str or None, default None
        Name in the file that no column may have.

    Raises
    ------
    SetupError
        There is no such column, or its name is not a text or taken.
    """
    check_table(frame)
    pictures = pick_pictures(frame, image).name
    names = [name for name in frame.columns if name != pictures] if columns is None else list(columns)
    for name in names:
        if not isinstance(name, str):
            raise SetupError(f"the column {name!r} has a name that is not a text; rename it, or choose with columns=….")
        if name == taken:
            raise SetupError(f"the column {name!r} has the name that the pictures have in the file; rename it.")
        column_of(frame, name)
    return names


def _undecided(names: list[str], possible: list[str]) -> SetupError:
    which = f"{', '.join(possible)} could be meant" if possible else "none is one of answers"
    return SetupError(
        f"column: of the columns {', '.join(map(repr, names)) or 'none'} {which}. Say whose texts are to be written "
        'with column="…".'
    )
