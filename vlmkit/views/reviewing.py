"""Review: a person goes through answers, and says of each what becomes of it. A plain object; a notebook shows it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting, SetupError
from vlmkit.frame import STATUSES, ReviewedField, pick_pictures, refs_of
from vlmkit.notebook import WidgetBacked
from vlmkit.records import ImageRef
from vlmkit.views.judgments import JudgedRows
from vlmkit.views.searching import ORDERS, Search
from vlmkit.views.thumbnails import Thumbnails

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Review", "review"]

_KIND = "review"


def review(
    frame: pd.DataFrame,
    *fields: str,
    image: str | None = None,
    store: str | Path | bool | None = None,
) -> Review:
    """Go through answers with a person.

    Parameters
    ----------
    frame : DataFrame
        With pictures and answers; is not changed.
    *fields : str
        Columns to review: captions, or typed fields.
    image : str or None, default None
        Column that has the pictures; None takes ``path``, else ``image``.
    store : bool, str, Path or None, default None
        File that keeps every edit from the moment it is made; None is the one that runs use, False keeps edits in
        memory only.

    Returns
    -------
    Review
        In a notebook it is shown as a gallery with keys.

    Raises
    ------
    SetupError
        No such column, two of that name, no field, or a store that cannot be used.
    """
    return Review(frame, fields, image=image, store=store)


class Review(WidgetBacked):
    """Answers of a table and what a person said about them; any number of threads may use it.

    Every word goes to the store before the method returns. Rows are meant by position, from 0.

    Parameters
    ----------
    frame : DataFrame
    fields : sequence of str
    image, store
        As for `review`.
    """

    widget_name = "vlmkit.widgets.gallery:Gallery"

    def __init__(
        self,
        frame: pd.DataFrame,
        fields: Sequence[str],
        *,
        image: str | None = None,
        store: str | Path | bool | None = None,
    ) -> None:
        _check_fields(frame, fields)
        self._frame = frame
        self._lock = threading.RLock()
        refs = list(refs_of(pick_pictures(frame, image)))
        self.labels = [ref.label for ref in refs]
        self._refs = refs
        self._fields = {name: ReviewedField(frame, name) for name in fields}
        self._judged = JudgedRows(frame, refs, store)
        for name, field in self._fields.items():
            for row, judgment in self._judged.recall(_KIND, name):
                field.recall(row, judgment)
        self._done: list[list[tuple[ReviewedField, int, Any]]] = []
        self._search = Search(frame, list(self._fields.values()), self.labels)
        self.thumbnails = Thumbnails(refs)

    def __len__(self) -> int:
        return len(self._frame)

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self.counts().items() if count)
        return f"Review({', '.join(self._fields)}: {len(self)} rows; {counts or 'nothing to review'})"

    @property
    def fields(self) -> tuple[str, ...]:
        """Columns under review."""
        return tuple(self._fields)

    @property
    def tags(self) -> list[str]:
        """What `select` takes as a tag: entries of the table's lists and categories, most frequent first."""
        return self._search.tags

    @property
    def frame(self) -> pd.DataFrame:
        """New table: each field as edited, with ``<field>_status`` and ``<field>_original`` (the model's)."""
        with self._lock:
            wider = self._frame.copy()
            for field in self._fields.values():
                for name, column in field.columns().items():
                    wider[name] = column
            return wider

    def counts(self, field: str | None = None) -> dict[str, int]:
        """How many answers have each status.

        Parameters
        ----------
        field : str or None, default None
            None counts those of all fields.

        Raises
        ------
        SetupError
            No such field.
        """
        with self._lock:
            told: Counter[str] = Counter()
            for each in self._meant(field):
                told.update(each.statuses())
            return {status: told[status] for status in STATUSES}

    def field(self, name: str) -> ReviewedField:
        """One field, for what it holds and how it is written.

        Raises
        ------
        SetupError
            It is not under review.
        """
        if name not in self._fields:
            raise SetupError(f"review: {name!r} is not under review; the fields are {', '.join(self._fields)}.")
        return self._fields[name]

    def value(self, row: int, field: str | None = None) -> Any:
        """Value as it is now; None where there is none.

        Raises
        ------
        SetupError
            No such field, or several and none was named.
        """
        return self._only(field).value(row)

    def status(self, row: int, field: str | None = None) -> str:
        """One of auto, suggested, accepted, edited, rejected, flagged.

        Raises
        ------
        SetupError
            No such field, or several and none was named.
        """
        return self._only(field).status(row)

    def error(self, row: int) -> str | None:
        """Why a row has no answer; None where it has."""
        return self._search.error(row)

    def accept(self, rows: int | Iterable[int], field: str | None = None) -> None:
        """The answer is right, as it is now.

        Parameters
        ----------
        rows : int or iterable of int
        field : str or None, default None
            None means all fields.

        Raises
        ------
        SetupError
            No such row or field, or the store cannot be written; then nothing was changed.
        """
        self._say(rows, field, lambda each, row: each.accepted(row))

    def reject(self, rows: int | Iterable[int], field: str | None = None) -> None:
        """The answer is wrong; its value stays, with a status to leave it out by.

        What an agent suggested is taken back instead: the model's own answer stands there again, as nobody's.

        Raises
        ------
        SetupError
            As `accept`.
        """
        self._say(rows, field, lambda each, row: each.rejected(row))

    def flag(self, rows: int | Iterable[int], field: str | None = None) -> None:
        """Somebody shall look again.

        Raises
        ------
        SetupError
            As `accept`.
        """
        self._say(rows, field, lambda each, row: ("flagged", each.value(row)))

    def edit(self, row: int, value: Any, field: str | None = None) -> None:
        """Put another value in its place; the same one accepts it.

        Parameters
        ----------
        row : int
        value : object
            Of the column's type, or as a person writes it (``"3"``, ``"true"``, ``"red, blue"``); None or, unless the
            column holds text, ``""`` empties the cell.
        field : str or None, default None
            Must be named where several are under review.

        Raises
        ------
        SetupError
            As `accept`; `BadSetting` if the column cannot hold it.
        """
        only = self._only(field)
        read = only.cell.read(value)
        self._say(row, only.name, lambda each, position: each.edited(position, read))

    def undo(self) -> list[int]:
        """Take the last action of this session back, one call each.

        Returns
        -------
        list of int
            Rows it was about; none when nothing is left.

        Raises
        ------
        SetupError
            The store cannot be written; then nothing was changed.
        """
        with self._lock:
            if not self._done:
                return []
            changes = self._done[-1]
            self._keep(changes)
            self._done.pop()
            for field, row, verdict in changes:
                field.set(row, verdict)
            return sorted({row for _, row, _ in changes})

    def select(
        self,
        text: str = "",
        *,
        status: str | None = None,
        errors: bool | None = None,
        tag: str | None = None,
        order: str = "table",
    ) -> list[int]:
        """Rows to look at.

        Parameters
        ----------
        text : str, default ""
            Occurs in a value or the picture's name, whatever the case.
        status : {"auto", "suggested", "accepted", "edited", "rejected", "flagged"} or None, default None
            Of any field.
        errors : bool or None, default None
            True for rows with an error, False for those without.
        tag : str or None, default None
            One of `tags`.
        order : {"table", "uncertainty"}, default "table"
            "uncertainty" begins with errors, then empty cells, then the lowest ``<field>_confidence``.

        Returns
        -------
        list of int
            Positions.

        Raises
        ------
        BadSetting
            No such status or order.
        """
        if order not in ORDERS or (status is not None and status not in STATUSES):
            raise BadSetting(f"order is one of {', '.join(ORDERS)}; status is one of {', '.join(STATUSES)}.")
        with self._lock:
            return self._search.select(text, status=status, errors=errors, tag=tag, order=order)

    def picture(self, row: int) -> ImageRef:
        """Reference to a row's picture."""
        return self._refs[row]

    def close(self) -> None:
        """Stop making thumbnails; twice is fine."""
        self.thumbnails.close()

    def _meant(self, field: str | None) -> list[ReviewedField]:
        return list(self._fields.values()) if field is None else [self.field(field)]

    def _only(self, field: str | None) -> ReviewedField:
        if field is None and len(self._fields) > 1:
            raise SetupError(f"review: several fields are under review; name one of {', '.join(self._fields)}.")
        return self._meant(field)[0]

    def _say(
        self,
        rows: int | Iterable[int],
        field: str | None,
        verdict: Callable[[ReviewedField, int], tuple[str, Any] | None],
    ) -> None:
        meant = [rows] if isinstance(rows, int) else list(rows)
        strangers = [row for row in meant if not 0 <= row < len(self)]
        if strangers:
            raise SetupError(f"review: there is no row {strangers[0]}; rows are positions from 0 to {len(self) - 1}.")
        with self._lock:
            changes = [(each, row, verdict(each, row)) for each in self._meant(field) for row in meant]
            self._keep(changes)
            self._done.append([(each, row, each.verdict(row)) for each, row, _ in changes])
            for each, row, said in changes:
                each.set(row, said)

    def _keep(self, changes: Sequence[tuple[ReviewedField, int, Any]]) -> None:
        self._judged.say(_KIND, [(row, field.name, *field.packed(row, said)) for field, row, said in changes])


def _check_fields(frame: pd.DataFrame, fields: Sequence[str]) -> None:
    labels: list[Any] = list(frame.columns)
    if not fields:
        raise SetupError(f"review: name the columns to review; the columns are {', '.join(map(repr, labels))}.")
    for name in fields:
        if labels.count(name) == 0:
            raise SetupError(f"review: no column {name!r}; the columns are {', '.join(map(repr, labels))}.")
        for label in (name, f"{name}_status", f"{name}_original"):
            if labels.count(label) > 1:
                what = f"{labels.count(label)} columns are called {label!r}"
                raise SetupError(f"review: {what}; rename them so that one is meant.")
