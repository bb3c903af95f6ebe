"""Pictures for looking at: small in bytes as well as in pixels."""

from __future__ import annotations

import hashlib
from io import BytesIO

from vlmkit.records import ImageRef, Picture
from vlmkit.sources import isolation
from vlmkit.sources.limits import Limits
from vlmkit.sources.pictures import decode, normalize

__all__ = ["thumbnail"]

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
