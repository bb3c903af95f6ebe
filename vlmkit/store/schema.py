"""The tables of a store, and the steps that lead from an older file to them.

    texts     prompts, labels, errors, each once        models      name and revision
    pictures  as sent, by digest                        identities  where a picture was -> which picture
    asks      key -> prompt, pictures, newest reply     replies     every answer ever given
    runs      one line each                             rows        what became of each row of each run
    judgments what people said about answers
    leases    runs that are at work                     claims      key -> run that is asking it

Keys, digests and identities are 16 bytes. `from_store` of a row is an `Origin`. `sealed` is a checksum: a page that was
damaged and still looks like one must not answer for another picture.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from vlmkit.errors import StoreFault
from vlmkit.store import edits, leases

__all__ = ["APPLICATION_ID", "STEPS", "bring_up_to_date", "check_version", "is_readable", "is_up_to_date"]

APPLICATION_ID = 0x764C4D6B  # "vLMk": what makes an SQLite file ours

_TABLES = """
CREATE TABLE texts (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, text NOT NULL);
CREATE TABLE models (id INTEGER PRIMARY KEY, model NOT NULL, revision);
CREATE UNIQUE INDEX models_by_name ON models (model, ifnull(revision, ''));
CREATE TABLE pictures (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, media_type TEXT, width INTEGER, height INTEGER
);
CREATE TABLE identities (identity BLOB PRIMARY KEY, digest BLOB NOT NULL, sealed INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE asks (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    prompt INTEGER NOT NULL REFERENCES texts,
    reply INTEGER REFERENCES replies
);
CREATE TABLE ask_pictures (
    ask INTEGER NOT NULL REFERENCES asks,
    position INTEGER NOT NULL,
    picture INTEGER NOT NULL REFERENCES pictures,
    PRIMARY KEY (ask, position)
) WITHOUT ROWID;
CREATE TABLE replies (
    id INTEGER PRIMARY KEY,
    text NOT NULL,
    finish_reason NOT NULL,
    model INTEGER NOT NULL REFERENCES models,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    seconds REAL,
    tokens BLOB,
    sealed INTEGER NOT NULL
);
CREATE TABLE runs (
    run INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at REAL NOT NULL,
    host TEXT NOT NULL,
    process INTEGER NOT NULL,
    record TEXT NOT NULL,
    model TEXT NOT NULL,
    named TEXT,
    revision TEXT,
    longest_side_px INTEGER,
    total INTEGER NOT NULL,
    seconds REAL,
    stopped_early INTEGER,
    ok INTEGER,
    failed INTEGER,
    from_store INTEGER
);
CREATE TABLE rows (
    run INTEGER NOT NULL REFERENCES runs,
    position INTEGER NOT NULL,
    label INTEGER NOT NULL REFERENCES texts,
    ask INTEGER REFERENCES asks,
    prompt INTEGER REFERENCES texts,
    reply INTEGER REFERENCES replies,
    error INTEGER REFERENCES texts,
    cancelled INTEGER NOT NULL,
    seconds REAL,
    from_store INTEGER NOT NULL,
    PRIMARY KEY (run, position)
) WITHOUT ROWID;
"""


def _create(connection: sqlite3.Connection) -> None:
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


# Each leads from the version of its place to the next; the first from an empty file.
STEPS: list[Callable[[sqlite3.Connection], None]] = [_create, edits.create_table, leases.create_tables]
_READABLE = 2  # the version from which on there is everything that is ever looked up


def is_up_to_date(connection: sqlite3.Connection) -> bool:
    """Whether the file needs no step."""
    return _number(connection, "user_version") == len(STEPS)


def is_readable(connection: sqlite3.Connection) -> bool:
    """Whether what the file holds can be looked up without a step."""
    return _number(connection, "user_version") >= _READABLE


def check_version(connection: sqlite3.Connection, path: Path) -> None:
    """Make sure that the file is a store this version can use or bring up to date.

    Parameters
    ----------
    connection : Connection
    path : Path
        For the message.

    Raises
    ------
    StoreFault
        It belongs to another program, or was written by a newer vlmkit.
    """
    version = _number(connection, "user_version")
    is_empty = not version and not _number(connection, "schema_version")
    # Looked at last: another process may make the file meanwhile, and tables and mark come together.
    owner = _number(connection, "application_id")
    # Another program's file may have its mark before it has a table.
    if owner != APPLICATION_ID and (owner or not is_empty):
        raise StoreFault(
            f"store {path}: this is a database of another program. Nothing was changed in it; name another file."
        )
    if version > len(STEPS):
        raise StoreFault(
            f"store {path}: its layout is version {version}, and this vlmkit knows versions up to {len(STEPS)}. "
            "Install the newer vlmkit that wrote it, or name another file with store=…."
        )


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Take the steps that the file lacks, all or none; another process may be doing the same.

    Parameters
    ----------
    connection : Connection
    path : Path
        For the message.

    Raises
    ------
    StoreFault
        As `check_version`.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        check_version(connection, path)
        for step in STEPS[_number(connection, "user_version") :]:
            step(connection)
        connection.execute(f"PRAGMA user_version = {len(STEPS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])
