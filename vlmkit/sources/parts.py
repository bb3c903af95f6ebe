"""How many parts a file is cut into before its pixels: Pillow goes through them one by one, and there may be millions.

Segments of JPEG (ITU T.81, annex B), chunks of PNG, blocks of GIF89a, boxes of JPEG 2000 (ITU T.800, annex I).

How large the pictures in an icon file are: its own list says up to 256 pixels, and what it holds may say otherwise. It
is built as Windows has it: a list of entries, each the place of a PNG or of a bitmap without its file header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import IO

from vlmkit.errors import ImageTooLarge, UnreadableImage
from vlmkit.sources.limits import LEAST_BYTES_A_PART, MOST_EXIF_PARTS, MOST_ICON_PIXELS, MOST_PARTS, MOST_PLAIN_BYTES

__all__ = ["HEAD", "check_chunks", "check_icon", "check_parts"]

_EXIF = "EXIF"
_SOS, _APP1 = 0xDA, 0xE1
_ALONE = {0x00, 0x01, *range(0xD0, 0xD9)}  # markers without a length; 00 is none
_BLOCK_BYTES = 4096  # hold all segments of most files
_PLAIN = (b"P1", b"P2", b"P3")


def check_parts(file: IO[bytes], label: str) -> None:
    """Make sure that a file is not cut into so many parts that listing them would keep its reader busy.

    Parameters
    ----------
    file : binary file
        Afterwards at another position.
    label : str

    Raises
    ------
    UnreadableImage
        It is.
    """
    file.seek(0)
    head = file.read(12)
    parts = next((walk for start, walk in _WALKS.items() if head.startswith(start)), None)
    if parts is not None:
        found = list(islice(parts(file), MOST_PARTS + 1))
        if len(found) > MOST_PARTS:
            raise _busy(label, f"more than {MOST_PARTS:,} parts before its pixels")
        if found.count(_EXIF) > MOST_EXIF_PARTS:
            raise _busy(label, f"EXIF in {found.count(_EXIF):,} parts")
    elif head.startswith(_PLAIN) and (size_bytes := file.seek(0, 2)) > MOST_PLAIN_BYTES:
        raise _busy(label, f"pixels written as text, {size_bytes:,} bytes of it")


def check_chunks(data: bytes, label: str) -> None:
    """Make sure that a PNG's chunks are of a sensible size, all of them.

    Parameters
    ----------
    data : bytes
    label : str

    Raises
    ------
    UnreadableImage
        They are many, and smaller than any encoder makes them.
    """
    at, count = 8, 0
    while at < len(data):
        at += 12 + int.from_bytes(data[at : at + 4], "big")
        count += 1
        if count > MOST_PARTS and at < count * LEAST_BYTES_A_PART:
            raise _busy(label, f"{count:,} chunks of hardly a byte")


def _busy(label: str, what: str) -> UnreadableImage:
    return UnreadableImage(f"{label}: {what}, made to keep its reader busy; leave it out.")


def _segments(file: IO[bytes]) -> Iterator[str]:
    at, begin, block = 2, 0, b""
    while True:
        if at + 10 > begin + len(block):
            file.seek(at)
            begin, block = at, file.read(_BLOCK_BYTES)
        head = block[at - begin : at - begin + 10]
        if len(head) < 4 or head[0] != 0xFF or head[1] == _SOS:
            return
        yield _EXIF if head[1] == _APP1 and head[4:8] == b"Exif" else ""
        if head[1] == 0xFF:  # fill bytes
            at += 1
        else:
            at += 2 if head[1] in _ALONE else 2 + int.from_bytes(head[2:4], "big")


def _chunks(file: IO[bytes]) -> Iterator[str]:
    at = 8
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IDAT":
            return
        yield ""
        at += 12 + int.from_bytes(head[:4], "big")


def _blocks(file: IO[bytes]) -> Iterator[str]:
    file.seek(10)
    flags = file.read(1)
    palette_bytes = 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0
    file.seek(13 + palette_bytes)
    while (kind := file.read(1)) and kind not in b",;":
        yield ""
        if kind == b"!":  # anything else is passed over byte by byte, as Pillow does
            file.seek(1, 1)
            while (size := file.read(1)) and size[0]:
                file.seek(size[0], 1)
                yield ""


def _boxes(file: IO[bytes]) -> Iterator[str]:
    at = 0
    while True:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8 or head[4:8] == b"jp2c":
            return
        yield ""
        size = int.from_bytes(head[:4], "big")
        size = int.from_bytes(head[8:16], "big") if size == 1 else size
        if head[4:8] == b"jp2h":  # what is in it counts, too
            size = 8
        if size < 8:
            return
        at += size


_WALKS: dict[bytes, Callable[[IO[bytes]], Iterator[str]]] = {
    b"\xff\xd8\xff": _segments,
    b"\x89PNG\r\n\x1a\n": _chunks,
    b"GIF8": _blocks,
    b"\0\0\0\x0cjP  ": _boxes,
}


HEAD = b"\0\0\1\0"

_ENTRY_BYTES = 16
_PNG = b"\x89PNG\r\n\x1a\n"


def check_icon(file: IO[bytes], label: str) -> None:
    """Make sure that no picture in an icon file is larger than icons are: Pillow decodes one while it opens the file.

    Parameters
    ----------
    file : binary file
        An icon file; afterwards at another position.
    label : str

    Raises
    ------
    ImageTooLarge
        One is.
    """
    file.seek(len(HEAD))
    count = int.from_bytes(file.read(2), "little")
    entries = file.read(count * _ENTRY_BYTES)
    for start in range(0, len(entries) - _ENTRY_BYTES + 1, _ENTRY_BYTES):
        file.seek(int.from_bytes(entries[start + 12 : start + 16], "little"))
        width, height = _size(file.read(24))
        if width * height > MOST_ICON_PIXELS:
            raise ImageTooLarge(f"{label}: an icon with a picture of {width} × {height} pixels in it; leave it out.")


def _size(head: bytes) -> tuple[int, int]:
    if head.startswith(_PNG):
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if head[:4] == b"\x0c\0\0\0":  # a header of 12 bytes has numbers of 16 bits
        return int.from_bytes(head[4:6], "little"), int.from_bytes(head[6:8], "little") // 2
    width, height = (abs(int.from_bytes(head[at : at + 4], "little", signed=True)) for at in (4, 8))
    return width, height // 2  # below the picture stands its mask
