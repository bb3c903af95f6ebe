"""One normalizer for every backend: upright, RGB, within the pixel budget, encoded."""

from __future__ import annotations

import hashlib
from io import BytesIO

from PIL import Image

from vlmkit.records import ImageRef, Picture
from vlmkit.sources.contents import load_bytes
from vlmkit.sources.faults import translated
from vlmkit.sources.headers import open_image, orientation_of
from vlmkit.sources.objects import own_copy

__all__ = ["JPEG_QUALITY", "decode", "normalize"]

JPEG_QUALITY = 90

_TURN_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}


def normalize(ref: ImageRef, longest_side_px: int) -> Picture:
    """Make the bytes a backend gets: upright, RGB or gray, at most `longest_side_px` wide and high.

    A file that is all of that already keeps its own bytes, after a check that they decode to the end. Anything else
    becomes a JPEG of quality 90: first frame, EXIF orientation applied, transparency on white, 16 bits and CMYK to
    8-bit RGB. May be called from many threads at once.

    Parameters
    ----------
    ref : ImageRef
    longest_side_px : int
        Pixel budget of the longer side; smaller pictures are not enlarged.

    Raises
    ------
    RunError
        `UnreadableImage`, `UnsupportedFormat` or `ImageTooLarge`, naming the picture.
    """
    if isinstance(ref.source, Image.Image):
        with translated(ref.label):
            return _encoded(_prepared(own_copy(ref.source), orientation_of(ref.source), longest_side_px))
    data = load_bytes(ref)
    with translated(ref.label):
        image = open_image(BytesIO(data), ref.label)
        if _may_pass(image, data, longest_side_px):
            size = image.size
            _load(image, max(size) // 8)  # reads to the last byte, at a fraction of the cost
            return _picture(data, str(image.format), size)
        _load(image, longest_side_px)
        return _encoded(_prepared(image, orientation_of(image), longest_side_px))


def decode(picture: Picture) -> Image.Image:
    """Decode a normalized picture.

    Parameters
    ----------
    picture : Picture

    Returns
    -------
    PIL.Image.Image, mode RGB, loaded and independent of `picture`.

    Raises
    ------
    UnreadableImage
        The bytes were not made by `normalize` and are damaged.
    """
    with translated(f"<picture {picture.digest[:8]}>"):
        return open_image(BytesIO(picture.data), f"<picture {picture.digest[:8]}>").convert("RGB")


def _may_pass(image: Image.Image, data: bytes, longest_side_px: int) -> bool:
    if image.format not in _MEDIA_TYPES or image.mode not in {"RGB", "L"} or max(image.size) > longest_side_px:
        return False
    if image.format == "PNG" and data[24] != 8:  # bits per channel, which the mode does not tell
        return False
    several = getattr(image, "is_animated", False)
    return not several and not image.has_transparency_data and orientation_of(image) == 1


def _load(image: Image.Image, longest_side_px: int) -> None:
    """Decode; a JPEG by powers of two no larger than needed for this longer side."""
    scale = min(1.0, longest_side_px / max(image.size))
    image.draft(None, (max(1, int(image.width * scale)), max(1, int(image.height * scale))))
    image.load()


def _prepared(image: Image.Image, orientation: int, longest_side_px: int) -> Image.Image:
    image = _eight_bits(image)
    image.thumbnail((longest_side_px, longest_side_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if image.mode == "RGBA":
        canvas = Image.new("RGB", image.size, "white")
        canvas.paste(image, mask=image.getchannel("A"))
        image = canvas
    return image.transpose(_TURN_UPRIGHT[orientation]) if orientation in _TURN_UPRIGHT else image


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode.startswith("I;16"):
        # `convert` would clip at 255 instead of keeping the upper byte.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    if image.mode in {"I", "F"}:
        return _stretched(image.convert("F")).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")


def _stretched(image: Image.Image) -> Image.Image:
    """Gray picture of 32-bit values, which have no common range: the darkest becomes black, the lightest white."""
    low, high = (float(bound) for bound in image.getextrema() if isinstance(bound, int | float))
    scale = 255 / (high - low) if high > low else 0.0
    return image.point(lambda value: value * scale - low * scale).convert("L")


def _encoded(image: Image.Image) -> Picture:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return _picture(buffer.getvalue(), "JPEG", image.size)


def _picture(data: bytes, format_name: str, size: tuple[int, int]) -> Picture:
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return Picture(data=data, media_type=_MEDIA_TYPES[format_name], width=size[0], height=size[1], digest=digest)
