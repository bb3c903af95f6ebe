"""Files that hold the texts of many pictures: written in one go, or completed, row by row and never half."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, Protocol

from vlmkit.errors import SetupError
from vlmkit.exporters.files import replacing
from vlmkit.exporters.job import Job
from vlmkit.exporters.values import to_json

__all__ = ["Codec", "Document", "Entry", "JsonLines", "JsonList", "load_json", "unreadable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What a file says about one picture.

    Attributes
    ----------
    name : str
        Of the picture, as the file has it.
    text : str or None
    record : object
        As the codec reads and writes it.
    """

    name: str
    text: str | None
    record: Any


class Codec(Protocol):
    """How a format's file is read and written, entry by entry."""

    def read(self, path: Path) -> Iterator[Entry]:
        """Entries of a file, in order; `SetupError` where it is none of this format."""

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file."""


class Document:
    """One such file of an export.

    Parameters
    ----------
    path : Path
    codec : Codec
    job : Job

    Raises
    ------
    SetupError
        It is there and must not be touched, or cannot be read.
    """

    def __init__(self, path: Path, codec: Codec, job: Job) -> None:
        self._path, self._codec, self._job = path, codec, job
        options = job.options
        self._there = os.path.lexists(path)
        if path.is_dir():
            raise SetupError(f"{path}: a folder has this name. Choose another.")
        if self._there and options.if_exists == "fail" and not options.dry_run:
            raise SetupError(
                f'{path}: is there already. Pass if_exists="append" to add what is missing, "overwrite" to replace it '
                "(a copy is kept), or dry_run=True to see what would change."
            )
        self._before = self._read() if self._there else {}

    def _read(self) -> dict[str, str | None]:
        try:
            return {entry.name: entry.text for entry in self._codec.read(self._path)}
        except SetupError:
            if self._job.options.if_exists == "overwrite":
                return {}
            raise

    @property
    def is_completed(self) -> bool:
        """Whether what is in the file stays in it."""
        return self._job.options.if_exists in {"skip", "append", "prepend"}

    def keeps(self, name: str) -> bool:
        """Whether the file has an entry of this name that stays as it is."""
        return self.is_completed and name in self._before

    def write(self, entries: Iterable[Entry]) -> None:
        """Write the file; in a dry run, only tell what would change.

        Parameters
        ----------
        entries : iterable of Entry
            Read once, one by one.

        Raises
        ------
        SetupError
            It cannot be written.
        """
        new = self._accounted(entries)
        if self._job.options.dry_run:
            for _ in new:
                pass
            return
        old = self._codec.read(self._path) if self._there and self.is_completed else iter(())
        parts = (new, old) if self._job.options.if_exists == "prepend" else (old, new)
        self._job.backups.keep(self._path)
        with replacing(self._path) as stream:
            self._codec.write(stream, chain(*parts))

    def _accounted(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        changes, seen = self._job.changes, set()
        for entry in entries:
            before = self._before.get(entry.name)
            action = self._action(entry)
            seen.add(entry.name)
            changes.add(entry.name, action, before=before, after=before if action == "skip" else entry.text)
            if action != "skip":
                yield entry
        if not self.is_completed:
            for name, before in self._before.items():
                if name not in seen:
                    changes.add(name, "remove", before=before)

    def _action(self, entry: Entry) -> str:
        if entry.name not in self._before:
            return "create"
        if self.is_completed:
            return "skip"
        if self._before[entry.name] == entry.text:
            return "unchanged"
        return "conflict" if self._job.options.if_exists == "fail" else "replace"


@dataclass(frozen=True, slots=True)
class JsonLines:
    """One JSON object per line.

    Parameters
    ----------
    entry_of : callable
        Entry of an object; KeyError, TypeError or IndexError where it is none of the format.
    """

    entry_of: Callable[[Any], Entry]

    def read(self, path: Path) -> Iterator[Entry]:
        """Entries of a file.

        Raises
        ------
        SetupError
            It is none of this format.
        """
        try:
            with path.open(encoding="utf-8-sig", newline="\n") as file:
                for line in file:
                    if line.strip():
                        yield self.entry_of(json.loads(line))
        except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
            raise unreadable(path, error) from error

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file."""
        for entry in entries:
            stream.write(f"{to_json(entry.record)}\n".encode())


@dataclass(frozen=True, slots=True)
class JsonList:
    """One JSON list of objects.

    Parameters
    ----------
    entry_of : callable
        As for `JsonLines`.
    """

    entry_of: Callable[[Any], Entry]

    def read(self, path: Path) -> Iterator[Entry]:
        """Entries of a file, which is loaded as a whole.

        Raises
        ------
        SetupError
            It is none of this format.
        """
        try:
            for record in load_json(path, list):
                yield self.entry_of(record)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise unreadable(path, error) from error

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file."""
        stream.write(b"[")
        for number, entry in enumerate(entries):
            stream.write(f"{',' if number else ''}\n{to_json(entry.record)}".encode())
        stream.write(b"\n]\n")


def load_json(path: Path, kind: type) -> Any:
    """Content of a JSON file.

    Parameters
    ----------
    path : Path
    kind : type
        list or dict.

    Raises
    ------
    SetupError
        It cannot be read, or is no such thing.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, error) from error
    if not isinstance(content, kind):
        raise unreadable(path, TypeError(f"a {type(content).__name__} where a {kind.__name__} should be"))
    return content


def unreadable(path: Path, error: Exception) -> SetupError:
    """What to raise where a file is none of its format.

    Parameters
    ----------
    path : Path
    error : Exception
    """
    found = f"no {error}" if isinstance(error, KeyError) else str(error)
    return SetupError(f"{path}: cannot be read as what it should be ({found}). Check the file, or name its format.")
