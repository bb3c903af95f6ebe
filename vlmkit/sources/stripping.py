"""A file's own compressed pixels without its metadata: no position, no camera, no thumbnail, nothing behind the end."""

from __future__ import annotations

import re
import zlib

__all__ = ["MOST_SCANS", "count_scans", "strip"]

MOST_SCANS = 200  # encoders make about ten; each one costs a pass over all pixels, whatever its size

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})

_SOS, _EOI, _APP0, _COMMENT = 0xDA, 0xD9, 0xE0, 0xFE
_DROPPED = frozenset({*range(_APP0, _APP0 + 16), _COMMENT})
# Frames, tables, scans, restart intervals; and APP14, without which a reader would take RGB or YCCK for something else.
_KEPT = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDD, _SOS, 0xEE}) - {0xC8}
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")  # in entropy-coded data 00 is stuffing, D0 to D7 restart
_NEXT = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # the same for searching: without fill bytes it is 40 times as fast

_SCAN = re.compile(rb"\xff\xda\x00")  # its header is shorter than 256 bytes; bytes.count takes twice as long


def strip(data: bytes, format_name: str) -> bytes | None:
    """Copy of a file with nothing in it but what its pixels need; they stay as they were compressed.

    Parameters
    ----------
    data : bytes
    format_name : str
        ``"JPEG"`` or ``"PNG"``; of several pictures in a JPEG the first stays.

    Returns
    -------
    bytes or None
        None where the file is not built as it should be: then it must be decoded and encoded anew.
    """
    try:
        return _strip_png(data) if format_name == "PNG" else b"".join(_jpeg_parts(data))
    except (IndexError, ValueError):
        return None


def count_scans(data: bytes) -> int:
    """Scans of a JPEG, of all pictures in it.

    Parameters
    ----------
    data : bytes
    """
    return sum(1 for _ in _SCAN.finditer(data))


def _strip_png(data: bytes) -> bytes | None:
    if not data.startswith(_PNG_SIGNATURE):
        return None
    parts, at = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while True:
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        chunk, kind = memoryview(data)[at:end], data[at + 4 : at + 8]
        if end > len(data):
            return None
        if kind in _PNG_KEPT:
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
                return None
            parts.append(bytes(chunk))
        if kind == b"IEND":
            return b"".join(parts)
        at = end


def _jpeg_parts(data: bytes) -> list[bytes]:
    """Kept pieces of a JPEG, from its first marker to its end.

    Raises
    ------
    ValueError
        It is not built of known segments, or has no end.
    """
    if data[:2] != b"\xff\xd8":
        raise ValueError
    parts, at = [b"\xff\xd8"], 2
    while True:
        match = _MARKER.match(data, at)
        if match is None:
            raise ValueError
        marker, start = match[1][0], match.end()
        if marker == _EOI:
            return [*parts, b"\xff\xd9"]
        end = start + int.from_bytes(data[start : start + 2], "big")
        if end < start + 2 or end > len(data):
            raise ValueError
        if marker == _SOS:
            following = _NEXT.search(data, end)
            end = following.start() if following else len(data)
        parts += _kept(marker, data[start:end])
        at = end


def _kept(marker: int, segment: bytes) -> list[bytes]:
    start = bytes((0xFF, marker))
    if marker == _APP0 and segment[2:7] == b"JFIF\0":
        return [start, b"\0\x10", segment[2:14], b"\0\0"]  # without its thumbnail
    if marker in _KEPT:
        return [start, segment]
    if marker in _DROPPED:
        return []
    raise ValueError  # such as the beginning of a second picture within the first
