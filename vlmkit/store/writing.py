"""Writing: a run's begin and end, and its rows, each thing that rows share stored once."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import time
from dataclasses import asdict

from vlmkit.records import Reply
from vlmkit.store.journal import PictureRecord, RowRecord, RunRecord
from vlmkit.store.packing import digest_of, pack_count, pack_hex, pack_probabilities, pack_seconds, pack_text, seal

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


def end_run(connection: sqlite3.Connection, run_id: int, *, seconds: float, stopped_early: bool) -> None:
    """Complete a run's line, with its counts, so that a list of runs need not count rows."""
    connection.execute(
        "UPDATE runs SET seconds = ?, stopped_early = ?, (ok, failed, from_store) = ("
        " SELECT count(*) FILTER (WHERE error IS NULL), count(*) FILTER (WHERE error IS NOT NULL AND NOT cancelled),"
        " count(*) FILTER (WHERE from_store) FROM rows WHERE rows.run = runs.run) WHERE run = ?",
        (pack_seconds(seconds), stopped_early, run_id),
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
        ask, reply = self._answer(row, prompt)
        self._execute(
            "INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._run_id, row.index, self._text(row.label), ask, prompt if ask is None else None, reply),
                None if row.error is None else self._text(row.error),
                row.error is not None and row.error.startswith("Cancelled:"),
                *(pack_seconds(row.seconds), row.from_store),
            ),
        )

    def _answer(self, row: RowRecord, prompt: int) -> tuple[int | None, int | None]:
        """What was asked and what was answered; a row of the store leads to what is there."""
        key = None if row.key is None else pack_hex(row.key)
        ask, newest, text = self._known(key)
        pictures = [self._picture(picture) for picture in row.pictures if ask is None or picture.brings_news]
        if row.from_store and row.reply is not None and text == pack_text(row.reply.text):
            return ask, newest
        if ask is None and key is not None:
            ask = self._insert_ask(key, prompt, pictures)
        if row.reply is None:
            return ask, None
        reply = self._insert_reply(row.reply, key)
        self._execute("UPDATE asks SET reply = ? WHERE id = ?", (reply, ask))
        return ask, reply

    def _known(self, key: bytes | None) -> tuple[int | None, int | None, str | bytes | None]:
        """Ask of this key, its newest reply and that one's text."""
        query = "SELECT asks.id, reply, text FROM asks LEFT JOIN replies ON replies.id = reply WHERE key = ?"
        return self._execute(query, (key,)).fetchone() or (None, None, None)

    def _text(self, text: str) -> int:
        if text not in self._texts:
            digest = digest_of(text)
            found = self._execute("SELECT id FROM texts WHERE digest = ?", (digest,)).fetchone()
            self._texts[text] = found[0] if found else self._insert_text(digest, text)
        return self._texts[text]

    def _insert_text(self, digest: bytes, text: str) -> int:
        return self._insert("INSERT INTO texts (digest, text) VALUES (?, ?)", digest, pack_text(text))

    def _picture(self, picture: PictureRecord) -> int:
        digest = pack_hex(picture.digest)
        facts = (picture.media_type, picture.width, picture.height)
        found = self._execute("SELECT id, width FROM pictures WHERE digest = ?", (digest,)).fetchone()
        if found is None:
            statement = "INSERT INTO pictures (digest, media_type, width, height) VALUES (?, ?, ?, ?)"
            found = (self._insert(statement, digest, *facts), picture.width)
        elif found[1] is None and picture.width is not None:
            self._execute("UPDATE pictures SET media_type = ?, width = ?, height = ? WHERE id = ?", (*facts, found[0]))
        for identity in picture.identities:
            name = digest_of(identity)
            self._execute("INSERT OR REPLACE INTO identities VALUES (?, ?, ?)", (name, digest, seal(name, digest)))
        return int(found[0])

    def _insert_ask(self, key: bytes, prompt: int, pictures: list[int]) -> int:
        ask = self._insert("INSERT INTO asks (key, prompt) VALUES (?, ?)", key, prompt)
        for position, picture in enumerate(pictures):
            self._execute("INSERT INTO ask_pictures VALUES (?, ?, ?)", (ask, position, picture))
        return ask

    def _insert_reply(self, reply: Reply, key: bytes | None) -> int:
        values = (
            *(pack_text(reply.text), pack_text(reply.finish_reason)),
            *(pack_count(reply.usage.prompt_tokens), pack_count(reply.usage.completion_tokens)),
            *(pack_seconds(reply.seconds), pack_probabilities(reply.token_probabilities)),
        )
        model, revision = pack_text(reply.model), reply.revision
        statement = (
            "INSERT INTO replies (text, finish_reason, prompt_tokens, completion_tokens, seconds, token_probabilities, "
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

    def _insert(self, statement: str, *values: object) -> int:
        return int(self._execute(statement, values).lastrowid or 0)
