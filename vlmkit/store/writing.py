"""Writing: a run's begin and end, and its rows, each thing that rows share stored once."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import time
from dataclasses import asdict
from typing import Any

from vlmkit.records import Reply
from vlmkit.store.journal import PictureRecord, RowRecord, RunRecord
from vlmkit.store.packing import Origin, digest_of, pack_count, pack_hex, pack_seconds, pack_text, pack_tokens, seal

__all__ = ["Writer", "begin_run", "end_run"]


def begin_run(connection: sqlite3.Connection, run: RunRecord) -> int:
    """Write a run's line; gives its number."""
    record = json.dumps({**asdict(run), "sampling": dict(run.sampling)}, ensure_ascii=True, default=str)
    cursor = connection.execute(
        "INSERT INTO runs (started_at, host, process, record, model, named, revision, longest_side_px, total) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(time.time(), platform.node(), os.getpid(), record),
            *(pack_text(run.model), None if run.named is None else pack_text(run.named)),
            *(run.revision, run.longest_side_px, run.total),
        ),
    )
    return int(cursor.lastrowid or 0)


def end_run(
    connection: sqlite3.Connection, run_id: int, *, seconds: float, stopped_early: bool, reason: str | None
) -> None:
    """Complete a run's line, with its counts, so that a list of runs need not count rows."""
    connection.execute(
        "UPDATE runs SET seconds = ?, stopped_early = ?, (ok, failed, from_store, record) = ("
        " SELECT count(*) FILTER (WHERE error IS NULL), count(*) FILTER (WHERE error IS NOT NULL AND NOT cancelled),"
        " count(*) FILTER (WHERE from_store = ?),"
        " json_set(record, '$.reason', ?, '$.duplicates', count(*) FILTER (WHERE from_store = ?))"
        " FROM rows WHERE rows.run = runs.run) WHERE run = ?",
        (pack_seconds(seconds), stopped_early, Origin.STORE, reason, Origin.SAME_RUN, run_id),
    )


class Writer:
    """Writes rows of one run within one transaction.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    run_id : int
    """

    def __init__(self, connection: sqlite3.Connection, run_id: int) -> None:
        self._execute = connection.execute
        self._run_id = run_id
        self._texts: dict[str, int] = {}
        self._models: dict[tuple[str | bytes, str | None], int] = {}

    def write(self, row: RowRecord) -> None:
        """Write one row and what it brings along."""
        prompt = self._text(row.prompt)
        origin = Origin.STORE if row.from_store else Origin.SAME_RUN if row.is_duplicate else Origin.MODEL
        ask, reply = self._new_answer(row, prompt) if origin is Origin.MODEL else self._stored_answer(row, prompt)
        self._execute(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._run_id, row.index, self._text(row.label), ask, prompt if ask is None else None, reply),
                None if row.error is None else self._text(row.error),
                row.error is not None and row.error.startswith("Cancelled:"),
                *(pack_seconds(row.seconds), origin),
            ),
        )

    def _stored_answer(self, row: RowRecord, prompt: int) -> tuple[int | None, int | None]:
        """A row of the store leads to what is there; what the store does not have, such as another store's, is new."""
        query = "SELECT asks.id, reply, text FROM asks LEFT JOIN replies ON replies.id = reply WHERE key = ?"
        found = row.key and self._execute(query, (pack_hex(row.key),)).fetchone()
        if not found or row.reply is None or found[2] != pack_text(row.reply.text):
            return self._new_answer(row, prompt)
        for picture in row.pictures:
            if picture.brings_news:
                self._picture(picture)
        return found[0], found[1]

    def _new_answer(self, row: RowRecord, prompt: int) -> tuple[int | None, int | None]:
        """Ask and reply, newly written; what is asked anew gets another reply."""
        pictures = [self._picture(picture) for picture in row.pictures]
        key = None if row.key is None else pack_hex(row.key)
        reply = None if row.reply is None else self._insert_reply(row.reply, key)
        return None if key is None else self._ask(key, prompt, pictures, reply), reply

    # Each statement makes this thread wait for its turn among those that ask and decode. What is usually new is
    # therefore written without a look first.

    def _ask(self, key: bytes, prompt: int, pictures: list[int], reply: int | None) -> int:
        try:
            ask = self._insert("INSERT INTO asks (key, prompt, reply) VALUES (?, ?, ?)", key, prompt, reply)
        except sqlite3.IntegrityError:
            self._execute("UPDATE asks SET reply = ifnull(?, reply) WHERE key = ?", (reply, key))
            return int(self._known("SELECT id FROM asks WHERE key = ?", key)[0])
        for position, picture in enumerate(pictures):
            self._execute("INSERT INTO ask_pictures VALUES (?, ?, ?)", (ask, position, picture))
        return ask

    def _text(self, text: str) -> int:
        if text not in self._texts:
            digest = digest_of(text)
            try:
                found = self._insert("INSERT INTO texts (digest, text) VALUES (?, ?)", digest, pack_text(text))
            except sqlite3.IntegrityError:
                found = self._known("SELECT id FROM texts WHERE digest = ?", digest)[0]
            self._texts[text] = found
        return self._texts[text]

    def _picture(self, picture: PictureRecord) -> int:
        digest = pack_hex(picture.digest)
        facts = (picture.media_type, picture.width, picture.height)
        statement = "INSERT INTO pictures (digest, media_type, width, height) VALUES (?, ?, ?, ?)"
        try:
            number = self._insert(statement, digest, *facts)
        except sqlite3.IntegrityError:
            number, width = self._known("SELECT id, width FROM pictures WHERE digest = ?", digest)
            if width is None and picture.width is not None:
                self._execute(
                    "UPDATE pictures SET media_type = ?, width = ?, height = ? WHERE id = ?", (*facts, number)
                )
        if picture.identities:
            names = [digest_of(identity) for identity in picture.identities]
            places = ", ".join(["(?, ?, ?)"] * len(names))
            values = [value for name in names for value in (name, digest, seal(name, digest))]
            self._execute(f"INSERT OR REPLACE INTO identities VALUES {places}", values)  # noqa: S608  question marks
        return number

    def _insert_reply(self, reply: Reply, key: bytes | None) -> int:
        values = (
            *(pack_text(reply.text), pack_text(reply.finish_reason)),
            *(pack_count(reply.usage.prompt_tokens), pack_count(reply.usage.completion_tokens)),
            *(pack_seconds(reply.seconds), pack_tokens(reply.tokens)),
        )
        model, revision = pack_text(reply.model), reply.revision
        statement = (
            "INSERT INTO replies (text, finish_reason, prompt_tokens, completion_tokens, seconds, tokens, "
            "model, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        )
        return self._insert(statement, *values, self._model(model, revision), seal(key, *values, model, revision))

    def _model(self, model: str | bytes, revision: str | None) -> int:
        if (model, revision) not in self._models:
            found = self._execute(
                "SELECT id FROM models WHERE model = ? AND ifnull(revision, '') = ifnull(?, '')", (model, revision)
            ).fetchone()
            insert = "INSERT INTO models (model, revision) VALUES (?, ?)"
            self._models[model, revision] = found[0] if found else self._insert(insert, model, revision)
        return self._models[model, revision]

    def _known(self, query: str, digest: bytes) -> tuple[Any, ...]:
        """The entry that a new one would have doubled; a damaged index knows of entries that are not there."""
        found: tuple[Any, ...] | None = self._execute(query, (digest,)).fetchone()
        if found is None:
            error = sqlite3.DatabaseError("an index knows an entry that is not there")
            error.sqlite_errorcode, error.sqlite_errorname = sqlite3.SQLITE_CORRUPT, "SQLITE_CORRUPT"
            raise error
        return found

    def _insert(self, statement: str, *values: object) -> int:
        return int(self._execute(statement, values).lastrowid or 0)
