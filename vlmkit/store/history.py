"""Looking back: the runs of a store, and what each row of one was sent and answered."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from vlmkit.store.packing import Origin, seal, unpack_text
from vlmkit.store.processes import exists

__all__ = ["CONTRADICTIONS", "DAMAGED", "list_rows", "list_runs"]

CONTRADICTIONS = (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError)
"""What Python says where an entry was damaged and is of another type, no JSON, or no moment."""

DAMAGED = "the answer does not fit its checksum, and counts as absent. Run again, and this row is asked again."
"""What a row says whose answer was changed in the file."""

_COUNTS = (
    "SELECT count(*) FILTER (WHERE error IS NULL), count(*) FILTER (WHERE error IS NOT NULL AND NOT cancelled), "
    "count(*) FILTER (WHERE from_store = ?), count(*) FILTER (WHERE from_store = ?) FROM rows WHERE run = ?"
)
_ROWS = (
    "SELECT position, label.text, asks.id, asks.key, prompt.text, error.text, rows.seconds, from_store, "
    "replies.text, finish_reason, prompt_tokens, completion_tokens, replies.seconds, tokens, "
    "models.model, models.revision, sealed "
    "FROM rows JOIN texts AS label ON label.id = rows.label "
    "LEFT JOIN asks ON asks.id = rows.ask "
    "LEFT JOIN texts AS prompt ON prompt.id = ifnull(asks.prompt, rows.prompt) "
    "LEFT JOIN texts AS error ON error.id = rows.error "
    "LEFT JOIN replies ON replies.id = rows.reply LEFT JOIN models ON models.id = replies.model "
    "WHERE rows.run = ? ORDER BY position"
)
_PICTURES = (
    "SELECT ask_pictures.ask, hex(digest), media_type, width, height FROM ask_pictures "
    "JOIN pictures ON pictures.id = picture WHERE ask_pictures.ask IN (SELECT ask FROM rows WHERE run = ?) "
    "ORDER BY ask_pictures.ask, ask_pictures.position"
)


def list_runs(connection: sqlite3.Connection) -> tuple[list[dict[str, Any]], int]:
    """Every run, oldest first, and how many entries are damaged.

    Returns
    -------
    list of dict, int
        run, started_at (datetime, UTC), what the `RunRecord` said, ok, failed, cancelled (rows that had no turn, too),
        from_store, duplicates (answered by an equal row of the run), seconds (None where it did not end), state:
        ``"finished"``, ``"stopped"`` (early), ``"running"``, or ``"died"``; reason (why it stopped early, where a
        budget or a fault ended it).
    """
    found = connection.execute(
        "SELECT run, started_at, host, process, record, seconds, stopped_early, ok, failed, from_store FROM runs "
        "ORDER BY run"
    ).fetchall()
    runs = []
    for values in found:
        with suppress(*CONTRADICTIONS):  # a damaged entry must not hide the others
            runs.append(_run(connection, *values))
    return runs, len(found) - len(runs)


def _run(
    connection: sqlite3.Connection,
    run: int,
    started_at: float,
    host: str,
    process: int,
    record: str,
    seconds: float | None,
    stopped_early: int | None,
    *counts: int | None,
) -> dict[str, Any]:
    has_ended = stopped_early is not None
    told = json.loads(record)
    if has_ended:  # what wrote no number of duplicates counted them as stored
        ok, failed, from_store, duplicates = (*counts, told.get("duplicates", 0))
    else:
        parameters = (Origin.STORE, Origin.SAME_RUN, run)
        ok, failed, from_store, duplicates = connection.execute(_COUNTS, parameters).fetchone()
    if has_ended:
        state = "stopped" if stopped_early else "finished"
    else:
        state = "running" if _is_alive(host, process) else "died"
    return {
        "run": run,
        "started_at": datetime.fromtimestamp(started_at, UTC),
        "reason": None,
        **told,
        "ok": ok,
        "failed": failed,
        "cancelled": told["total"] - ok - failed,
        "from_store": from_store,
        "duplicates": duplicates,
        "seconds": seconds,
        "state": state,
    }


def list_rows(connection: sqlite3.Connection, run_id: int) -> list[dict[str, Any]] | None:
    """Rows of one run in input order; None where there is no such run.

    Returns
    -------
    list of dict
        index, label, key, prompt, pictures (list of dict: digest, media_type, width, height), text, finish_reason,
        model, revision, prompt_tokens, completion_tokens, answer_seconds, error, seconds, from_store, is_duplicate.
        What all rows share (system text, sampling, …) is in the run's entry in `list_runs`. A row whose answer is
        damaged has none, and says so as its error.
    """
    if connection.execute("SELECT 1 FROM runs WHERE run = ?", (run_id,)).fetchone() is None:
        return None
    pictures: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for ask, digest, media_type, width, height in connection.execute(_PICTURES, (run_id,)):
        pictures[ask].append(
            {"digest": digest.lower(), "media_type": media_type, "width": width, "height": height},
        )
    return [_row(pictures, values) for values in connection.execute(_ROWS, (run_id,))]


def _row(pictures: dict[int, list[dict[str, Any]]], values: tuple[Any, ...]) -> dict[str, Any]:
    index, label, ask, key, prompt, error, seconds, origin, *answer, model, revision, sealed = values
    text, finish_reason, prompt_tokens, completion_tokens, answer_seconds, _ = answer
    if sealed is not None and sealed != seal(key, *answer, model, revision):
        error = f"StoreFault: {DAMAGED}"
        text = finish_reason = prompt_tokens = completion_tokens = answer_seconds = model = revision = None
    return {
        "index": index,
        "label": unpack_text(label),
        "key": None if key is None else key.hex(),
        "prompt": unpack_text(prompt),
        "pictures": pictures.get(ask, []),
        "text": _optional(text),
        "finish_reason": _optional(finish_reason),
        "model": _optional(model),
        "revision": revision,
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "answer_seconds": answer_seconds,
        "error": _optional(error),
        "seconds": seconds,
        "from_store": origin == Origin.STORE,
        "is_duplicate": origin == Origin.SAME_RUN,
    }


def _optional(value: str | bytes | None) -> str | None:
    return None if value is None else unpack_text(value)


def _is_alive(host: str, process: int) -> bool:
    """Whether the process of a run still lives; of another computer's it is not known and not believed."""
    return host == platform.node() and (process == os.getpid() or (os.name != "nt" and exists(process)))
