"""Looking up: a reply by its key, a picture's digest by where it was.

Each entry is checked against its seal. One that does not fit counts as absent, so that damage costs one answer and not
the run; it is counted, so that somebody can be told.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from vlmkit.records import Reply, Usage
from vlmkit.store.packing import digest_of, pack_hex, pack_text, seal, unpack_text, unpack_tokens

__all__ = ["damaged_asks", "damaged_identities", "find_digests", "find_known", "find_replies"]

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
