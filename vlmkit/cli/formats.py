"""The formats that results are written in: each a function from `Results` to lines, lazily where the format allows.

Every format is safe to show: hidden characters become visible escapes, and a spreadsheet finds no formula in CSV.
A path in CSV keeps naming its file: with hidden characters in it, as a ``file:`` URL.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vlmkit.cli.results import Record, Results, marked
from vlmkit.cli.text import draw, dump, one_line
from vlmkit.exporters import TABLE_FORMATS
from vlmkit.untrusted import for_markdown, for_terminal

__all__ = ["OUTPUT_FORMATS", "OutputFormat", "draw_document", "format_of_file"]


def draw_document(results: Results, _width: int) -> Iterator[str]:
    """Lines of Markdown.

    Parameters
    ----------
    results : Results
        Facts are listed where they were asked for, as further fields.

    Yields
    ------
    str
        One line, without its end. What a model or a file name says is shown as text: no markup, link or picture of
        theirs takes effect.
    """
    yield "# Pictures"
    shown = 0
    for record in results:
        shown += 1
        yield from _picture(record, results)
    summary = results.summary()
    yield ""
    yield "---"
    yield ""
    failed = f", {summary['failed']} of them failed" if summary["failed"] else ""
    yield f"{shown} pictures{failed}. Described by {for_markdown(str(summary['model']))}."


def _picture(record: Record, results: Results) -> Iterator[str]:
    path, text, error = record["path"], record["description"], record["error"]
    name = for_markdown(one_line(path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path))
    # Angle brackets and % take everything; a label that is not a path, as of bytes, leads nowhere and harms nobody.
    parts = [f"## {name}", f"![{name}](<{_destination(path, results.beside)}>)"]
    if text is not None:
        parts.append(for_markdown(str(text)))
    if error is not None:
        parts.append(f"**Error:** {for_markdown(one_line(error))}")
    facts = {name: record[name] for name in results.extra if record[name] not in (None, {})}
    if facts:
        parts.append("\n".join(f"- {name}: {_fact(value)}" for name, value in facts.items()))
    for part in parts:
        yield ""
        yield part


def _destination(path: str, beside: Path | None) -> str:
    if re.match(r"(?i)https?://", path):
        return quote(for_terminal(path), safe=":/?&=%+,;~@!$'()*-._[]#")
    if beside is not None and not os.path.isabs(path):  # noqa: PTH117  names that pathlib would change
        path = os.path.relpath(path, beside)
    return quote(path.replace(os.sep, "/").encode("utf-8", "surrogateescape"), safe="/:")


def _fact(value: object) -> str:
    if isinstance(value, Mapping):
        items: Mapping[str, Any] = value
        return ", ".join(f"{for_markdown(one_line(str(key)))}={_fact(each)}" for key, each in items.items())
    return for_markdown(one_line(str(value)))


# A cell that begins like this is calculated when the file is opened in a spreadsheet; the wide forms are in Japanese.
_FORMULA = re.compile(r"[\t\r\n]|\s*[=+\-@＝＋－＠]")


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputFormat:
    """A format that results are printed in.

    Attributes
    ----------
    name : str
        As after ``--format``.
    draw : callable
        Results and the width of a terminal to lines.
    suffixes : tuple of str, default ()
        Endings of files that ask for it.
    for_programs : bool, default True
        Whether it is read by programs: UTF-8 then, whatever the locale says, and there is room in it for a file's
        metadata and for how sure the model was.
    """

    name: str
    draw: Callable[[Results, int], Iterator[str]]
    suffixes: tuple[str, ...] = ()
    for_programs: bool = True


def format_of_file(name: str) -> str | None:
    """Format that a file's ending asks for; None where it asks for none."""
    return next((each.name for each in OUTPUT_FORMATS.values() if name.lower().endswith(each.suffixes)), None)


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


OUTPUT_FORMATS = {
    each.name: each
    for each in (
        OutputFormat(name="table", draw=_table, for_programs=False),
        OutputFormat(name="json", draw=_json, suffixes=TABLE_FORMATS["json"]),
        OutputFormat(name="jsonl", draw=_jsonl, suffixes=TABLE_FORMATS["jsonl"]),
        OutputFormat(name="csv", draw=_csv, suffixes=TABLE_FORMATS["csv"]),
        OutputFormat(name="markdown", draw=draw_document, suffixes=(".md",)),
        OutputFormat(name="plain", draw=_plain, suffixes=(".txt",), for_programs=False),
    )
}


def _size(record: Record) -> str:
    return f"{record['width']}x{record['height']}" if record["width"] else ""


def _place(path: str) -> str:
    """A path that still leads to its file, and is neither a formula nor obeyed by a terminal."""
    from vlmkit.sources import path_in_text

    text = path_in_text(path)
    return f".{os.sep}{text}" if _FORMULA.match(text) else text


def _cell(value: object) -> object:
    if isinstance(value, dict | list):
        value = dump(value)
    if not isinstance(value, str):
        return value
    text = for_terminal(value, keep="\n\t")
    return f"'{text}" if _FORMULA.match(value) else text
