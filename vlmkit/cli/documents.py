"""Results as a document that people read: for each picture a heading, the picture itself, its text, and its facts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vlmkit.cli.results import Record, Results
from vlmkit.cli.text import one_line
from vlmkit.untrusted import for_markdown, for_terminal

__all__ = ["draw_document"]


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
