"""What people said about the rows of a table, in the store: written at once, found again by picture or by place."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vlmkit.errors import RunError
from vlmkit.frame import is_missing
from vlmkit.records import ImageRef
from vlmkit.sources import fingerprint
from vlmkit.store import Judgment, choose_store, open_store

__all__ = ["JudgedRows", "Said"]

Said = tuple[int, str, str, str, str | None]
"""Row, subject, original, verdict, value: the last three as in a `Judgment`."""


class JudgedRows:
    """Rows of a table and the file that keeps what was said about them.

    A row is known by its picture's content, else by its picture's place; rows with equal pictures and equal answers
    are one matter.

    Parameters
    ----------
    frame : DataFrame
        Its column ``digest``, as `read_images` makes it, spares reading the pictures.
    refs : sequence of ImageRef
        Picture of each row.
    store : bool, str, Path or None
        As for a run; without one nothing is kept beyond this process.
    """

    def __init__(self, frame: pd.DataFrame, refs: Sequence[ImageRef], store: str | Path | bool | None) -> None:
        choice = choose_store(store)
        self._path = None if choice is None else choice.path
        self._refs = refs
        self._pictures: dict[int, str | None] = _digests(frame)

    def recall(self, kind: str, subject: str) -> Iterator[tuple[int, Judgment]]:
        """What was said earlier, oldest first; the caller sees whether it was about today's answer.

        Parameters
        ----------
        kind, subject : str
            As in a `Judgment`.

        Raises
        ------
        StoreFault
            The file cannot be read.
        """
        if self._path is None or not self._path.is_file():
            return
        with open_store(self._path) as store:
            judgments = store.judgments(kind, subject)
        if judgments:
            yield from self._matched(judgments)

    def say(self, kind: str, said: Sequence[Said]) -> None:
        """Keep what was said, all or nothing; it is on the disk when this returns.

        Parameters
        ----------
        kind : str
        said : sequence of Said

        Raises
        ------
        StoreFault
            The file cannot be written.
        """
        if self._path is None or not said:
            return
        judgments = [
            Judgment(
                kind=kind,
                subject=subject,
                picture=self._picture(row),
                place=_place_of(self._refs[row]),
                original=original,
                verdict=verdict,
                value=value,
            )
            for row, subject, original, verdict, value in said
        ]
        # Opened for each time: people are slow, and a file that stays open would be in other processes' way.
        with open_store(self._path) as store:
            store.judge(judgments)

    def _matched(self, judgments: Sequence[Judgment]) -> Iterator[tuple[int, Judgment]]:
        by_picture, by_place = _Places(), _Places()
        for row, ref in enumerate(self._refs):
            place = _place_of(ref)
            by_place.add(place, row)
            by_picture.add(self._picture(row) if place is None else self._pictures.get(row), row)
        for judgment in judgments:
            rows = by_picture.get(judgment.picture, []) or by_place.get(judgment.place, [])
            yield from ((row, judgment) for row in rows)

    def _picture(self, row: int) -> str | None:
        if row not in self._pictures:
            place = _place_of(self._refs[row])
            try:  # a word about a picture elsewhere is no reason to fetch it
                self._pictures[row] = fingerprint(self._refs[row]) if "://" not in (place or "") else None
            except RunError:
                self._pictures[row] = None
        return self._pictures[row]


class _Places(dict[str | None, list[int]]):
    def add(self, key: str | None, row: int) -> None:
        if key is not None:
            self.setdefault(key, []).append(row)


def _digests(frame: pd.DataFrame) -> dict[int, str | None]:
    column: Any = frame.get("digest")
    if not isinstance(column, pd.Series):
        return {}
    return {row: value for row, value in enumerate(column.array) if not is_missing(value) and _is_digest(value)}


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 32 and all(letter in "0123456789abcdef" for letter in value)


def _place_of(ref: ImageRef) -> str | None:
    source = ref.source
    if not isinstance(source, str) or source[:5].lower() == "data:":
        return None
    if "://" in source:
        return source
    return os.path.abspath(os.path.expanduser(source))  # noqa: PTH100, PTH111  pathlib raises for odd names
