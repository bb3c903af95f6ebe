"""The card beside a data set: what is in it and where it comes from, as the Hugging Face Hub reads it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.exporters.changes import Changes
from vlmkit.exporters.files import Backups, write_whole
from vlmkit.exporters.options import Options
from vlmkit.exporters.provenance import Provenance, trace
from vlmkit.exporters.values import clean_text
from vlmkit.untrusted import for_markdown, for_terminal

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Card", "card_text", "write_card"]

_MARK = "<!-- Written by vlmkit with {}, and replaced with it: keep notes of your own elsewhere. -->"
_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
_RUN_FACTS = {
    "run": "Run",
    "started_at": "Started",
    "model": "Model",
    "revision": "Revision",
    "prompt": "Prompt",
    "system": "System text",
    "task": "Columns asked for",
    "sampling": "Parameters",
    "longest_side_px": "Longest side, pixels",
    "destination": "Pictures went to",
    "total": "Rows",
    "ok": "Answered",
    "failed": "Failed",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """What a card is about.

    Attributes
    ----------
    frame : DataFrame
    title : str
        Name of the format.
    text : str or None
        Column of texts.
    name : str
        Name of the data set.
    usage : tuple of str
        What loads it, and what else a user types, one block each.
    """

    frame: pd.DataFrame
    title: str
    text: str | None
    name: str
    usage: tuple[str, ...]


def write_card(folder: Path, card: Card, options: Options, changes: Changes, backups: Backups) -> None:
    """Write a card: README.md, as the Hub shows it; where that tells of something else, a hidden file.

    `datasets` takes every other file of a folder for data.

    Parameters
    ----------
    folder : Path
    card : Card
    options : Options
    changes : Changes
        Of the whole export, without the card.
    backups : Backups

    Raises
    ------
    SetupError
        The run that shall be described is not there, or the file cannot be written.
    """
    text = card_text(card, trace(card.frame, card.text, options), changes)
    path = folder / "README.md"
    if path.exists() and not _is_of(path, card.name):
        path = folder / f".{card.name}.card.md"
    changes.add(str(path), "replace" if path.exists() else "create")
    if not options.dry_run:
        backups.keep(path)
        write_whole(path, text.encode())


def _is_of(path: Path, name: str) -> bool:
    """Whether a card was written with the data set of this name, which may since have been moved."""
    try:
        return _mark(name) in path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False


def _mark(name: str) -> str:
    return _MARK.format(_inline(name))


def card_text(card: Card, provenance: Provenance, changes: Changes) -> str:
    """Text of a card.

    Parameters
    ----------
    card : Card
    provenance : Provenance
    changes : Changes
    """
    left_out = changes.counts["leave out"]
    written = len(card.frame) - left_out
    parts = [
        _head(card, written),
        _mark(card.name),
        f"# {_inline(card.name)}",
        f"{written} of {len(card.frame)} rows of a table, written by vlmkit as {card.title}."
        + (f" The texts are its column {_code(card.text)}." if card.text else ""),
        *_section("Where the texts come from", _origin(provenance)),
        *_section("Review", _bullets(provenance.statuses.items())),
        *_section("Left out", _bullets(_by_kind(changes.reasons).items())),
        *_section("Columns of the table", _columns(card.frame)),
        *_section("Loading", ["\n\n".join(map(_block, card.usage))] if card.usage else []),
    ]
    return "\n\n".join(parts) + "\n"


def _head(card: Card, written: int) -> str:
    size = next((name for most, name in _SIZES if written < most), "n>1M")
    facts = {
        "pretty_name": clean_text(card.name),
        "task_categories": ["image-to-text"],
        "size_categories": [size],
        "tags": ["image-captioning", "synthetic", "vlmkit"],
    }
    # JSON is YAML, and quotes whatever a name may contain.
    lines = (f"{key}: {json.dumps(value)}" for key, value in facts.items())
    return "\n".join(["---", *lines, "---"])


def _block(text: str) -> str:
    return f"```{'python' if 'import ' in text else ''}\n{text}\n```"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    body = "\n".join(lines)
    return [f"## {title}", body] if body else []


def _origin(provenance: Provenance) -> Iterator[str]:
    yield from _bullets(provenance.models.items(), unit="rows")
    if provenance.run is None and not provenance.models:
        yield "Not recorded: the table has no columns of details, and no recorded run has these answers."
    for name, title in _RUN_FACTS.items():
        if provenance.run is not None and name in provenance.run:
            yield f"- {title}: {_code(provenance.run[name])}"
    for model, verdict in provenance.verdicts.items():
        yield f"- About {_code(model)}: {_inline(verdict)}"


def _columns(frame: pd.DataFrame) -> Iterator[str]:
    yield from (f"- {_code(name)} ({dtype})" for name, dtype in frame.dtypes.items())


def _bullets(items: Iterable[tuple[str, int]], unit: str = "") -> Iterator[str]:
    for name, count in items:
        yield f"- {_code(name)}: {count} {unit}".rstrip()


def _by_kind(reasons: Iterable[str]) -> dict[str, int]:
    """Reasons by their kind, the most frequent first; what names one picture would be one line each."""
    kinds = Counter(reason.partition(":")[0] if ": " in reason else reason for reason in reasons)
    return dict(kinds.most_common())


def _inline(text: str) -> str:
    """A text on one line in which Markdown and HTML find nothing to do."""
    return for_markdown(" ".join(text.split()))


def _code(value: Any) -> str:
    text = for_terminal(" ".join(str(value).split()))
    fence = "`" * (max((len(run) for run in re.findall(r"`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"
