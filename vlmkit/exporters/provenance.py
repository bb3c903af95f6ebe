"""Where the texts of a table come from: what its columns say, and the recorded run whose answers they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pandas as pd

from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters.options import Options
from vlmkit.extras import open_by_name
from vlmkit.frame import is_missing, runs

__all__ = ["Provenance", "trace"]

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
