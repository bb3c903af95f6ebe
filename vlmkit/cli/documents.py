"""Results as a document that people read: for each picture a heading, the picture itself, its text, and its facts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vlmkit.cli.results import Record, Results
from vlmkit.cli.text import harmless, one_line

__all__ = ["draw_document"]

# Whatever Markdown or the HTML in it would obey; and what begins a list, a heading, or a line below one.
_SYNTAX = re.compile(r"([\\`*_{}\[\]<>|~#!&$^])")
_START = re.compile(r"^(\s*)([+\-=]|\d+(?=[.)](?:\s|$)))", re.MULTILINE)
_ADDRESS = re.compile(r"(?i)\b(https?|ftp|mailto|javascript|data):|\bwww\.")


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
    yield f"{shown} pictures{failed}. Described by {_escaped(str(summary['model']))}."


def _picture(record: Record, results: Results) -> Iterator[str]:
    path, text, error = record["path"], record["description"], record["error"]
    name = _escaped(one_line(path.replace("\\", "/").rstrip("/").rpartition("/")[2] or path))
    # Angle brackets and % take everything; a label that is no path, as of bytes, leads nowhere and harms nobody.
    parts = [f"## {name}", f"![{name}](<{_destination(path, results.beside)}>)"]
    if text is not None:
        parts.append(_escaped(harmless(str(text), keep="\n")))
    if error is not None:
        parts.append(f"**Error:** {_escaped(one_line(error))}")
    facts = {name: record[name] for name in results.extra if record[name] not in (None, {})}
    if facts:
        parts.append("\n".join(f"- {name}: {_fact(value)}" for name, value in facts.items()))
    for part in parts:
        yield ""
        yield part


def _destination(path: str, beside: Path | None) -> str:
    if re.match(r"(?i)https?://", path):
        return quote(harmless(path), safe=":/?&=%+,;~@!$'()*-._[]#")
    if beside is not None and not os.path.isabs(path):  # noqa: PTH117  names that pathlib would change
        path = os.path.relpath(path, beside)
    return quote(path.replace(os.sep, "/").encode("utf-8", "surrogateescape"), safe="/:")


def _fact(value: object) -> str:
    if isinstance(value, Mapping):
        items: Mapping[str, Any] = value
        return ", ".join(f"{_escaped(one_line(str(key)))}={_fact(each)}" for key, each in items.items())
    return _escaped(one_line(str(value)))


def _escaped(text: str) -> str:
    text = _SYNTAX.sub(r"\\\1", text)
    text = _ADDRESS.sub(lambda match: match[0].replace(":", "&#58;").replace(".", "&#46;"), text)
    text = _START.sub(lambda match: f"{match[1].strip()}\\{match[2]}" if not match[2].isdigit() else match[2], text)
    text = re.sub(r"^(\s*\d+)([.)])", r"\1\\\2", text, flags=re.MULTILINE)
    # Four blanks would begin a block of code; two at an end are a line's break.
    return "  \n".join(line.strip() for line in text.strip().splitlines())
