"""Which run of which process asks what: leases and claims as they lie in the file, and whether a process has ended.

Each function that takes a connection works within somebody's transaction.
"""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from vlmkit.store.packing import pack_hex

__all__ = [
    "Lease",
    "ProcessIdentity",
    "begin_lease",
    "create_tables",
    "end_lease",
    "exists",
    "find_leases",
    "release_claims",
    "this_process",
]

_PROC = Path("/proc")  # Linux: what the system tells of its processes
_ENDED = (["Z"], ["X"])  # killed; only the number is left until its parent has asked


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessIdentity:
    """A process of this or another computer.

    Attributes
    ----------
    machine : str
        The computer since it was started, and its space of process numbers, as a container has its own.
    number : int
    started : str
        When it was started, as the system counts; empty where it does not say. Numbers are used again.
    """

    machine: str
    number: int
    started: str

    @property
    def has_ended(self) -> bool:
        """Whether it is certain to have ended; of another computer's processes nothing is certain."""
        if self.machine != this_machine() or os.name == "nt":
            return False
        if not exists(self.number):
            return True
        started = _started(self.number)
        return bool(started and self.started) and started != self.started


def this_process() -> ProcessIdentity:
    """The process that calls."""
    number = os.getpid()
    return ProcessIdentity(machine=this_machine(), number=number, started=_started(number))


@lru_cache(maxsize=1)
def this_machine() -> str:
    """Name of this computer, other after each start of it, and in each container."""
    parts = [platform.node()]
    with suppress(OSError):
        parts += [(_PROC / "sys/kernel/random/boot_id").read_text().strip(), str((_PROC / "self/ns/pid").readlink())]
    return " ".join(parts)


def exists(number: int) -> bool:
    """Whether a process of this computer lives.

    Parameters
    ----------
    number : int

    Returns
    -------
    bool
        Also True where the system does not say.
    """
    if number == os.getpid() or os.name == "nt":  # there signal 0 is not a question but an end
        return True
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # somebody else's
        return True
    return _facts(number)[:1] not in _ENDED


def _started(number: int) -> str:
    facts = _facts(number)
    return facts[19] if len(facts) > 19 else ""


def _facts(number: int) -> list[str]:
    """State, …, at the 20th place the start in ticks since the computer's; nothing where the system does not say."""
    try:
        told = (_PROC / str(number) / "stat").read_text(errors="replace")
    except OSError:
        return []
    return told.rpartition(")")[2].split()  # before it stands the program's name, which may hold anything


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
    process : ProcessIdentity
    beat : int
        Is counted up while the run goes on.
    is_open : bool
        Whether its claims are in the file; until it has heard of another run they are in its memory alone.
    """

    run: int
    process: ProcessIdentity
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
            process=ProcessIdentity(machine=machine, number=number, started=started),
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


def release_claims(connection: sqlite3.Connection, run: int, keys: Iterable[str]) -> None:
    """Give claims of a run back."""
    if connection.execute("SELECT 1 FROM claims WHERE run = ? LIMIT 1", (run,)).fetchone() is None:
        return  # as for every run that is alone
    own = [(pack_hex(key), run) for key in keys]
    connection.executemany("DELETE FROM claims WHERE key = ? AND run = ?", own)


def end_lease(connection: sqlite3.Connection, run: int) -> None:
    """Give a run's lease back, and all its claims."""
    connection.execute("DELETE FROM claims WHERE run = ?", (run,))
    connection.execute("DELETE FROM leases WHERE run = ?", (run,))
