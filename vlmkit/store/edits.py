"""What people said about answers: edits, verdicts, votes. Nothing is overwritten; of one thing the last word counts."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass

from vlmkit.store.packing import digest_of, pack_hex, pack_text, unpack_text

__all__ = ["Judgment", "create_table", "find_judgments", "write_judgments"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgment:
    """One word of a person about one answer to one picture.

    Attributes
    ----------
    kind : str
        ``"review"`` or ``"vote"``.
    subject : str
        The column it is about; of a vote the columns, as JSON.
    picture : str or None
        Fingerprint of the picture, hexadecimal, where it could be read.
    place : str or None
        Where the picture was: absolute path or URL; None for one in memory.
    original : str
        What was judged, as JSON. Another answer to the same picture is another matter.
    verdict : str
        Status of a review; of a vote the column, or what is not a column's name.
    value : str or None
        What was put in its place, as JSON; None where nothing was.
    """

    kind: str
    subject: str
    picture: str | None
    place: str | None
    original: str
    verdict: str
    value: str | None = None


_TABLE = (
    "CREATE TABLE judgments (id INTEGER PRIMARY KEY, made_at REAL NOT NULL, kind TEXT NOT NULL, about BLOB NOT NULL, "
    "subject NOT NULL, picture BLOB, place, original NOT NULL, verdict NOT NULL, value)"
)


def create_table(connection: sqlite3.Connection) -> None:
    """Step of the file's layout: the table of judgments."""
    connection.execute(_TABLE)
    connection.execute("CREATE INDEX judgments_by_subject ON judgments (kind, about)")


def write_judgments(connection: sqlite3.Connection, judgments: Sequence[Judgment]) -> None:
    """Append judgments, in order.

    Parameters
    ----------
    connection : Connection
        In a transaction.
    judgments : sequence of Judgment
    """
    now = time.time()
    connection.executemany(
        "INSERT INTO judgments (made_at, kind, about, subject, picture, place, original, verdict, value) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (
                *(now, said.kind, digest_of(said.subject), pack_text(said.subject)),
                None if said.picture is None else pack_hex(said.picture),
                *map(_packed, (said.place, said.original, said.verdict, said.value)),
            )
            for said in judgments
        ),
    )


def find_judgments(connection: sqlite3.Connection, kind: str, subject: str) -> list[Judgment]:
    """All judgments about one subject, oldest first.

    Parameters
    ----------
    connection : Connection
    kind, subject : str
    """
    found = connection.execute(
        "SELECT picture, place, original, verdict, value FROM judgments WHERE kind = ? AND about = ? ORDER BY id",
        (kind, digest_of(subject)),
    )
    return [
        Judgment(
            kind=kind,
            subject=subject,
            picture=None if picture is None else picture.hex(),
            place=_unpacked(place),
            original=unpack_text(original),
            verdict=unpack_text(verdict),
            value=_unpacked(value),
        )
        for picture, place, original, verdict, value in found
    ]


def _packed(text: str | None) -> str | bytes | None:
    return None if text is None else pack_text(text)


def _unpacked(value: str | bytes | None) -> str | None:
    return None if value is None else unpack_text(value)
