"""SQLite's errors in vlmkit's words: the only place that translates them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vlmkit.errors import StoreFault

__all__ = ["BUSY_TIMEOUT_S", "FOREIGN", "damaged", "fault_of", "translated"]

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
def translated(path: Path) -> Iterator[None]:
    """Stretch of work on the store's file.

    Raises
    ------
    StoreFault
        Instead of any error of SQLite's.
    """
    try:
        yield
    except FOREIGN as error:
        raise fault_of(path, error) from error


def damaged(path: Path, what: str) -> StoreFault:
    """Fault of a file whose content contradicts itself.

    Parameters
    ----------
    path : Path
    what : str
        What was found.
    """
    return StoreFault(f"store {path}: {_MEANINGS[sqlite3.SQLITE_CORRUPT]} ({what})")


def fault_of(path: Path, error: Exception) -> StoreFault:
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
