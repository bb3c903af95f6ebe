"""The formats that results are written in: each a function from `Results` to lines, lazily where the format allows.

Every format is safe to show: hidden characters become visible escapes, and a spreadsheet finds no formula in CSV.
A path in CSV keeps naming its file: with hidden characters in it, as a ``file:`` URL.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator

from vlmkit.cli.documents import draw_document
from vlmkit.cli.results import Record, Results, marked
from vlmkit.cli.tables import draw
from vlmkit.cli.text import dump, one_line
from vlmkit.untrusted import for_terminal

__all__ = ["FORMATS", "FOR_PROGRAMS", "WITH_FACTS", "Format", "format_of_file"]

Format = Callable[[Results, int], Iterator[str]]

# A cell that begins like this is calculated when the file is opened in a spreadsheet; the wide forms are in Japanese.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")
_SUFFIXES = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".md": "markdown", ".txt": "plain"}


FOR_PROGRAMS = {"json", "jsonl", "csv", "markdown"}
"""Formats that are read by programs: UTF-8 whatever the locale says."""
WITH_FACTS = {"json", "jsonl", "csv", "markdown"}
"""Formats that have room for a file's metadata and for how sure the model was."""


def format_of_file(name: str) -> str | None:
    """Format that a file's ending asks for; None where it asks for none."""
    return next((known for suffix, known in _SUFFIXES.items() if name.lower().endswith(suffix)), None)


def _table(results: Results, width: int) -> Iterator[str]:
    rows = [(record["path"], _size(record), marked(record)) for record in results]
    yield from draw(["path", "size", "description"], rows, width)


def _json(results: Results, _width: int) -> Iterator[str]:
    records = list(results)
    yield dump({"summary": results.summary(), "results": records}, indent=2)


def _jsonl(results: Results, _width: int) -> Iterator[str]:
    for record in results:
        yield dump(record)


def _csv(results: Results, _width: int) -> Iterator[str]:
    yield ",".join(results.fields)
    for record in results:
        line = io.StringIO()
        cells = [_place(record[field]) if field == "path" else _cell(record[field]) for field in results.fields]
        csv.writer(line, lineterminator="\n").writerow(cells)
        yield line.getvalue().removesuffix("\n")


def _plain(results: Results, _width: int) -> Iterator[str]:
    for record in results:
        yield "\t".join(one_line(text) for text in (record["path"], marked(record)))


FORMATS: dict[str, Format] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "markdown": draw_document,
    "plain": _plain,
}


def _size(record: Record) -> str:
    return f"{record['width']}x{record['height']}" if record["width"] else ""


def _place(path: str) -> str:
    """A path that still leads to its file, and is neither a formula nor obeyed by a terminal."""
    from vlmkit.sources.urls import path_in_text

    text = path_in_text(path)
    return f".{os.sep}{text}" if _FORMULA.match(text) else text


def _cell(value: object) -> object:
    if isinstance(value, dict):
        value = dump(value)
    if not isinstance(value, str):
        return value
    text = for_terminal(value, keep="\n\t")
    return f"'{text}" if _FORMULA.match(value) else text
