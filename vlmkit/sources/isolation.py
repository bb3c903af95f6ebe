"""Pictures decoded in processes apart, where that is asked for: a hang or a crash costs one picture, not a notebook.

It is not a sandbox: such a process may do what this user may. What it says is read as a stranger's.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import asdict, replace
from typing import Any

from vlmkit import errors
from vlmkit.errors import RunError, UnreadableImage
from vlmkit.records import ImageRef, Picture
from vlmkit.sources.contents import file_of, is_foreign, load_bytes
from vlmkit.sources.limits import Limits
from vlmkit.sources.objects import is_object

__all__ = ["examine", "header", "impossible", "is_apart", "normalize", "thumbnail"]

_LOSSLESS_PIXELS = 2**24 + 2**20  # of `pictures.MOST_PIXELS`, and what rounding adds
_FRAME_BYTES = 2**20  # of an encoded picture, beside its pixels
_MEDIA_TYPES = ("image/jpeg", "image/png", "image/x-portable-pixmap")
_PIXMAP = _MEDIA_TYPES[2]
_SHOWN = 2000  # characters of a message


def is_apart(ref: ImageRef, limits: Limits) -> bool:
    """Whether a picture is to be decoded in a process apart; one that is an object already never is.

    Parameters
    ----------
    ref : ImageRef
    limits : Limits
    """
    if not limits.isolate_images or is_object(ref):
        return False
    return limits.isolate_images is True or is_foreign(ref)


def normalize(ref: ImageRef, longest_side_px: int, limits: Limits, *, lossless: bool, pixels: bool) -> Picture:
    """As `pictures.normalize`.

    Parameters
    ----------
    ref : ImageRef
    longest_side_px : int
    limits : Limits
    lossless : bool
    pixels : bool
        Whether it is decoded there, too, and comes as a portable pixmap.

    Raises
    ------
    RunError
        As `pictures.normalize`, or its decoder hung or crashed.
    """
    options = {"longest_side_px": longest_side_px, "lossless": lossless, "pixels": pixels}
    side = math.isqrt(_LOSSLESS_PIXELS) + 1 if lossless else longest_side_px
    most = min(3 * max(side, 1) ** 2, 3 * limits.largest_image_pixels) + _FRAME_BYTES
    said, data = _work("normalize", ref, load_bytes(ref, limits), limits, most, options)
    return _picture(said, data, ref.label)


def thumbnail(ref: ImageRef, longest_side_px: int, limits: Limits) -> Picture:
    """As `thumbnails.thumbnail`.

    Raises
    ------
    RunError
        As `normalize`.
    """
    most = 3 * longest_side_px**2 + _FRAME_BYTES
    said, data = _work("thumbnail", ref, load_bytes(ref, limits), limits, most, {"longest_side_px": longest_side_px})
    return _picture(said, data, ref.label)


def examine(ref: ImageRef, limits: Limits) -> tuple[bool, tuple[float, float] | None]:
    """As `pictures.examine`: whether it is blank, and values of black and white.

    Raises
    ------
    RunError
        As `normalize`.
    """
    said, _ = _work("examine", ref, load_bytes(ref, limits), limits, 0, {})
    match said:
        case {"is_blank": bool(is_blank), "tones": None}:
            return is_blank, None
        case {"is_blank": bool(is_blank), "tones": [float(black), float(white)]}:
            return is_blank, (black, white)
    raise impossible(ref.label)


def header(ref: ImageRef, limits: Limits, *, digest: bool, exif: bool) -> dict[str, Any]:
    """As `headers.read_header`, in plain values that nobody has checked.

    Raises
    ------
    RunError
        As `normalize`.
    """
    path = file_of(ref, limits)  # a file of its own is read there: of a large one only the beginning is needed
    data = b"" if path else load_bytes(ref, limits)
    options = {"digest": digest, "exif": exif}
    return _work("header", ref, data, limits, 0, options, None if path is None else str(path.absolute()))[0]


def _work(
    what: str,
    ref: ImageRef,
    data: bytes,
    limits: Limits,
    most_bytes: int,
    options: dict[str, Any],
    path: str | None = None,
) -> tuple[dict[str, Any], bytes]:
    # With the first picture: who decodes here needs none of it.
    from vlmkit.sources import children

    order = {
        "work": what,
        "label": ref.label,
        "path": path,
        "limits": asdict(replace(limits, isolate_images=False)),
        "timeout_s": limits.image_timeout_s,
        "options": options,
    }
    said, block = children.work(order, data, most_bytes)
    if "fault" not in said:
        return said, block
    kind = getattr(errors, str(said["fault"]), None)
    if not (isinstance(kind, type) and issubclass(kind, RunError)):
        raise impossible(ref.label)
    raise kind(str(said.get("message"))[: len(ref.label) + _SHOWN])


def _picture(said: dict[str, Any], data: bytes, label: str) -> Picture:
    match said:
        case {"media_type": str(media_type), "width": int(width), "height": int(height)} if media_type in _MEDIA_TYPES:
            if media_type == _PIXMAP and len(data) == 3 * width * height > 0:
                data = b"P6 %d %d 255\n%b" % (width, height, data)
            elif media_type == _PIXMAP or not data or min(width, height) < 1:
                raise impossible(label)
            digest = hashlib.blake2b(data, digest_size=16).hexdigest()
            return Picture(data=data, media_type=media_type, width=width, height=height, digest=digest)
    raise impossible(label)


def impossible(label: str) -> UnreadableImage:
    """What becomes of a picture whose decoder said what cannot be.

    Parameters
    ----------
    label : str
    """
    return UnreadableImage(f"{label}: its decoder said what cannot be; leave the picture out.")
