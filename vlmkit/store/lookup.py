"""Looking up: a reply by its key, a picture's digest by where it was, the runs of a store and their rows.

Each entry is checked against its seal. One that does not fit counts as absent, so that damage costs one answer and not
the run; it is counted, so that somebody can be told.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from vlmkit.records import Reply, Usage
from vlmkit.store.leases import exists
from vlmkit.store.packing import Origin, digest_of, pack_hex, pack_text, seal, unpack_text, unpack_tokens

__all__ = [
    "CONTRADICTIONS",
    "DAMAGED",
    "damaged_asks",
    "damaged_identities",
    "find_digests",
    "find_known",
    "find_replies",
    "list_rows",
    "list_runs",
]

_MOST_AT_ONCE = 500  # far below SQLite's limit of question marks
_ANSWERED = (
    "asks.key, text, finish_reason, prompt_tokens, completion_tokens, seconds, tokens, models.model, "
    "revision, sealed FROM asks JOIN replies ON replies.id = asks.reply LEFT JOIN models ON models.id = replies.model"
)
_REPLIES = f"SELECT {_ANSWERED} WHERE asks.key IN "
_DIGESTS = "SELECT identity, digest, sealed FROM identities WHERE identity IN "


def find_digests(connection: sqlite3.Connection, identities: Sequence[str]) -> tuple[dict[str, str], int]:
    """Digests of the pictures that were there, by identity, as far as they are known; how many entries are damaged."""
    names = {digest_of(identity): identity for identity in identities}
    digests, damaged = {}, 0
    for name, digest, sealed in _rows(connection, _DIGESTS, list(names)):
        if sealed == seal(name, digest):
            digests[names[name]] = str(digest.hex())
        else:
            damaged += 1
    return digests, damaged


def find_replies(connection: sqlite3.Connection, keys: Sequence[str]) -> tuple[dict[str, Reply], int]:
    """Newest replies, by key, as far as there are any; how many are damaged."""
    packed = {pack_hex(key): key for key in keys}
    replies, damaged = {}, 0
    for key, *values, sealed in _rows(connection, _REPLIES, list(packed)):
        if sealed == seal(key, *values):
            replies[packed[key]] = _reply(values)
        else:
            damaged += 1
    return replies, damaged


def damaged_asks(connection: sqlite3.Connection) -> list[int]:
    """Asks, by their number, whose newest reply does not fit its seal."""
    found = connection.execute(f"SELECT asks.id, {_ANSWERED}")
    return [ask for ask, *values, sealed in found if sealed != seal(*values)]


def damaged_identities(connection: sqlite3.Connection) -> list[bytes]:
    """Identities of pictures whose entry does not fit its seal."""
    found = connection.execute("SELECT identity, digest, sealed FROM identities")
    return [name for name, digest, sealed in found if sealed != seal(name, digest)]


def _rows(connection: sqlite3.Connection, query: str, names: list[bytes]) -> Iterator[tuple[Any, ...]]:
    """Rows of many names by few statements: each makes this thread wait for its turn among those that decode."""
    for begin in range(0, len(names), _MOST_AT_ONCE):
        some = names[begin : begin + _MOST_AT_ONCE]
        yield from connection.execute(f"{query}({', '.join('?' * len(some))})", some).fetchall()


def _reply(values: list[Any]) -> Reply:
    text, finish_reason, prompt_tokens, completion_tokens, seconds, tokens, model, revision = values
    return Reply(
        text=unpack_text(text),
        finish_reason=unpack_text(finish_reason),
        model=unpack_text(model),
        revision=revision,
        usage=Usage(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens),
        seconds=seconds or 0.0,
        tokens=unpack_tokens(tokens),
    )


def find_known(connection: sqlite3.Connection, model: str) -> list[tuple[str, str | None, int | None, bool]]:
    """(Full name, revision, longest side in pixels, lossless) of the runs of a model, newest first."""
    found = connection.execute(
        "SELECT model, revision, longest_side_px, ifnull(json_extract(record, '$.lossless'), 0) AS lossless FROM runs "
        "WHERE model = :name OR named = :name "
        "GROUP BY model, revision, longest_side_px, lossless ORDER BY max(run) DESC",
        {"name": pack_text(model)},
    )
    return [(unpack_text(name), revision, side_px, bool(lossless)) for name, revision, side_px, lossless in found]


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
