"""How many pictures one file holds, counted without decoding any and never for long."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MOST_FRAMES", "count_frames"]

MOST_FRAMES = 10_000
"""Where counting ends: a hostile file holds millions of frames of a dozen bytes."""

_MOST_BLOCKS = 2**20  # of 255 bytes at most: half a second

_TRAILER, _EXTENSION, _FRAME = b";", b"!", b","


def count_frames(image: Image.Image, file: IO[bytes]) -> int | None:
    """Pictures in an opened file: frames, pages, or further photos.

    Parameters
    ----------
    image : PIL.Image.Image
        Opened from `file`.
    file : binary file
        Afterwards at another position.

    Returns
    -------
    int or None
        At least 1; None for more than `MOST_FRAMES`, or where the file breaks off before the next.
    """
    try:
        if image.format == "GIF":
            count = _count_gif(file)
        elif image.format == "TIFF":
            count = _count_tiff(file)
        else:
            count = int(getattr(image, "n_frames", 1))
    except (IndexError, ValueError):
        return None
    return count if 1 <= count <= MOST_FRAMES else None


def _count_gif(file: IO[bytes]) -> int:
    file.seek(10)
    _skip_palette(file, _bytes(file, 3)[0])
    count = blocks = 0
    while count <= MOST_FRAMES:
        block = file.read(1)
        if block == _TRAILER or not block:  # Pillow, too, takes the end of the file for the end of the film
            return count
        if block == _FRAME:
            count += 1
            _skip_palette(file, _bytes(file, 9)[8])
        elif block != _EXTENSION:
            raise ValueError
        file.seek(1, 1)  # the extension's label, or the frame's code size
        while size := _bytes(file, 1)[0]:
            file.seek(size, 1)
            blocks += 1
        if (blocks := blocks + 1) > _MOST_BLOCKS:
            raise ValueError
    return count


def _skip_palette(file: IO[bytes], flags: int) -> None:
    if flags & 0x80:
        file.seek(3 << ((flags & 7) + 1), 1)


def _count_tiff(file: IO[bytes]) -> int:
    """Length of the chain of directories; one that leads back into itself ends there.

    Raises
    ------
    ValueError
        The file breaks off.
    """
    file.seek(0)
    head = _bytes(file, 8)
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    is_big = 43 in head[2:4]
    count_bytes, entry_bytes, offset_bytes = (8, 20, 8) if is_big else (2, 12, 4)
    at = int.from_bytes(_bytes(file, 8) if is_big else head[4:], order)
    seen: set[int] = set()
    while at and at not in seen and len(seen) <= MOST_FRAMES:
        seen.add(at)
        file.seek(at)
        entries = int.from_bytes(_bytes(file, count_bytes), order)
        file.seek(at + count_bytes + entries * entry_bytes)
        at = int.from_bytes(_bytes(file, offset_bytes), order)
    return len(seen)


def _bytes(file: IO[bytes], size: int) -> bytes:
    data = file.read(size)
    if len(data) < size:
        raise ValueError
    return data
