"""What a picture's header says, without decoding the picture."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

from PIL import ExifTags, Image, UnidentifiedImageError

from vlmkit.errors import ImageTooLarge
from vlmkit.records import ImageRef
from vlmkit.sources.contents import check_file, load_bytes
from vlmkit.sources.faults import translated
from vlmkit.sources.formats import allowed_formats, foreign_format

__all__ = ["LARGEST_PIXELS", "Header", "open_image", "orientation_of", "read_header"]

LARGEST_PIXELS = 178_956_970  # where Pillow itself refuses, so that its own switch cannot widen ours unnoticed


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """Technical facts of one picture.

    Attributes
    ----------
    format : str or None
        Pillow's name of the file format, ``"JPEG"``; None for a picture that never was a file.
    width, height : int
        Pixels as stored, before `orientation` is applied.
    size_bytes : int or None
        Of the encoded file.
    orientation : int
        EXIF orientation, 1 (upright) to 8.
    """

    format: str | None
    width: int
    height: int
    size_bytes: int | None
    orientation: int


def read_header(ref: ImageRef) -> Header:
    """Read one picture's header; its pixels are not decoded.

    Parameters
    ----------
    ref : ImageRef

    Raises
    ------
    RunError
        `UnreadableImage`, `UnsupportedFormat` or `ImageTooLarge`, naming the picture.
    """
    if isinstance(ref.source, Image.Image):
        with translated(ref.label):
            return _header(ref.source, None)
    if isinstance(ref.source, bytes):
        data = load_bytes(ref)
        with translated(ref.label):
            return _header(open_image(BytesIO(data), ref.label), len(data))
    path: Path = check_file(ref)
    with translated(ref.label), path.open("rb") as file, open_image(file, ref.label) as image:
        return _header(image, path.stat().st_size)


def open_image(file: IO[bytes], label: str) -> Image.Image:
    """Identify a picture of an allowed format and size; its pixels are not decoded yet.

    Raises
    ------
    RunError
        `UnreadableImage`, `UnsupportedFormat` or `ImageTooLarge`; Pillow's own errors where the header is damaged.
    """
    try:
        image = Image.open(file, formats=allowed_formats())
    except UnidentifiedImageError as error:
        file.seek(0)
        raise foreign_format(file.read(16), label) from error
    if image.width * image.height > LARGEST_PIXELS:
        megapixels = image.width * image.height // 10**6
        raise ImageTooLarge(f"{label}: {megapixels} megapixels, more than {LARGEST_PIXELS // 10**6}; shrink it first.")
    return image


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none, or none that can be read."""
    try:
        # The base class reads the header only; PNG's own method would decode the whole picture first.
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  damaged EXIF raises all sorts, and the pixels are still good
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _header(image: Image.Image, size_bytes: int | None) -> Header:
    orientation = orientation_of(image)
    width, height = image.size
    if image.format == "TIFF" and orientation >= 5:  # Pillow alone of all formats turns these when opening
        width, height = height, width
    return Header(format=image.format, width=width, height=height, size_bytes=size_bytes, orientation=orientation)
