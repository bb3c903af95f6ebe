"""How large the pictures in an icon file are: its own list says up to 256 pixels, and what it holds may say otherwise.

The file is built as Windows has it: a list of entries, each the place of a PNG or of a bitmap without its file header.
"""

from __future__ import annotations

from typing import IO

from vlmkit.errors import ImageTooLarge
from vlmkit.sources.limits import MOST_ICON_PIXELS

__all__ = ["HEAD", "check_icon"]

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
