"""Looking up: a reply by its key, a picture's digest by where it was; each checked against its seal."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from vlmkit.records import Reply, Usage
from vlmkit.store.faults import damaged
from vlmkit.store.packing import digest_of, pack_hex, pack_text, seal, unpack_text, unpack_tokens

__all__ = ["find_digest", "find_known", "find_reply"]

_REPLY = (
    "SELECT text, finish_reason, prompt_tokens, completion_tokens, seconds, tokens, models.model, "
    "revision, sealed FROM asks JOIN replies ON replies.id = asks.reply "
    "LEFT JOIN models ON models.id = replies.model WHERE asks.key = ?"
)


def find_digest(connection: sqlite3.Connection, identity: str, path: Path) -> str | None:
    """Digest of the picture that was there.

    Raises
    ------
    StoreFault
        The entry is damaged.
    """
    name = digest_of(identity)
    found = connection.execute("SELECT digest, sealed FROM identities WHERE identity = ?", (name,)).fetchone()
    if found is None:
        return None
    digest, sealed = found
    if sealed != seal(name, digest):
        raise damaged(path, "the entry of a picture does not fit its checksum")
    return str(digest.hex())


def find_reply(connection: sqlite3.Connection, key: str, path: Path) -> Reply | None:
    """Newest reply of the key.

    Raises
    ------
    StoreFault
        The reply is damaged.
    """
    packed = pack_hex(key)
    found = connection.execute(_REPLY, (packed,)).fetchone()
    if found is None:
        return None
    *values, sealed = found
    if sealed != seal(packed, *values):
        raise damaged(path, "an answer does not fit its checksum")
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


def find_known(connection: sqlite3.Connection, model: str) -> list[tuple[str, str | None, int | None]]:
    """(Full name, revision, longest side in pixels) of the runs of a model, newest first."""
    found = connection.execute(
        "SELECT model, revision, longest_side_px FROM runs WHERE model = ?1 OR named = ?1 "
        "GROUP BY model, revision, longest_side_px ORDER BY max(run) DESC",
        (pack_text(model),),
    )
    return [(unpack_text(name), revision, longest_side_px) for name, revision, longest_side_px in found]
