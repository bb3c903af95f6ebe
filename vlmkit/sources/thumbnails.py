"""Pictures made small: thumbnails and parts to look at, and a few colors to tell which are nearly the same."""

from __future__ import annotations

import hashlib
import math
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from vlmkit.errors import BadSetting
from vlmkit.records import ImageRef, Picture
from vlmkit.sources import isolation
from vlmkit.sources.limits import Limits
from vlmkit.sources.pictures import decode, normalize

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["color_grid", "crop_picture", "thumbnail"]

_QUALITY = 75
_ANY_SIDE_PX = 2**16


def thumbnail(ref: ImageRef, longest_side_px: int, *, limits: Limits | None = None) -> Picture:
    """What `normalize` gives, encoded more tightly where that helps; not for models.

    Parameters
    ----------
    ref : ImageRef
    longest_side_px : int
    limits : Limits or None, default None
        None takes those in force.

    Raises
    ------
    RunError
        As `normalize`.
    """
    limits = limits or Limits.in_force()
    if isolation.is_apart(ref, limits):
        return isolation.thumbnail(ref, longest_side_px, limits)
    picture = normalize(ref, longest_side_px, limits=limits)
    buffer = BytesIO()
    decode(picture).save(buffer, "JPEG", quality=_QUALITY, optimize=True)
    data = buffer.getvalue()
    if len(data) >= len(picture.data):
        return picture
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return Picture(data=data, media_type="image/jpeg", width=picture.width, height=picture.height, digest=digest)


def crop_picture(
    ref: ImageRef,
    box: tuple[float, float, float, float],
    longest_side_px: int,
    *,
    limits: Limits | None = None,
) -> Picture:
    """A part of a picture, as sharp as the picture itself has it.

    Parameters
    ----------
    ref : ImageRef
    box : (float, float, float, float)
        Left, top, right and bottom as fractions of the upright picture, from 0 to 1. It is widened to whole pixels.
    longest_side_px : int
        Of the part; a smaller one is not enlarged.
    limits : Limits or None, default None
        None takes those in force.

    Raises
    ------
    RunError
        As `normalize`.
    BadSetting
        The box is outside of the picture, or has nothing in it.
    """
    left, top, right, bottom = box
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise BadSetting(f"box={box}: give left < right and top < bottom, as fractions of the picture from 0 to 1.")
    limits = limits or Limits.in_force()
    whole = decode(normalize(ref, _ANY_SIDE_PX, lossless=True, limits=limits))
    width, height = whole.size
    corners = (int(left * width), int(top * height), math.ceil(right * width), math.ceil(bottom * height))
    part = ImageRef(source=whole.crop(corners), label=f"a part of {ref.label}")
    return normalize(part, longest_side_px, limits=limits)


_SIDE_PX = 64  # of what is decoded: a JPEG is then read at a fraction of its cost


def color_grid(ref: ImageRef, side: int, *, limits: Limits | None = None) -> NDArray[np.uint8]:
    """Mean colors of a picture's parts, turned upright.

    Parameters
    ----------
    ref : ImageRef
    side : int
        Parts across and down.
    limits : Limits or None, default None
        None takes those in force.

    Returns
    -------
    array of uint8, shape (side, side, 3)

    Raises
    ------
    RunError
        As `normalize`.
    """
    limits = limits or Limits.in_force()
    if isolation.is_apart(ref, limits):  # decoded there, too: its bytes may be the file's own
        picture = decode(isolation.normalize(ref, _SIDE_PX, limits, lossless=False, pixels=True))
    else:
        picture = decode(normalize(ref, _SIDE_PX, limits=limits))
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX))
