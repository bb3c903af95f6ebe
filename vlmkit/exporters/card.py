"""The card beside a data set: what is in it and where it comes from, as the Hugging Face Hub reads it.

Where texts come from is said by columns of the table, and by the recorded run whose answers they are.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters.files import Backups, Changes, write_whole
from vlmkit.exporters.options import Options
from vlmkit.exporters.values import clean_text
from vlmkit.extras import open_by_name
from vlmkit.frame import is_missing, runs
from vlmkit.untrusted import for_markdown, for_terminal

__all__ = ["Card", "Provenance", "card_text", "trace", "write_card"]

_NEWEST = 10
_LARGEST_RUN = 20_000  # rows that are read to compare; of a larger run the caller gives the number
_SAMPLE = 200
_ENOUGH = 0.9
_REVISION = " @ "


@dataclass(frozen=True, kw_only=True, slots=True)
class Provenance:
    """What is known about the making of a table.

    Attributes
    ----------
    models : dict of str to int
        Rows by model and revision.
    run : dict of str to object or None
        Facts of the recorded run, as `vk.runs` has them.
    statuses : dict of str to int
        Rows by what a review said.
    verdicts : dict of str to str
        By model, how faithful its answers are, where that is known.
    """

    models: dict[str, int]
    run: dict[str, Any] | None
    statuses: dict[str, int]
    verdicts: dict[str, str] = field(default_factory=dict)


def trace(frame: pd.DataFrame, text: str | None, options: Options) -> Provenance:
    """Find out where texts come from; nothing is said that is not known.

    Parameters
    ----------
    frame : DataFrame
    text : str or None
        Column of texts.
    options : Options
        Its `run` and `store`.

    Raises
    ------
    SetupError
        A run was named that the store does not have.
    """
    status = f"{text}_status"
    models, run = _models(frame), _run_record(frame, text, options)
    return Provenance(
        models=models,
        run=run,
        verdicts=_verdicts(models, run),
        statuses=_counts(frame[status]) if status in frame.columns else {},
    )


def _verdicts(models: dict[str, int], run: dict[str, Any] | None) -> dict[str, str]:
    verdict_on = open_by_name("vlmkit.engines.families.verdicts:verdict_on")
    names = dict.fromkeys([*(model.partition(_REVISION)[0] for model in models), str((run or {}).get("model", ""))])
    said = {name: verdict_on(name) for name in names if name}
    return {name: verdict for name, verdict in said.items() if verdict}


def _models(frame: pd.DataFrame) -> dict[str, int]:
    for name in map(str, frame.columns):
        about = name.removesuffix("_model")
        if name.endswith("_model") and f"{about}_error" in frame.columns:
            models = frame[name]
            revision = f"{about}_revision"
            if revision in frame.columns:
                behind = frame[revision].astype("string").map(lambda value: f"{_REVISION}{value}", na_action="ignore")
                models = models.astype("string") + behind.fillna("")
            return _counts(models)
    return {}


def _counts(column: pd.Series[Any]) -> dict[str, int]:
    counted = column.dropna().value_counts()
    return {str(value): int(count) for value, count in counted.items() if count}


def _run_record(frame: pd.DataFrame, text: str | None, options: Options) -> dict[str, Any] | None:
    try:
        known = runs(options.store)
    except SetupError:
        if options.run is not None or options.store is not None:
            raise
        return None
    if options.run is not None:
        chosen = known[known["run"] == options.run]
        if chosen.empty:
            listed = ", ".join(map(str, known["run"].tail(_NEWEST))) or "none"
            raise BadSetting(f"run={options.run}: the store has no such run; the newest are {listed}.")
        return _facts(chosen.iloc[0])
    candidates = (row for _, row in known.iloc[::-1].iterrows() if row["ok"] > 0 and row["total"] <= _LARGEST_RUN)
    return next((_facts(row) for row in islice(candidates, _NEWEST) if _gave(row["run"], frame, text, options)), None)


def _facts(row: pd.Series[Any]) -> dict[str, Any]:
    return {str(name): value for name, value in row.items() if not (pd.api.types.is_scalar(value) and pd.isna(value))}


def _gave(run: int, frame: pd.DataFrame, text: str | None, options: Options) -> bool:
    """Whether a run's answers are the texts of a table; edited ones do not count."""
    if text is None or "path" not in frame.columns:
        return False
    answers = runs(options.store, run=int(run))
    by_path = dict(zip(answers["path"], answers["text"], strict=True))
    compared = list(islice(_pairs(frame, text, by_path), _SAMPLE))
    agreeing = sum(str(value).strip() in str(answer) for value, answer in compared)
    return bool(compared) and agreeing >= _ENOUGH * len(compared)


def _pairs(frame: pd.DataFrame, text: str, answers: dict[Any, Any]) -> Iterator[tuple[Any, Any]]:
    original = f"{text}_original"
    originals = frame[original] if original in frame.columns else frame[text]
    for path, now, first in zip(frame["path"], frame[text], originals, strict=True):
        value = now if is_missing(first) else first
        if isinstance(path, str) and path in answers and not is_missing(value):
            yield value, answers[path]


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
