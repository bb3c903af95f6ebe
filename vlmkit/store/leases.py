"""Leases and claims as they lie in the file; each function works within somebody's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from vlmkit.store.packing import pack_hex
from vlmkit.store.processes import Process, this_process

__all__ = ["Lease", "begin_lease", "create_tables", "end_lease", "release"]

_TABLES = """
CREATE TABLE leases (
    run INTEGER PRIMARY KEY REFERENCES runs,
    machine TEXT NOT NULL,
    process INTEGER NOT NULL,
    started TEXT NOT NULL,
    beat INTEGER NOT NULL
);
CREATE TABLE claims (key BLOB PRIMARY KEY, run INTEGER NOT NULL REFERENCES leases) WITHOUT ROWID
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """Another run's lease, as it was found."""

    run: int
    process: Process
    beat: int


def create_tables(connection: sqlite3.Connection) -> None:
    """Step of the file's layout: the tables of leases and claims."""
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)


def begin_lease(connection: sqlite3.Connection, run: int) -> None:
    """Give a run of this process its lease."""
    process = this_process()
    values = (run, process.machine, process.number, process.started, 0)
    connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?)", values)


def release(connection: sqlite3.Connection, run: int, keys: Iterable[str]) -> None:
    """Give claims of a run back."""
    own = [(pack_hex(key), run) for key in keys]
    connection.executemany("DELETE FROM claims WHERE key = ? AND run = ?", own)


def end_lease(connection: sqlite3.Connection, run: int) -> None:
    """Give a run's lease back, and all its claims."""
    connection.execute("DELETE FROM claims WHERE run = ?", (run,))
    connection.execute("DELETE FROM leases WHERE run = ?", (run,))
