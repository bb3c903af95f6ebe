"""Pictures made small: thumbnails for looking at, and a few colors to tell which are nearly the same."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from vlmkit.records import ImageRef, Picture
from vlmkit.sources import isolation
from vlmkit.sources.limits import Limits
from vlmkit.sources.pictures import decode, normalize

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["color_grid", "thumbnail"]

_QUALITY = 75


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
