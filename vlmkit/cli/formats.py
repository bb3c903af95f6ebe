"""The formats that results are written in: each a function from `Results` to lines, lazily where the format allows.

Every format is safe to show: control characters become visible escapes, and a spreadsheet finds no formula in CSV.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator

from vlmkit.cli.results import Record, Results
from vlmkit.cli.tables import draw
from vlmkit.cli.text import dump, harmless, one_line

__all__ = ["FORMATS", "Format", "format_of_file"]

Format = Callable[[Results, int], Iterator[str]]

# A cell that begins like this is calculated when the file is opened in a spreadsheet; the wide forms are in Japanese.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")
_SUFFIXES = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".md": "markdown", ".txt": "plain"}


def format_of_file(name: str) -> str | None:
    """Format that a file's ending asks for; None where it asks for none."""
    return next((known for suffix, known in _SUFFIXES.items() if name.lower().endswith(suffix)), None)


def _table(results: Results, width: int) -> Iterator[str]:
    rows = [(record["path"], _size(record), _answer(record)) for record in results]
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
        csv.writer(line, lineterminator="\n").writerow([_cell(record[field]) for field in results.fields])
        yield line.getvalue().removesuffix("\n")


def _markdown(results: Results, _width: int) -> Iterator[str]:
    yield "| path | size | description |"
    yield "| --- | --- | --- |"
    for record in results:
        cells = (record["path"], _size(record), _answer(record))
        yield "| " + " | ".join(_markdown_cell(cell) for cell in cells) + " |"


def _plain(results: Results, _width: int) -> Iterator[str]:
    for record in results:
        yield "\t".join(one_line(text) for text in (record["path"], _answer(record)))


FORMATS: dict[str, Format] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "markdown": _markdown,
    "plain": _plain,
}


def _size(record: Record) -> str:
    return f"{record['width']}x{record['height']}" if record["width"] else ""


def _answer(record: Record) -> str:
    """The description, or the fault, marked so that nobody takes it for one."""
    return f"! {record['error']}" if record["error"] is not None else str(record["description"])


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = harmless(value, keep="\n\t")
    return f"'{text}" if _FORMULA.match(value) else text


def _markdown_cell(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|~])", r"\\\1", one_line(text))
