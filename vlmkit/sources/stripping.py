"""A file's own compressed pixels without its metadata: no position, no camera, no thumbnail, nothing behind the end."""

from __future__ import annotations

import re
import zlib

__all__ = ["MOST_SCANS", "count_scans", "strip"]

MOST_SCANS = 200  # encoders make about ten; each one costs a pass over all pixels, whatever its size

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND"})
_PNG_SHOWN = frozenset({b"tRNS", b"iCCP"})

_SOS, _EOI, _APP0, _APP1, _APP2, _COMMENT = 0xDA, 0xD9, 0xE0, 0xE1, 0xE2, 0xFE
_PROFILE = b"ICC_PROFILE\0"
_TURN = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0%c\0\0\0\0\0\0\0"  # one tag: orientation, one SHORT
_DROPPED = frozenset({*range(_APP0, _APP0 + 16), _COMMENT})
# Frames, tables, scans, restart intervals; and APP14, without which a reader would take RGB or YCCK for something else.
_KEPT = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDD, _SOS, 0xEE}) - {0xC8}
_MARKER = re.compile(rb"\xff+([^\x00\xff\xd0-\xd7])")  # in entropy-coded data 00 is stuffing, D0 to D7 restart
_NEXT = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # the same for searching: without fill bytes it is 40 times as fast

_SCAN = re.compile(rb"\xff\xda\x00")  # its header is shorter than 256 bytes; bytes.count takes twice as long


def strip(data: bytes, format_name: str, *, shown: bool = False, orientation: int = 1) -> bytes | None:
    """Copy of a file with nothing in it but what its pixels need; they stay as they were compressed.

    Parameters
    ----------
    data : bytes
    format_name : str
        ``"JPEG"`` or ``"PNG"``; of several pictures in a JPEG the first stays.
    shown : bool, default False
        Whether a color profile and transparent colors stay, too.
    orientation : int, default 1
        What a JPEG shall say of how it is turned, in EXIF's numbers; 1 says nothing.

    Returns
    -------
    bytes or None
        None where the file is not built as it should be: then it must be decoded and encoded anew.
    """
    try:
        if format_name == "PNG":
            return _strip_png(data, _PNG_KEPT | _PNG_SHOWN if shown else _PNG_KEPT)
        return b"".join(_jpeg_parts(data, shown=shown, orientation=orientation))
    except (IndexError, ValueError):
        return None


def count_scans(data: bytes) -> int:
    """Scans of a JPEG, of all pictures in it.

    Parameters
    ----------
    data : bytes
    """
    return sum(1 for _ in _SCAN.finditer(data))


def _strip_png(data: bytes, kept: frozenset[bytes]) -> bytes | None:
    if not data.startswith(_PNG_SIGNATURE):
        return None
    parts, at = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while True:
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        chunk, kind = memoryview(data)[at:end], data[at + 4 : at + 8]
        if end > len(data):
            return None
        if kind in kept:
            if zlib.crc32(chunk[4:-4]) != int.from_bytes(chunk[-4:], "big"):
                return None
            parts.append(bytes(chunk))
        if kind == b"IEND":
            return b"".join(parts)
        at = end


def _jpeg_parts(data: bytes, *, shown: bool, orientation: int) -> list[bytes]:
    """Kept pieces of a JPEG, from its first marker to its end.

    Raises
    ------
    ValueError
        It is not built of known segments, or has no end.
    """
    if data[:2] != b"\xff\xd8":
        raise ValueError
    parts, at = [b"\xff\xd8", *([] if orientation == 1 else [_segment(_APP1, _TURN % orientation)])], 2
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
        parts += _kept(marker, data[start:end], shown=shown)
        at = end


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def _kept(marker: int, segment: bytes, *, shown: bool) -> list[bytes]:
    start = bytes((0xFF, marker))
    if marker == _APP0 and segment[2:7] == b"JFIF\0":
        return [start, b"\0\x10", segment[2:14], b"\0\0"]  # without its thumbnail
    if marker in _KEPT or (shown and marker == _APP2 and segment[2:].startswith(_PROFILE)):
        return [start, segment]
    if marker in _DROPPED:
        return []
    raise ValueError  # such as the beginning of a second picture within the first
