"""How values lie in the file: digests as bytes, texts that UTF-8 has no place for, checksums."""

from __future__ import annotations

import hashlib
import math
import struct
import zlib

__all__ = [
    "digest_of",
    "pack_count",
    "pack_hex",
    "pack_probabilities",
    "pack_seconds",
    "pack_text",
    "seal",
    "unpack_probabilities",
    "unpack_text",
]

_LARGEST = 2**62


def digest_of(text: str) -> bytes:
    """16 bytes that stand for a text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def pack_hex(digest: str) -> bytes:
    """Bytes of a hexadecimal digest."""
    return bytes.fromhex(digest)


def pack_text(text: str) -> str | bytes:
    """Text as SQLite takes it: file names that are no UTF-8, and half characters of a server, become bytes."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
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


def pack_probabilities(values: tuple[float, ...] | None) -> bytes | None:
    """Little-endian doubles: what comes back is equal to what went in."""
    return None if values is None else struct.pack(f"<{len(values)}d", *values)


def unpack_probabilities(packed: bytes | None) -> tuple[float, ...] | None:
    """Back from `pack_probabilities`."""
    return None if packed is None else struct.unpack(f"<{len(packed) // 8}d", packed)


def seal(*parts: object) -> int:
    """Checksum over values as they lie in the file."""
    return zlib.crc32(repr(parts).encode("utf-8"))
