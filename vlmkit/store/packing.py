"""How values lie in the file: digests as bytes, texts that UTF-8 has no place for, checksums."""

from __future__ import annotations

import hashlib
import json
import math
import zlib
from enum import IntEnum

from vlmkit.records import Token

__all__ = [
    "Origin",
    "digest_of",
    "pack_count",
    "pack_damaged",
    "pack_hex",
    "pack_seconds",
    "pack_text",
    "pack_tokens",
    "read_stored_text",
    "seal",
    "unpack_text",
    "unpack_tokens",
]

_LARGEST = 2**62


class Origin(IntEnum):
    """Who answered a row, as the column ``from_store`` of the table of rows has it."""

    MODEL = 0
    STORE = 1
    SAME_RUN = 2
    """An equal row of the same run."""


def digest_of(text: str) -> bytes:
    """16 bytes that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def pack_hex(digest: str) -> bytes:
    """Bytes of a hexadecimal digest."""
    return bytes.fromhex(digest)


def pack_text(text: str) -> str | bytes:
    """Text as SQLite takes it: file names that are not UTF-8, and half characters of a server, become bytes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def read_stored_text(raw: bytes) -> str:
    """Text as SQLite hands it over; one that was damaged must not end a query that also finds whole ones."""
    return raw.decode("utf-8", "surrogateescape")


def pack_damaged(text: str) -> str | bytes:
    """Back from `read_stored_text`: what was not a text any more is its bytes again, and fits no seal."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def unpack_text(value: str | bytes) -> str:
    """Back from `pack_text`."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")


def pack_count(value: float | None) -> int | None:
    """Whole number as SQLite takes it; what a server says may be too large or no number, and is then left out."""
    return None if value is None or not abs(value) <= _LARGEST else int(value)


def pack_seconds(value: float) -> float | None:
    """Seconds, where they are a number."""
    return float(value) if math.isfinite(value) else None


def pack_tokens(tokens: tuple[Token, ...] | None) -> bytes | None:
    """Compressed JSON, whose numbers come back exactly: texts and probabilities of tokens and their alternatives."""
    if tokens is None:
        return None
    rows = [[token.text, token.probability, *map(list, token.alternatives)] for token in tokens]
    return zlib.compress(json.dumps(rows, ensure_ascii=True, separators=(",", ":")).encode("ascii"))


def unpack_tokens(packed: bytes | None) -> tuple[Token, ...] | None:
    """Back from `pack_tokens`."""
    if packed is None:
        return None
    return tuple(
        Token(text=text, probability=probability, alternatives=tuple((other, chance) for other, chance in others))
        for text, probability, *others in json.loads(zlib.decompress(packed))
    )


def seal(*parts: object) -> int:
    """Checksum over values as they lie in the file."""
    return zlib.crc32(repr(parts).encode("utf-8"))
