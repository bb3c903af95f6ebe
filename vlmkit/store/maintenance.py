"""Looking after a store: how large it is, whether it is whole, mending, pruning, a copy while it is in use."""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from vlmkit.errors import BadSetting, StoreFault
from vlmkit.store.choice import choose_store
from vlmkit.store.connections import BUSY_TIMEOUT_S, FOREIGN, as_store_faults
from vlmkit.store.lookup import damaged_asks, damaged_identities
from vlmkit.store.packing import pack_damaged, read_stored_text
from vlmkit.store.results import open_store
from vlmkit.store.schema import bring_up_to_date, check_version

__all__ = ["Condition", "Size", "backup", "check", "mend", "prune", "size"]

_DAY_S = 86_400
_ALONE_TIMEOUT_S = 3.0  # whoever has the file open has it for as long as a run takes
# Each with the columns that order it.
_TABLES = {
    "texts": "id",
    "models": "id",
    "pictures": "id",
    "identities": "identity",
    "asks": "id",
    "ask_pictures": "ask {0}, position",
    "replies": "id",
    "runs": "run",
    "rows": "run {0}, position",
    "judgments": "id",
}
# Who is asking what at the moment: nothing that is kept.
_FLEETING = ("leases", "claims")
_LATER = {"judgments": 2, "leases": 3, "claims": 3}  # from which version of the layout on
# What no row of a run leads to any more, in the order in which one makes the next unneeded.
_UNUSED = """
DELETE FROM rows WHERE run NOT IN (SELECT run FROM runs);
DELETE FROM asks WHERE id NOT IN (SELECT ask FROM rows WHERE ask IS NOT NULL);
DELETE FROM ask_pictures WHERE ask NOT IN (SELECT id FROM asks);
DELETE FROM replies WHERE id NOT IN (
    SELECT reply FROM rows WHERE reply IS NOT NULL UNION SELECT reply FROM asks WHERE reply IS NOT NULL
);
DELETE FROM identities WHERE digest NOT IN (
    SELECT digest FROM pictures WHERE id IN (SELECT picture FROM ask_pictures)
);
DELETE FROM pictures WHERE id NOT IN (SELECT picture FROM ask_pictures);
DELETE FROM texts WHERE id NOT IN (
    SELECT label FROM rows UNION SELECT prompt FROM rows WHERE prompt IS NOT NULL
    UNION SELECT error FROM rows WHERE error IS NOT NULL UNION SELECT prompt FROM asks
);
DELETE FROM models WHERE id NOT IN (SELECT model FROM replies);
DELETE FROM leases WHERE run NOT IN (SELECT run FROM runs);
DELETE FROM claims WHERE run NOT IN (SELECT run FROM leases)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """How much a store holds.

    Attributes
    ----------
    path : Path
    file_bytes : int
        With its write-ahead log.
    runs, answers, pictures, judgments : int
    """

    path: Path
    file_bytes: int
    runs: int
    answers: int
    pictures: int
    judgments: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """Whether a store is whole.

    Attributes
    ----------
    path : Path
    problems : tuple of str
        What SQLite finds wrong with the file; empty where nothing.
    damaged_answers, damaged_pictures : int
        Entries that do not fit their checksum. They count as absent.
    """

    path: Path
    problems: tuple[str, ...]
    damaged_answers: int
    damaged_pictures: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing is damaged."""
        return not (self.problems or self.damaged_answers or self.damaged_pictures)


def size(store: str | Path | None = None) -> Size:
    """How large a store is, and what is in it.

    Parameters
    ----------
    store : str, Path or None, default None
        Its file; None is the one in force.

    Raises
    ------
    StoreFault
        The file is not there, or cannot be read.
    BadSetting
        No store is in force.
    """
    path = _path(store)
    with _opened(path) as connection, as_store_faults(path):
        counts = [_count(connection, table) for table in ("runs", "replies", "pictures", "judgments")]
    files = (path, path.with_name(f"{path.name}-wal"))
    file_bytes = sum(file.stat().st_size for file in files if file.exists())
    runs, answers, pictures, judgments = counts
    return Size(path=path, file_bytes=file_bytes, runs=runs, answers=answers, pictures=pictures, judgments=judgments)


def check(store: str | Path | None = None) -> Condition:
    """Read a whole store, and compare every answer and every picture's entry with its checksum.

    Parameters
    ----------
    store : str, Path or None, default None
        Its file; None is the one in force.

    Raises
    ------
    StoreFault
        The file is not there, is not a store, or cannot be opened at all.
    BadSetting
        No store is in force.
    """
    path = _path(store)
    with _opened(path) as connection:
        return _condition(connection, path)


def mend(store: str | Path | None = None) -> Condition:
    """Take damaged entries out of a store; where the file itself is damaged, copy what is whole into a new one.

    The damaged file is kept beside the new one, with ``.damaged`` behind its name. Rows whose answers are gone are
    asked again by the next run.

    Parameters
    ----------
    store : str, Path or None, default None
        Its file; None is the one in force.

    Returns
    -------
    Condition
        What was found before.

    Raises
    ------
    StoreFault
        The file is not there, is not a store, is in use, or cannot be opened at all.
    BadSetting
        No store is in force.
    """
    path = _path(store)
    with _opened(path) as connection, as_store_faults(path):
        found = _condition(connection, path)
        if not (found.is_whole or found.problems):
            connection.execute("BEGIN IMMEDIATE")
            _forget(connection)
            connection.execute("COMMIT")
    if found.problems:
        new = path.with_name(f"{path.name}.mended")
        new.unlink(missing_ok=True)
        with _opened(path, alone=True) as connection, as_store_faults(path):
            _copy_readable(connection, new)
        _change_places(path, new)
    return found


def prune(store: str | Path | None = None, *, older_than_days: float) -> Size:
    """Forget runs that began longer ago, and every answer and picture that no younger run used.

    What people said about answers stays. The file becomes smaller.

    Parameters
    ----------
    store : str, Path or None, default None
        Its file; None is the one in force.
    older_than_days : float
        Above 0.

    Returns
    -------
    Size
        What is left.

    Raises
    ------
    StoreFault
        The file is not there, is in use, or cannot be written.
    BadSetting
        No store is in force, or `older_than_days` is not above 0.
    """
    if not older_than_days > 0:
        raise BadSetting(f"older_than_days={older_than_days!r} cannot be used. Give a number of days above 0.")
    path = _path(store)
    with _opened(path) as connection, as_store_faults(path):
        bring_up_to_date(connection, path)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM runs WHERE started_at < ?", (time.time() - older_than_days * _DAY_S,))
        for statement in _UNUSED.split(";\n"):
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("VACUUM")
    return size(path)


def backup(target: str | Path, store: str | Path | None = None) -> Size:
    """Copy a store as it is at one moment, also while runs write into it.

    Parameters
    ----------
    target : str or Path
        A file that is not there yet.
    store : str, Path or None, default None
        Its file; None is the one in force.

    Returns
    -------
    Size
        Of the copy.

    Raises
    ------
    StoreFault
        The file is not there or damaged, or the copy cannot be written.
    BadSetting
        No store is in force, or the target is there already.
    """
    path, copy = _path(store), Path(target).expanduser()
    if copy.exists():
        raise BadSetting(f"{copy} is there already. Name a file that is not.")
    with _opened(path) as connection, as_store_faults(copy):
        open_store(copy).close()  # for its owner's eyes only, and an error that says why where it cannot be written
        with closing(sqlite3.connect(copy)) as other:
            connection.backup(other)
            for table in filter(partial(_is_there, other), _FLEETING):
                other.execute(f"DELETE FROM {table}")  # noqa: S608  ours; who asks for the one file does not for the other
            other.commit()
    return size(copy)


def _path(store: str | Path | None) -> Path:
    if store is not None:
        path = Path(store).expanduser()
    else:
        choice = choose_store()
        if choice is None:
            raise BadSetting("No store is in force ([processing] store is false). Name its file.")
        path = choice.path
    if not path.is_file():
        raise StoreFault(f"store {path}: there is no such file. Name one that is there.")
    return path


@contextmanager
def _opened(path: Path, *, alone: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that also opens what runs refuse, as long as it is a store; `alone`, nobody else may have one."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    with as_store_faults(path):
        connection = sqlite3.connect(
            address, uri=True, timeout=_ALONE_TIMEOUT_S if alone else BUSY_TIMEOUT_S, isolation_level=None
        )
    with closing(connection):
        connection.text_factory = read_stored_text
        with as_store_faults(path):
            if alone:
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            check_version(connection, path)
        yield connection


def _condition(connection: sqlite3.Connection, path: Path) -> Condition:
    problems = _problems(connection)
    answers = pictures = 0
    with suppress(*FOREIGN):  # which is among the problems then
        answers = len(damaged_asks(connection))
        pictures = len(damaged_identities(connection))
    return Condition(path=path, problems=problems, damaged_answers=answers, damaged_pictures=pictures)


def _problems(connection: sqlite3.Connection) -> tuple[str, ...]:
    try:
        lines = [line for (text,) in connection.execute("PRAGMA integrity_check") for line in text.splitlines()]
    except FOREIGN as error:
        return (str(error),)
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    expected = [table for table in (*_TABLES, *_FLEETING) if _LATER.get(table, 1) <= version]
    missing = [table for table in expected if not _is_there(connection, table)]
    return (*(line for line in lines if line != "ok"), *(f"table {table} is missing" for table in missing))


def _is_there(connection: sqlite3.Connection, table: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone())


def _forget(connection: sqlite3.Connection) -> None:
    connection.executemany("UPDATE asks SET reply = NULL WHERE id = ?", [(ask,) for ask in damaged_asks(connection)])
    names = [(name,) for name in damaged_identities(connection)]
    connection.executemany("DELETE FROM identities WHERE identity = ?", names)


def _copy_readable(damaged: sqlite3.Connection, new: Path) -> None:
    open_store(new).close()
    with closing(sqlite3.connect(new, isolation_level=None)) as whole:
        whole.execute("BEGIN")
        for table, order in _TABLES.items():
            for direction in ("ASC", "DESC"):  # from both ends, up to the page that cannot be read
                query = f"SELECT * FROM {table} ORDER BY {order.format(direction)} {direction}"  # noqa: S608  ours
                with suppress(*FOREIGN):
                    for values in damaged.execute(query):
                        places = ", ".join("?" * len(values))
                        whole.execute(f"INSERT OR IGNORE INTO {table} VALUES ({places})", _as_read(values))  # noqa: S608  ours
        _forget(whole)
        whole.execute("COMMIT")


def _as_read(values: tuple[Any, ...]) -> list[Any]:
    """Values as they lie in the damaged file; what is a text there, and no Unicode, goes as its bytes."""
    return [pack_damaged(each) if isinstance(each, str) else each for each in values]


def _change_places(path: Path, new: Path) -> None:
    names = (f"{path.name}.damaged{number or ''}" for number in itertools.count())
    kept = next(name for name in names if not path.with_name(name).exists())
    try:
        for ending in ("", "-wal", "-shm"):  # whoever opens the new file must not apply the log of the old one
            if (file := path.with_name(path.name + ending)).exists():
                file.replace(path.with_name(kept + ending))
        new.replace(path)
    except OSError as error:
        message = f"store {path}: the mended file {new} cannot take its place ({error}). Move it there."
        raise StoreFault(message) from error


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608  ours
