"""Whatever a file's pixels are, as 8-bit sRGB: bit depths, color spaces, profiles, transparency."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

__all__ = ["eight_bits", "is_plain", "to_rgb"]

_NOTICEABLE = 2  # steps of 255 that rounding may make, and nobody sees
_STRAIGHT = {"La": "LA", "RGBa": "RGBA"}  # what becomes of premultiplied modes, which convert to nothing else
_KEPT = frozenset({"RGB", "L", "CMYK", "LAB"})


def eight_bits(image: Image.Image) -> Image.Image:
    """Picture of mode L, RGB, RGBA, CMYK or LAB, which can be resized; no wider per pixel than it has to be.

    Parameters
    ----------
    image : PIL.Image.Image
        Loaded, of any mode.
    """
    if image.mode.startswith("I;16"):
        # `convert` would clip at 255 instead of keeping the upper byte.
        gray = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
        return _without(image, image.info["transparency"], gray) if "transparency" in image.info else gray
    if image.has_transparency_data:
        return image.convert(_STRAIGHT.get(image.mode, "RGBA")).convert("RGBA")
    if image.mode in {"I", "F"}:
        return _stretched(image.convert("F"))
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


def _stretched(image: Image.Image) -> Image.Image:
    """Gray picture of 32-bit values, which have no common range: the darkest becomes black, the lightest white."""
    low, high = (float(bound) for bound in image.getextrema() if isinstance(bound, int | float))
    scale = 255 / (high - low) if high > low else 0.0
    return image.point(lambda value: value * scale - low * scale).convert("L")


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
