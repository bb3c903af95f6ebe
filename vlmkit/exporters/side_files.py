"""Texts in a small file beside each picture: what is there already decides what is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from vlmkit.errors import SetupError
from vlmkit.exporters.files import write_whole
from vlmkit.exporters.job import Job
from vlmkit.exporters.options import IfExists
from vlmkit.exporters.rows import Row
from vlmkit.exporters.values import split_tags

__all__ = ["Content", "SideFormat", "decide", "write_side_files"]

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Content:
    """Words about one picture.

    Attributes
    ----------
    text : str
    tags : tuple of str, default ()
    """

    text: str
    tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text.strip().strip("\0") or self.tags)

    def __str__(self) -> str:
        return f"{self.text} [{', '.join(self.tags)}]".strip() if self.tags else self.text


class SideFormat(Protocol):
    """How such a file is read and written."""

    @property
    def separator(self) -> str:
        """What stands between an old text and a new one."""

    @property
    def is_tags(self) -> bool:
        """Whether texts are tags with commas, each of which is said once."""

    def read(self, data: bytes) -> Content:
        """Words of a file; `ValueError` where they cannot be read."""

    def write(self, old: bytes | None, content: Content) -> bytes:
        """The file with these words, and whatever else was in it."""


def decide(
    before: Content | None, new: Content, if_exists: IfExists, separator: str, *, is_tags: bool = False
) -> tuple[str, Content]:
    """What becomes of the words of one picture.

    Parameters
    ----------
    before : Content or None
        What is there.
    new : Content
    if_exists : str
    separator : str
    is_tags : bool, default False
        Whether both texts are tags with commas.

    Returns
    -------
    action : str
        As in `Changes`.
    after : Content
    """
    if not before:
        return "create", new
    if before == new:
        return "unchanged", before
    if if_exists == "fail":
        return "conflict", new
    if if_exists == "skip":
        return "skip", before
    if if_exists == "overwrite":
        return "replace", new
    after = _extended(before, new, if_exists, separator, is_tags=is_tags)
    return ("unchanged" if after == before else if_exists), after


def _extended(before: Content, new: Content, if_exists: IfExists, separator: str, *, is_tags: bool) -> Content:
    """Both, in this order; what stands there already is not said twice, and stays as it is written."""
    further = [tag for tag in new.tags if tag not in before.tags]
    tags = (*before.tags, *further) if if_exists == "append" else (*further, *before.tags)
    old, added = before.text, new.text
    if is_tags:
        known = set(split_tags(old))
        added = ", ".join(tag for tag in split_tags(added) if tag not in known)
        old = old.strip().strip(",").strip() if added else old
    if not old or not added or old == added:
        return Content(old or added, tags)
    if if_exists == "append":
        return Content(old if old.endswith(separator + added) else old + separator + added, tags)
    return Content(old if old.startswith(added + separator) else added + separator + old, tags)


def write_side_files(
    job: Job, side_format: SideFormat, target_of: Callable[[Row], Path | str], content_of: Callable[[Row], Content]
) -> set[int]:
    """Write the files of all rows; nothing at all where one must not be touched.

    Parameters
    ----------
    job : Job
    side_format : SideFormat
    target_of : callable
        File of a row; a text says why it can have none.
    content_of : callable
        Words of a row.

    Returns
    -------
    set of int
        Positions of the rows that have their file now.

    Raises
    ------
    SetupError
        Files are there that must stay as they are, two rows have the same file, or one cannot be written.
    """
    if job.options.if_exists == "fail" and not job.options.dry_run:
        _check_free(job.rows, side_format, target_of, content_of)
    owners: dict[str, int] = {}
    done = set()
    for row in job.usable_rows():
        target = target_of(row)
        if isinstance(target, str):
            job.leave_out(row, target)
            continue
        other = owners.setdefault(os.path.normcase(target), row.position)
        if other != row.position:
            job.leave_out(
                row,
                f"row {other} has the same file, {target.name}, and a trainer gives its text to both; rename one of "
                "the two pictures.",
            )
        elif _write_one(job, side_format, target, content_of(row), row):
            done.add(row.position)
    return done


def _write_one(job: Job, side_format: SideFormat, target: Path, new: Content, row: Row) -> bool:
    """Write a row's file; False where the row is left out."""
    old = _read(target)
    try:
        before = None if old is None else side_format.read(old)
    except ValueError as error:
        if job.options.if_exists != "overwrite":
            job.leave_out(row, f"{target}: {error}; correct or remove this file.")
            return False
        before, old = Content("<unreadable>"), None
    how = job.options.if_exists
    action, after = decide(before, new, how, side_format.separator, is_tags=side_format.is_tags)
    job.changes.add(str(target), action, before=None if before is None else str(before), after=str(after))
    if action in {"create", "replace", "append", "prepend"} and not job.options.dry_run:
        job.backups.keep(target)
        # A new one that a power cut leaves empty is written by the next run: an empty text is none.
        write_whole(target, side_format.write(old, after), durable=target.exists())
    return True


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SetupError(
            f"{path}: cannot be read ({error.strerror or error}). Make it readable, or remove it."
        ) from error


def _check_free(
    rows: Iterable[Row],
    side_format: SideFormat,
    target_of: Callable[[Row], Path | str],
    content_of: Callable[[Row], Content],
) -> None:
    """Find texts that would be replaced, before any is."""

    def conflicts() -> Iterator[str]:
        for row in rows:
            target = row.fault or target_of(row)
            old = None if isinstance(target, str) else _read(target)
            if old is not None and _differs(old, side_format, content_of(row)):
                yield str(target)

    found = list(islice(conflicts(), _SHOWN + 1))
    if found:
        more = " and others" if len(found) > _SHOWN else ""
        raise SetupError(
            f"texts are there already and differ: {', '.join(found[:_SHOWN])}{more}. Nothing was written. Pass "
            'if_exists="skip" to write only what is missing, "append", "prepend" or "overwrite" (copies are kept), or '
            "dry_run=True to see what would change."
        )


def _differs(old: bytes, side_format: SideFormat, new: Content) -> bool:
    try:
        before = side_format.read(old)
    except ValueError:
        return True
    return bool(before) and before != new
