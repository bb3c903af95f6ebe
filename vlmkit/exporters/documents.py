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
from vlmkit.exporters.decoding import decode_text, marked_encoding
from vlmkit.exporters.files import replacing
from vlmkit.exporters.job import Job
from vlmkit.exporters.lenient import Reading, unreadable
from vlmkit.exporters.values import to_json

__all__ = ["Codec", "Document", "Entry", "JsonLines", "JsonList", "json_records", "load_json"]

_HEAD_BYTES = 4096


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

    def read(self, path: Path, reading: Reading | None = None) -> Iterator[Entry]:
        """Entries of a file, in order; what is none goes into the account, without which it is a `SetupError`."""

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
class _Json:
    """JSON objects, which are read from lines or a list, whichever the file has.

    Parameters
    ----------
    entry_of : callable
        Entry of an object; KeyError, TypeError or IndexError where it is none of the format.
    """

    entry_of: Callable[[Any], Entry]

    def read(self, path: Path, reading: Reading | None = None) -> Iterator[Entry]:
        """Entries of a file.

        Raises
        ------
        SetupError
            It cannot be read; without an account, also where a record is none of this format.
        """
        account = Reading(path, strict=True) if reading is None else reading
        for where, record in json_records(path, account):
            if (entry := account.attempt(where, self.entry_of, record)) is not None:
                yield entry


@dataclass(frozen=True, slots=True)
class JsonLines(_Json):
    """One JSON object per line."""

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file."""
        for entry in entries:
            stream.write(f"{to_json(entry.record)}\n".encode())


@dataclass(frozen=True, slots=True)
class JsonList(_Json):
    """One JSON list of objects."""

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file."""
        stream.write(b"[")
        for number, entry in enumerate(entries):
            stream.write(f"{',' if number else ''}\n{to_json(entry.record)}".encode())
        stream.write(b"\n]\n")


def json_records(path: Path, reading: Reading) -> Iterator[tuple[str, Any]]:
    """Records of a JSON list, or of lines that are one each, and their places.

    Parameters
    ----------
    path : Path
    reading : Reading
        Where broken ones are told.

    Raises
    ------
    SetupError
        The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
            mark = marked_encoding(head)
            if head.decode(mark or "utf-8", "ignore").lstrip()[:1] == "[":
                yield from _of_list(_text_of(path, reading), reading)
            elif mark in {"utf-16", "utf-32"}:
                yield from _of_lines(_text_of(path, reading).encode("utf-8", "surrogateescape").split(b"\n"), reading)
            else:
                file.seek(0)
                yield from _of_lines(file, reading)
    except OSError as error:
        raise unreadable(path, error) from error


def _text_of(path: Path, reading: Reading) -> str:
    text, encoding = decode_text(path.read_bytes())
    if encoding not in {None, "utf-8-sig"}:
        reading.note("files", f"read as {encoding}", path.name)
    return text


def _of_lines(lines: Iterable[bytes], reading: Reading) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(lines, 1):
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape")
        if text.strip():
            where = f"line {number}"
            found = reading.attempt(where, _parsed, text)
            yield from ((where, record) for record in found or ())


def _of_list(text: str, reading: Reading) -> Iterator[tuple[str, Any]]:
    """Elements of a list; behind one that is not JSON nobody knows where the next begins."""
    position, number, decoder = text.index("[") + 1, 0, json.JSONDecoder()
    while (start := _next(text, position)) < len(text) and text[start] != "]":
        number += 1
        found = reading.attempt(f"record {number} and what follows it", _element, decoder, text, start)
        if found is None:
            return
        record, position = found
        yield f"record {number}", record
    if start >= len(text):
        reading.leave_out(f"what follows record {number}", "the file ends before its list does")


def _parsed(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error


def _element(decoder: json.JSONDecoder, text: str, start: int) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, start)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error


def _next(text: str, position: int) -> int:
    while position < len(text) and text[position] in " \t\r\n,":
        position += 1
    return position


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
        content = json.loads(decode_text(path.read_bytes())[0])
    except (OSError, ValueError, RecursionError) as error:
        raise unreadable(path, error) from error
    if not isinstance(content, kind):
        raise unreadable(path, TypeError(f"a {type(content).__name__} where a {kind.__name__} should be"))
    return content
