"""One normalizer for every backend: upright, RGB, within the pixel budget, without metadata; as JPEG, or lossless."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from io import BytesIO
from typing import NamedTuple

from PIL import Image

from vlmkit.errors import UnreadableImage, UnsupportedFormat
from vlmkit.records import ImageRef, Picture
from vlmkit.sources import isolation
from vlmkit.sources.color import Tones, eight_bits, is_plain, stretched, to_rgb, tones_of
from vlmkit.sources.contents import load_bytes
from vlmkit.sources.faults import translated
from vlmkit.sources.frames import is_blank, seek_content
from vlmkit.sources.limits import BUDGET, Limits, decoding_bytes
from vlmkit.sources.objects import image_of, own_copy
from vlmkit.sources.opening import check_pixels, open_image, orientation_of, strictly
from vlmkit.sources.parts import check_chunks
from vlmkit.sources.stripping import MOST_SCANS, count_scans, strip

__all__ = ["JPEG_QUALITY", "MOST_PIXELS", "Examination", "decode", "examine", "normalize"]

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
MOST_PIXELS = 2**24
"""Of a picture that is handed over whole to a model in this process: 48 MiB decoded, and what the largest one takes."""

_PASSING = {"JPEG": "JPEG", "MPO": "JPEG", "PNG": "PNG"}
_PASSING_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA"})
_MEDIA_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "PPM": "image/x-portable-pixmap"}
_UPRIGHT = 1
_FILMS = frozenset({"GIF", "WEBP", "PNG", "TIFF", "AVIF"})
_BITS_PER_SAMPLE = 258  # TIFF 6.0, section 8
_DARKEST_WHITE = 64  # of 255: a picture in color of 16 bits that stays below uses a quarter of its range at most
_EXAMINED_SIDE_PX = 256

_Made = tuple[Picture, Tones | None]


class Examination(NamedTuple):
    """What a picture turned out to be when it was decoded.

    Attributes
    ----------
    is_blank : bool
        Whether what would be sent is all of one gray.
    tones : Tones or None
        Values that are sent as black and white; None where values go as they are.
    """

    is_blank: bool
    tones: Tones | None


def normalize(ref: ImageRef, longest_side_px: int, *, lossless: bool = False, limits: Limits | None = None) -> Picture:
    """Make the bytes a backend gets: upright, RGB or gray, at most `longest_side_px` wide and high, without metadata.

    A JPEG or PNG that is all of that already keeps its compressed pixels, after a check that they decode to the end.
    Anything else becomes a JPEG of quality 90: the first frame with something in it, EXIF orientation applied, color
    profile converted to sRGB, transparency on white, CMYK to RGB, more than 8 bits stretched to the range used, as
    `tones_of` has it. May be called from many threads at once.

    Lossless, the same pixels are not compressed again: a JPEG or PNG keeps its own, with what `decode` needs to show
    them, anything else becomes a portable pixmap; and no picture of up to `MOST_PIXELS` is shrunk.

    Parameters
    ----------
    ref : ImageRef
    longest_side_px : int
        Pixel budget of the longer side; smaller pictures are not enlarged.
    lossless : bool, default False
        For a model in this process, whose processor shrinks pictures as the model was trained on them.
    limits : Limits or None, default None
        None takes those in force; resolve them once where many pictures are normalized.

    Raises
    ------
    RunError
        `UnreadableImage`, `UnsupportedFormat` or `ImageTooLarge`, naming the picture.
    """
    limits = limits or Limits.in_force()
    if isolation.is_apart(ref, limits):
        return isolation.normalize(ref, longest_side_px, limits, lossless=lossless, pixels=lossless)
    return _normalized(ref, _Budget(longest_side_px, lossless), limits)[0]


def examine(ref: ImageRef, *, limits: Limits | None = None) -> Examination:
    """Decode a picture to its last byte, as a run would, and say what would be sent.

    Parameters
    ----------
    ref : ImageRef
    limits : Limits or None, default None
        None takes those in force.

    Raises
    ------
    RunError
        As `normalize`: half a file, a bomb, no picture.
    """
    limits = limits or Limits.in_force()
    if isolation.is_apart(ref, limits):
        is_nothing, black_and_white = isolation.examine(ref, limits)
        return Examination(is_blank=is_nothing, tones=black_and_white and Tones(*black_and_white))
    picture, tones = _normalized(ref, _Budget(_EXAMINED_SIDE_PX, lossless=False), limits)
    return Examination(is_blank=is_blank(decode(picture)), tones=tones)


class _Budget(NamedTuple):
    """What a picture may have, and whether it may be compressed again."""

    longest_side_px: int
    lossless: bool

    def holds(self, size: tuple[int, int]) -> bool:
        return size[0] * size[1] <= MOST_PIXELS if self.lossless else max(size) <= self.longest_side_px

    def side_of(self, size: tuple[int, int]) -> int:
        """Longer side to which a picture of this size is brought."""
        if self.holds(size):
            return max(size)
        most = int(max(size) * (MOST_PIXELS / (size[0] * size[1])) ** 0.5) if self.lossless else max(size)
        return max(1, min(self.longest_side_px, most))


def _normalized(ref: ImageRef, budget: _Budget, limits: Limits) -> _Made:
    given = image_of(ref)
    if given is not None:
        with translated(ref.label), strictly():
            check_pixels(given, ref.label, limits.largest_image_pixels)
            with BUDGET.hold(decoding_bytes(given)):
                return _encoded(own_copy(given), orientation_of(given), budget.side_of(given.size), budget.lossless)
    data = load_bytes(ref, limits)
    made: _Made | int = 0
    while isinstance(made, int):  # begun anew with more memory: who waits for it while holding some may wait for ever
        made = _decoded(data, ref.label, budget, limits, made)
    return made


def _decoded(data: bytes, label: str, budget: _Budget, limits: Limits, held_bytes: int) -> _Made | int:
    """What was made; or the bytes that must be held for it, where they are more than the beginning said."""
    with translated(label), strictly():
        image = open_image(BytesIO(data), label, limits.largest_image_pixels, limits.image_formats)
        if image.format == "PNG":
            check_chunks(data, label)
        _check_scans(image, data, label)
        held_bytes = max(held_bytes, _decoding_bytes(image, budget))
        with BUDGET.hold(held_bytes):
            made = _made(image, data, label, budget, limits, held_bytes)
            del image  # gone before another picture gets its memory
        return made


def _made(image: Image.Image, data: bytes, label: str, budget: _Budget, limits: Limits, held_bytes: int) -> _Made | int:
    size, orientation = image.size, orientation_of(image)
    own = _own_bytes(image, data, orientation, budget)
    if own is not None:
        _load(image, max(size) // 8)  # reads to the last byte, at a fraction of the cost
        return _picture(own, _PASSING[str(image.format)], _turned(size, orientation)), None
    if image.format in _FILMS and getattr(image, "is_animated", False):
        if more_bytes := seek_content(image, label, limits.largest_image_pixels, held_bytes):
            return more_bytes
        side_px = budget.side_of(image.size)
    else:
        side_px = budget.side_of(size)
        _load(image, side_px)
    image = _brightened(image, data, label)
    # Asked only now: a TIFF is turned by Pillow while it is loaded.
    return _encoded(image, orientation_of(image), side_px, budget.lossless)


def _decoding_bytes(image: Image.Image, budget: _Budget) -> int:
    """Memory that a picture takes; a JPEG is decoded no larger than twice as large as needed."""
    whole = decoding_bytes(image)
    if image.format not in {"JPEG", "MPO"}:
        return whole
    scale = min(1.0, 2 * budget.side_of(image.size) / max(image.size))
    # Of a progressive one the decoder keeps two bytes for each value of each pixel until the last scan.
    coefficients = image.width * image.height * 2 * len(image.getbands()) if image.info.get("progressive") else 0
    return int(whole * scale**2) + coefficients


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
    ImageTooLarge
        Nor are they of the size that the picture says.
    """
    label = f"<picture {picture.digest[:8]}>"
    with translated(label), strictly():
        image = open_image(BytesIO(picture.data), label, picture.width * picture.height)
        orientation = orientation_of(image)
        with BUDGET.hold(decoding_bytes(image)):
            image.load()
            upright = _prepared(image, None, orientation, max(image.size))
            # A large picture is not copied once more where it was made anew already.
            upright = upright.convert("RGB") if upright is image else upright
        upright.info.clear()  # what reads the orientation there would turn it again
        return upright


def _own_bytes(image: Image.Image, data: bytes, orientation: int, budget: _Budget) -> bytes | None:
    """The file's own compressed pixels, where they can stay."""
    if image.format not in _PASSING or not budget.holds(image.size):
        return None
    # Of a PNG: bits per channel, which the mode does not tell, and whether the file is a film.
    if image.format == "PNG" and (data[24] > 8 or getattr(image, "is_animated", False)):
        return None
    is_own = is_plain(image) and orientation == _UPRIGHT and not (image.format == "PNG" and data[24] < 8)
    if is_own:
        return strip(data, _PASSING[image.format])
    if not budget.lossless or image.mode not in _PASSING_MODES or (image.format == "PNG" and orientation != _UPRIGHT):
        return None
    return strip(data, _PASSING[image.format], shown=True, orientation=orientation)


def _turned(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    return size if orientation < 5 else (size[1], size[0])


def _check_scans(image: Image.Image, data: bytes, label: str) -> None:
    if image.format in {"JPEG", "MPO"} and (scans := count_scans(data)) > MOST_SCANS:
        raise UnreadableImage(f"{label}: a JPEG of {scans:,} scans, made to keep its reader busy; leave it out.")


def _load(image: Image.Image, longest_side_px: int) -> None:
    """Decode; a JPEG by powers of two no larger than needed for this longer side."""
    if image.format in {"JPEG", "MPO"}:
        scale = min(1.0, longest_side_px / max(image.size))
        image.draft(None, (max(1, int(image.width * scale)), max(1, int(image.height * scale))))
    image.load()


def _brightened(image: Image.Image, data: bytes, label: str) -> Image.Image:
    """A picture in color of 16 bits, of which Pillow keeps the upper eight, with these stretched where few are used."""
    if image.mode not in {"RGB", "RGBA"} or _bits_of(image, data) <= 8:
        return image
    bands = [band for band in image.getextrema()[:3] if isinstance(band, tuple)]
    low, high = float(min(band[0] for band in bands)), float(max(band[1] for band in bands))
    if high >= _DARKEST_WHITE:
        return image
    if high == 0:
        raise UnsupportedFormat(
            f"{label}: all black, or 16 bits a color of which only the lowest are used; save it with 8 bits a color."
        )
    colors = stretched(image.convert("RGB"), Tones(min(low, high - 1), high))
    colors.info = image.info
    return colors


def _bits_of(image: Image.Image, data: bytes) -> int:
    if image.format == "PNG":
        return data[24]
    if image.format == "TIFF":
        tags: Mapping[int, tuple[int, ...]] = getattr(image, "tag_v2", {})
        return max(tags.get(_BITS_PER_SAMPLE, (8,)))
    return 8


def _prepared(image: Image.Image, tones: Tones | None, orientation: int, longest_side_px: int) -> Image.Image:
    icc = image.info.get("icc_profile")
    image = eight_bits(image, tones)
    # Lanczos costs a quarter more and differs by less than the encoding does.
    image.thumbnail((longest_side_px, longest_side_px), Image.Resampling.BICUBIC, reducing_gap=2.0)
    image = to_rgb(image, icc)  # of few pixels only
    return image.transpose(_TURN_UPRIGHT[orientation]) if orientation in _TURN_UPRIGHT else image


def _encoded(image: Image.Image, orientation: int, side_px: int, lossless: bool) -> _Made:
    tones = tones_of(image)
    image = _prepared(image, tones, orientation, side_px)
    if lossless:
        return _picture(b"P6 %d %d 255\n%b" % (*image.size, image.tobytes()), "PPM", image.size), tones
    image.info.clear()  # Pillow would write the profile, the comment and the resolution
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return _picture(buffer.getvalue(), "JPEG", image.size), tones


def _picture(data: bytes, format_name: str, size: tuple[int, int]) -> Picture:
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    return Picture(data=data, media_type=_MEDIA_TYPES[format_name], width=size[0], height=size[1], digest=digest)
