"""The store's memory as tables: which runs there were, and what each row of one was sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from vlmkit.errors import BadSetting
from vlmkit.frame.arrays import boolean_array, float_array, integer_array, text_array, utc_array
from vlmkit.store import choose_store, open_store

__all__ = ["runs"]

_Array = Callable[[Sequence[Any]], Any]


def runs(store: str | Path | bool | None = None, *, run: int | None = None) -> pd.DataFrame:
    """Runs that a store knows, or the rows of one of them.

    Parameters
    ----------
    store : bool, str, Path or None, default None
        As for `describe`; None takes the setting.
    run : int or None, default None
        Number of a run, whose rows are wanted.

    Returns
    -------
    DataFrame
        One row per run, newest last: run (Int64), started_at (UTC), state (``finished``, ``stopped`` early, ``running``
        or ``died``), reason (why it stopped, where a budget or a fault ended it), model, revision, prompt, total, ok,
        failed, cancelled, from_store, duplicates (answered by an equal row of the run) (Int64), seconds (Float64),
        destination (where pictures went), and what else all its rows shared. With `run` one row per row of it: path,
        text, error, prompt, picture (digest of what was sent), width, height, sampling (JSON), model, revision,
        from_store, is_duplicate, key, ….

    Raises
    ------
    SetupError
        There is no such store or run, or the file cannot be read.
    """
    choice = choose_store(store)
    if choice is None:
        raise BadSetting("store: none is in use, so there are no runs to list. Name one with store=…, or store=True.")
    if run is None and store in (None, True) and not choice.path.exists():
        return _table(_RUN, [])
    with open_store(choice.path, writable=False) as opened:
        if run is None:
            return _table(_RUN, opened.runs())
        rows = opened.rows(run)
        shared = next(each for each in opened.runs() if each["run"] == run)
    return _table(_ROW, [_flat(row, shared) for row in rows])


def _flat(row: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, Any]:
    pictures = row["pictures"]
    first = pictures[0] if pictures else {}
    return {
        **row,
        "path": row["label"],
        "row": row["index"],
        "system": run["system"],
        "picture": " ".join(picture["digest"] for picture in pictures) or None,
        "media_type": first.get("media_type"),
        "width": first.get("width"),
        "height": first.get("height"),
        "sampling": run["sampling"],
    }


def _table(arrays: Mapping[str, _Array], records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame({name: array([record[name] for record in records]) for name, array in arrays.items()})


def _words(values: Sequence[Any]) -> Any:
    return text_array([None if value is None else str(value) for value in values])


def _json(values: Sequence[Any]) -> Any:
    return text_array([json.dumps(value, ensure_ascii=False) for value in values])


_RUN: dict[str, _Array] = {
    "run": integer_array,
    "started_at": utc_array,
    "state": text_array,
    "reason": text_array,
    "model": text_array,
    "revision": text_array,
    "prompt": text_array,
    "total": integer_array,
    "ok": integer_array,
    "failed": integer_array,
    "cancelled": integer_array,
    "from_store": integer_array,
    "duplicates": integer_array,
    "seconds": float_array,
    "workers": _words,
    "destination": text_array,
    "system": text_array,
    "task": text_array,
    "sampling": _json,
    "longest_side_px": integer_array,
    "lossless": boolean_array,
}

_ROW: dict[str, _Array] = {
    "row": integer_array,
    "path": text_array,
    "text": text_array,
    "error": text_array,
    "prompt": text_array,
    "system": text_array,
    "picture": text_array,
    "media_type": text_array,
    "width": integer_array,
    "height": integer_array,
    "sampling": _json,
    "model": text_array,
    "revision": text_array,
    "finish_reason": text_array,
    "prompt_tokens": integer_array,
    "completion_tokens": integer_array,
    "seconds": float_array,
    "answer_seconds": float_array,
    "from_store": boolean_array,
    "is_duplicate": boolean_array,
    "key": text_array,
}
