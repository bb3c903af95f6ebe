"""Connections to a store's file: one that writes, as many that read as threads read; SQLite's errors in our words."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from vlmkit.errors import StoreFault
from vlmkit.store.packing import read_stored_text
from vlmkit.store.schema import bring_up_to_date, check_version, is_readable, is_up_to_date

__all__ = ["BUSY_TIMEOUT_S", "FOREIGN", "Connections", "as_store_faults", "damaged", "store_fault"]

BUSY_TIMEOUT_S = 30.0

# Python finds out that a text is damaged, even in the message of an error.
FOREIGN = (sqlite3.Error, UnicodeDecodeError)

_MOVE = "Move the file away, and a new one is made; or name another file with store=…, or VLMKIT_STORE"
_RESCUE = "Save what is whole of it: vlmkit store mend --store FILE. Or name another file with store=…"
_KEPT = "what was stored before is kept, so that a later run asks only what is missing"

# By SQLite's primary result code; extended codes are the primary one with something in the higher bits.
_MEANINGS = {
    sqlite3.SQLITE_NOTADB: f"it is not a store: not an SQLite database. {_MOVE}.",
    sqlite3.SQLITE_CORRUPT: f"the file is damaged. {_RESCUE}.",
    sqlite3.SQLITE_FULL: f"no space is left on its disk. Free some and run again; {_KEPT}.",
    sqlite3.SQLITE_IOERR: f"its disk failed, or a limit was reached. Check the disk and run again; {_KEPT}.",
    sqlite3.SQLITE_READONLY: "it may not be written. Give write permission, or name another file with store=….",
    sqlite3.SQLITE_PERM: "it may not be opened. Give permission, or name another file with store=….",
    sqlite3.SQLITE_AUTH: "it may not be opened. Give permission, or name another file with store=….",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened. Check the folder and its permissions, or name another file.",
    sqlite3.SQLITE_BUSY: f"another process has kept it locked for {BUSY_TIMEOUT_S:.0f} s. Wait for that, or end it.",
    sqlite3.SQLITE_LOCKED: f"another process has kept it locked for {BUSY_TIMEOUT_S:.0f} s. Wait for that, or end it.",
    sqlite3.SQLITE_PROTOCOL: "other processes kept getting in the way. Run again; not all file systems lock well.",
    sqlite3.SQLITE_TOOBIG: "an answer is larger than SQLite can hold.",
    sqlite3.SQLITE_NOMEM: "not enough memory.",
}
_UNKNOWN = "SQLite refused. Report this with the text in brackets."
_LOST = ("no such table", "no such column")


@contextmanager
def as_store_faults(path: Path) -> Iterator[None]:
    """Stretch of work on the store's file.

    Raises
    ------
    StoreFault
        Instead of any error of SQLite's.
    """
    try:
        yield
    except FOREIGN as error:
        raise store_fault(path, error) from error


def damaged(path: Path, what: str) -> StoreFault:
    """Fault of a file whose content contradicts itself.

    Parameters
    ----------
    path : Path
    what : str
        What was found.
    """
    return StoreFault(f"store {path}: {_MEANINGS[sqlite3.SQLITE_CORRUPT]} ({what})")


def store_fault(path: Path, error: Exception) -> StoreFault:
    """Translate one error.

    Parameters
    ----------
    path : Path
        Of the store.
    error : Exception
        One of `FOREIGN`.
    """
    code = getattr(error, "sqlite_errorcode", None)
    is_lost = str(error).startswith(_LOST)  # what every store has
    if is_lost or (code is None and "decode" in str(error)):
        code = sqlite3.SQLITE_CORRUPT
    meaning = _MEANINGS.get(code & 0xFF, _UNKNOWN) if code is not None else _UNKNOWN
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    return StoreFault(f"store {path}: {meaning} ({name}: {error})")


Found = TypeVar("Found")

_BRIEFLY_S = 0.5  # how long a thread that must not wait waits all the same


class Connections:
    """Checked connections to one file, for any number of threads.

    Parameters
    ----------
    path : Path
        Created, readable by its owner only, where it does not exist; its folder is there.
    writable : bool
        Without it the file must exist, and is not changed.

    Attributes
    ----------
    is_writable : bool
    """

    def __init__(self, path: Path, *, writable: bool) -> None:
        self._path = path
        self.is_writable = writable
        self._address = path.absolute().as_uri() + ("" if writable else _read_only(path))
        self._readers: deque[sqlite3.Connection] = deque()
        self._writer: sqlite3.Connection | None = None
        self._writing = threading.Lock()
        self._closed = False
        first = self._connect()
        try:
            with as_store_faults(path):
                check_version(first, path)
                _check_whole(first, path)
                _prepare(first, path, writable=writable)
        except BaseException:
            first.close()
            raise
        if writable:
            self._writer = first
        else:
            self._readers.append(first)

    def read(self, work: Callable[[sqlite3.Connection], Found]) -> Found:
        """Do something with a connection that no other thread has meanwhile.

        Parameters
        ----------
        work : callable
            Connection to result. A plain call, because a context manager would cost as much as what it surrounds.

        Raises
        ------
        StoreFault
            The file cannot be read, or the store is closed.
        """
        self._check_open()
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect()
        try:
            return work(connection)
        except FOREIGN as error:
            raise store_fault(self._path, error) from error
        finally:
            self._put_back(connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Transaction: durable at the end of the stretch, or undone as a whole.

        Raises
        ------
        StoreFault
            The file cannot be written, or the store is closed.
        """
        with self._writing, as_store_faults(self._path):
            connection = self._open_writer()
            connection.execute("BEGIN IMMEDIATE")
            with _transaction(connection):
                yield connection

    @contextmanager
    def briefly(self) -> Iterator[sqlite3.Connection | None]:
        """Transaction for a thread that must not wait: None where the file is busy.

        It does not wait for the disk, either: it may be undone by a power cut, though not by the end of the process.

        Raises
        ------
        StoreFault
            The file cannot be written, or the store is closed.
        """
        if not self._writing.acquire(timeout=_BRIEFLY_S):
            yield None
            return
        try:
            with as_store_faults(self._path), _hurried(self._open_writer()) as connection:
                yield connection
        finally:
            self._writing.release()

    def close(self) -> None:
        """Close all; twice is fine. The last process to close also tidies the write-ahead log away."""
        with self._writing, as_store_faults(self._path):
            self._closed = True
            while self._readers:
                self._readers.pop().close()
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _open_writer(self) -> sqlite3.Connection:
        self._check_open()
        if self._writer is None:
            raise StoreFault(f"store {self._path}: opened for reading only, nothing can be stored in it.")
        return self._writer

    def _check_open(self) -> None:
        if self._closed:
            raise StoreFault(f"store {self._path}: it is closed. Open it again with open_store.")

    def _put_back(self, connection: sqlite3.Connection) -> None:
        self._readers.append(connection)
        if self._closed:
            self._readers.remove(connection)
            connection.close()

    def _connect(self) -> sqlite3.Connection:
        with as_store_faults(self._path):
            connection = sqlite3.connect(
                self._address, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            connection.text_factory = read_stored_text
            try:
                connection.execute("PRAGMA cell_size_check = ON")  # finds more damage, for nothing to speak of
                connection.execute("PRAGMA cache_size = -8000")
            except BaseException:
                connection.close()
                raise
            return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """From after its begin to its end."""
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def _hurried(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection | None]:
    connection.execute(f"PRAGMA busy_timeout = {1000 * _BRIEFLY_S:.0f}")
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        if not _has_begun(connection):
            yield None
            return
        with _transaction(connection):
            yield connection
    finally:
        connection.execute(f"PRAGMA busy_timeout = {1000 * BUSY_TIMEOUT_S:.0f}")
        connection.execute("PRAGMA synchronous = FULL")


def _has_begun(connection: sqlite3.Connection) -> bool:
    """Whether a transaction that writes could begin; not while another process has one."""
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True


def _prepare(connection: sqlite3.Connection, path: Path, *, writable: bool) -> None:
    if not writable:
        if not is_readable(connection):
            raise StoreFault(f"store {path}: made by an older vlmkit. Open it once where it may be written.")
        return
    # FULL: a commit is on the disk when it returns. NORMAL would survive a killed process, but not a power cut.
    connection.execute("PRAGMA synchronous = FULL")
    _use_write_ahead_log(connection)
    if not is_up_to_date(connection):
        bring_up_to_date(connection, path)


def _use_write_ahead_log(connection: sqlite3.Connection) -> None:
    """Readers then never wait for a writer. The switch does not wait its turn by itself when two processes try it."""
    deadline_s = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline_s:
                raise
            time.sleep(0.01)
        else:
            return


def _read_only(path: Path) -> str:
    """How to open a file that is only read: as far as permissions go, so that SQLite can tidy up after itself."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return "?mode=rw"
    # A folder that may not be written has no place for SQLite's lock files, and nobody changes the file either.
    return "?mode=ro" if _has_log(path) or os.access(path.parent, os.W_OK) else "?immutable=1"


def _has_log(path: Path) -> bool:
    """Whether some of the content is still in the write-ahead log: a process is writing, or one was killed."""
    log = path.with_name(f"{path.name}-wal")
    return log.exists() and log.stat().st_size > 0


def _check_whole(connection: sqlite3.Connection, path: Path) -> None:
    """SQLite finds by itself that pages are missing, but not that the last one is incomplete.

    Looked at within a transaction: while it reads, no other process can move its log into the file and delete it, so
    that either the log is there, and the file may be shorter for now, or the file is all there is.
    """
    connection.execute("BEGIN")
    try:
        pages, page_bytes = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        is_short = path.stat().st_size < pages * page_bytes and not _has_log(path)
    finally:
        connection.execute("COMMIT")
    if is_short:
        raise damaged(path, "its end is missing")
