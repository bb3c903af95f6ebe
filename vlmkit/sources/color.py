"""Whatever a file's pixels are, as 8-bit sRGB: bit depths, color spaces, profiles, transparency.

Which values of a deep picture become black and white is seen from it: one that uses a part of its range is not sent
black.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import Any, NamedTuple

from PIL import Image, ImageCms

__all__ = ["Tones", "eight_bits", "is_plain", "stretched", "to_rgb", "tones_of"]

_PLAIN_SPAN = 2**14
"""A 16-bit picture that uses a quarter of its range is shown as it is: its dark parts are meant to be dark."""
_OUTLIERS_PERCENT = 0.1
_FAR = 4  # an extreme that is so many times as far away as the rest reaches is a dead pixel, not a tone
_MOST_SAMPLED = 1_000_000


class Tones(NamedTuple):
    """Values of a file that are shown as black and as white; those between as gray, those beyond like the nearer."""

    black: float
    white: float


def tones_of(image: Image.Image) -> Tones | None:
    """Tones of a gray picture of more than 8 bits.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded.

    Returns
    -------
    Tones or None
        None where the values are shown as they are: of 8 bits a color; of 16 bits where at least a quarter of the range
        is used; of one value only. Of 32 bits and of floating point the range that is used, as these have no common
        one. Single pixels far away from all others do not count, nor does what is not a number.
    """
    if not (image.mode.startswith("I;16") or image.mode in {"I", "F"}):
        return None
    low, high = _used(_values(image))
    if not high > low or (image.mode.startswith("I;16") and high - low >= _PLAIN_SPAN):
        return None
    return Tones(low, high)


def stretched(image: Image.Image, tones: Tones) -> Image.Image:
    """Picture of mode L with the tones of a deeper one; what is not a number is black.

    Parameters
    ----------
    image : PIL.Image.Image
        As for `tones_of`, or of mode RGB.
    tones : Tones
    """
    import numpy as np

    if image.mode == "RGB":  # of 256 values each is worked out once
        shades = list(_shades(np.arange(256, dtype=np.float32), tones))
        return image.point(shades * 3)
    return Image.fromarray(_shades(_values(image), tones))


def _shades(values: Any, tones: Tones) -> Any:
    """Values as shades of 255, worked out in place: each copy of a large picture is hundreds of megabytes."""
    import numpy as np

    with np.errstate(invalid="ignore"):
        values -= np.float32(tones.black)
        values *= np.float32(255 / (tones.white - tones.black))
        values.clip(0, 255, out=values)
        np.nan_to_num(values, copy=False, nan=0.0)
        return values.round(out=values).astype(np.uint8)


def _values(image: Image.Image) -> Any:
    import numpy as np

    return np.asarray(image).astype(np.float32)


def _used(values: Any) -> tuple[float, float]:
    import numpy as np

    is_known = np.isfinite(values)
    known = values.ravel() if is_known.all() else values[is_known]
    del is_known
    if not known.size:
        return 0.0, 0.0
    low, high = float(known.min()), float(known.max())
    sample = known[:: max(1, known.size // _MOST_SAMPLED)]
    inner_low, inner_high = (
        float(part) for part in np.percentile(sample, (_OUTLIERS_PERCENT, 100 - _OUTLIERS_PERCENT))
    )
    span = inner_high - inner_low
    if span > 0:
        low = inner_low if inner_low - low > _FAR * span else low
        high = inner_high if high - inner_high > _FAR * span else high
    return low, high


_NOTICEABLE = 2  # steps of 255 that rounding may make, and nobody sees
_STRAIGHT = {"La": "LA", "RGBa": "RGBA"}  # what becomes of premultiplied modes, which convert to nothing else
_KEPT = frozenset({"RGB", "L", "CMYK", "LAB"})


def eight_bits(image: Image.Image, tones: Tones | None = None) -> Image.Image:
    """Picture of mode L, RGB, RGBA, CMYK or LAB, which can be resized; no wider per pixel than it has to be.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded, of any mode.
    tones : Tones or None, default None
        As `tones_of` gives them for this picture.
    """
    if image.mode.startswith("I;16"):
        # `convert` would clip at 255 instead of keeping the upper byte.
        upper = image.convert("I").point(lambda value: value * (1 / 256)) if tones is None else image
        gray = upper.convert("L") if tones is None else stretched(image, tones)
        return _without(image, image.info["transparency"], gray) if "transparency" in image.info else gray
    if image.has_transparency_data:
        return image.convert(_STRAIGHT.get(image.mode, "RGBA")).convert("RGBA")
    if image.mode in {"I", "F"}:
        return stretched(image, tones) if tones else Image.new("L", image.size)
    return image if image.mode in _KEPT else image.convert("L" if image.mode == "1" else "RGB")


def to_rgb(image: Image.Image, icc: bytes | None) -> Image.Image:
    """Picture of mode RGB, its transparent parts white.

    Parameters
    ----------
    image : PIL.Image.Image
        As `eight_bits` gives it.
    icc : bytes or None
        The file's color profile; one that is damaged, or of another color space than the pixels, is passed over.
    """
    if image.mode == "RGBA":
        canvas = Image.new("RGB", image.size, "white")
        canvas.paste(image, mask=image.getchannel("A"))
        image = canvas
    transform = _transform(icc, image.mode) if icc else None
    if transform is not None:
        image = transform.apply(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def is_plain(image: Image.Image) -> bool:
    """Whether a picture's pixels are sRGB or gray as they are, so that its file may go as it is.

    Parameters
    ----------
    image : PIL.Image.Image
        Opened; not necessarily loaded.
    """
    if image.mode not in {"RGB", "L"} or image.has_transparency_data:
        return False
    icc = image.info.get("icc_profile")
    return not icc or _transform(icc, image.mode) is None


def _without(image: Image.Image, transparent: object, gray: Image.Image) -> Image.Image:
    """Gray picture whose pixels of one 16-bit shade are transparent."""
    import numpy as np

    shades = gray.convert("RGBA")
    shades.putalpha(Image.fromarray(np.where(np.asarray(image) == transparent, 0, 255).astype(np.uint8)))
    return shades


# A camera writes the same profile into each of ten thousand photos. Little CMS transforms may be shared by threads.
@lru_cache(maxsize=16)
def _transform(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """What leads from a profile to sRGB; None where it changes nothing that shows, or the profile cannot be used."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        transform = ImageCms.buildTransform(profile, _srgb(), mode, "RGB")
        if mode == "L":
            before = Image.linear_gradient("L").resize((1, 256))
        elif mode == "RGB":
            before = _cube()
        else:
            return transform
        difference = _largest_difference(before.convert("RGB"), transform.apply(before))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
    return transform if difference > _NOTICEABLE else None


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _cube() -> Image.Image:
    """One pixel of each of 6 × 6 × 6 colors."""
    steps = range(0, 256, 51)
    pixels = bytes(value for red in steps for green in steps for blue in steps for value in (red, green, blue))
    return Image.frombytes("RGB", (6, 36), pixels)


def _largest_difference(left: Image.Image, right: Image.Image) -> int:
    pairs = zip(left.tobytes(), right.tobytes(), strict=True)
    return max(abs(one - other) for one, other in pairs)
