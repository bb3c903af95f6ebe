"""How many pictures a file holds, counted without decoding any; and the first one with something in it."""

from __future__ import annotations

from typing import IO, Literal

from PIL import Image

from vlmkit.sources.limits import decoding_bytes
from vlmkit.sources.opening import check_pixels

__all__ = ["MOST_FRAMES", "count_frames", "is_blank", "seek_content"]

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


_MOST_LOOKED_AT = 32
_SAME = 8  # steps of 255 by which compression makes one color several
_LOOK_PX = 64


def is_blank(image: Image.Image) -> bool:
    """Whether a picture is all black, all white, all one gray, or all transparent.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded, of any mode that converts to RGBA; is not changed.
    """
    look = image.copy()
    look.thumbnail((_LOOK_PX, _LOOK_PX), Image.Resampling.BOX)
    *colors, alpha = (band for band in look.convert("RGBA").getextrema() if isinstance(band, tuple))
    if alpha[1] <= _SAME:
        return True
    is_flat = all(high - low <= _SAME for low, high in (*colors, alpha))
    return is_flat and max(high for _, high in colors) - min(low for low, _ in colors) <= 2 * _SAME


def seek_content(image: Image.Image, label: str, most_pixels: int, held_bytes: int) -> int:
    """Go to the first frame that is not blank and load it; to the first one where all that are looked at are.

    Parameters
    ----------
    image : PIL.Image.Image
        Opened, at its first frame; of a TIFF at its page.
    label : str
    most_pixels : int
        As for `open_image`; each frame is checked.
    held_bytes : int
        Memory that is set aside for it.

    Returns
    -------
    int
        0; or the bytes that must be set aside, where a page is larger than the first and was left alone for that.

    Raises
    ------
    ImageTooLarge
        A frame has more.
    """
    first = image.tell()
    image.load()
    for frame in range(first + 1, first + _MOST_LOOKED_AT):
        if not _looks_blank(image):
            return 0
        try:
            image.seek(frame)
            check_pixels(image, label, most_pixels)
            if (size_bytes := decoding_bytes(image)) > held_bytes:
                return size_bytes
            image.load()
        except EOFError:
            break
    else:
        if not _looks_blank(image):
            return 0
    image.seek(first)
    image.load()
    return 0


def _looks_blank(image: Image.Image) -> bool:
    # Deep gray is not converted here: what it shows as black is decided later.
    return image.mode in {"1", "L", "LA", "P", "PA", "RGB", "RGBA"} and is_blank(image)
