"""Leases and claims as they lie in the file; each function works within somebody's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from vlmkit.store.packing import pack_hex
from vlmkit.store.processes import Process, this_process

__all__ = ["Lease", "begin_lease", "create_tables", "end_lease", "find_leases", "release"]

_TABLES = """
CREATE TABLE leases (
    run INTEGER PRIMARY KEY REFERENCES runs,
    machine TEXT NOT NULL,
    process INTEGER NOT NULL,
    started TEXT NOT NULL,
    beat INTEGER NOT NULL,
    is_open INTEGER NOT NULL
);
CREATE TABLE claims (key BLOB PRIMARY KEY, run INTEGER NOT NULL REFERENCES leases) WITHOUT ROWID
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """A run's lease, as it was found.

    Attributes
    ----------
    run : int
    process : Process
    beat : int
        Is counted up while the run goes on.
    is_open : bool
        Whether its claims are in the file; until it has heard of another run they are in its memory alone.
    """

    run: int
    process: Process
    beat: int
    is_open: bool


def create_tables(connection: sqlite3.Connection) -> None:
    """Step of the file's layout: the tables of leases and claims."""
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)


def find_leases(connection: sqlite3.Connection) -> list[Lease]:
    """All leases, the oldest run's first."""
    found = connection.execute("SELECT run, machine, process, started, beat, is_open FROM leases ORDER BY run")
    return [
        Lease(
            run=run,
            process=Process(machine=machine, number=number, started=started),
            beat=beat,
            is_open=bool(is_open),
        )
        for run, machine, number, started, beat, is_open in found
    ]


def begin_lease(connection: sqlite3.Connection, run: int) -> None:
    """Give a run of this process its lease: an open one, where it is not alone."""
    others = [lease for lease in find_leases(connection) if lease.run != run]
    for lease in others:
        if lease.process.has_ended:
            end_lease(connection, lease.run)
    process = this_process()
    is_open = any(not lease.process.has_ended for lease in others)
    values = (run, process.machine, process.number, process.started, 0, is_open)
    connection.execute("INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?)", values)


def release(connection: sqlite3.Connection, run: int, keys: Iterable[str]) -> None:
    """Give claims of a run back."""
    if connection.execute("SELECT 1 FROM claims WHERE run = ? LIMIT 1", (run,)).fetchone() is None:
        return  # as for every run that is alone
    own = [(pack_hex(key), run) for key in keys]
    connection.executemany("DELETE FROM claims WHERE key = ? AND run = ?", own)


def end_lease(connection: sqlite3.Connection, run: int) -> None:
    """Give a run's lease back, and all its claims."""
    connection.execute("DELETE FROM claims WHERE run = ?", (run,))
    connection.execute("DELETE FROM leases WHERE run = ?", (run,))
