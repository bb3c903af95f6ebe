"""The first frame of a film, or page of a document, with something in it: many begin with an empty one."""

from __future__ import annotations

from PIL import Image

from vlmkit.sources.decoding_budget import decoding_bytes
from vlmkit.sources.opening import check_pixels

__all__ = ["is_blank", "seek_content"]

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
