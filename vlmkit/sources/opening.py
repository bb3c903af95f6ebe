"""Opening pictures with Pillow: allowed formats, allowed sizes, and to the last byte whatever others set."""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import IO

from PIL import ExifTags, Image, ImageFile

from vlmkit.errors import ImageTooLarge, UnsupportedFormat
from vlmkit.sources.formats import foreign_format, readers
from vlmkit.sources.icons import HEAD as ICON_HEAD
from vlmkit.sources.icons import check_icon
from vlmkit.sources.parts import check_parts
from vlmkit.sources.tiff_pages import HEADS, picture_page

__all__ = ["check_pixels", "open_image", "orientation_of", "strictly"]

_HEAD_BYTES = 1024
_FAMILY = {"DIB": "BMP"}  # readers that are one format to a user
_NOT_THIS_FORMAT = (SyntaxError, IndexError, TypeError, struct.error)  # what Pillow itself takes for it


def open_image(file: IO[bytes], label: str, most_pixels: int, formats: Collection[str] | None = None) -> Image.Image:
    """Identify a picture of an allowed format and size; its pixels are not decoded yet.

    Unlike ``Image.open`` it heeds only our own limit: Pillow's is one for the whole process, and warns at half of it.

    Parameters
    ----------
    file : binary file
        At any position; must stay open until the picture is loaded.
    label : str
        What messages call the picture.
    most_pixels : int
        `Limits.largest_image_pixels`, where there is no reason for another.
    formats : collection of str or None, default None
        `Limits.image_formats`; None opens all.

    Raises
    ------
    RunError
        `UnreadableImage`, `UnsupportedFormat` or `ImageTooLarge`; Pillow's own errors where the header is damaged.
    """
    file.seek(0)
    head = file.read(16)
    fitting = [(name, factory) for name, factory, accept in readers() if not accept or _accepts(accept, head)]
    _check_format([name for name, _ in fitting], label, formats)
    page = picture_page(file, label) if head.startswith(HEADS) else 0  # before Pillow lists what it is cut into
    if head.startswith(ICON_HEAD):
        check_icon(file, label)
    check_parts(file, label)
    for _, factory in fitting:
        try:
            file.seek(0)
            image = factory(file, "")
        except _NOT_THIS_FORMAT:
            continue
        if page:
            image.seek(page)
        check_pixels(image, label, most_pixels)
        return image
    file.seek(0)
    raise foreign_format(file.read(_HEAD_BYTES), label)


def _accepts(accept: Callable[[bytes], bool | str], head: bytes) -> bool:
    try:
        return accept(head) is True  # a text says why not
    except _NOT_THIS_FORMAT:  # as some do that were given fewer bytes than they look at
        return False


def _check_format(names: list[str], label: str, formats: Collection[str] | None) -> None:
    found = [_FAMILY.get(name, name).lower() for name in names]
    if formats is not None and found and not set(found) <= set(formats):
        raise UnsupportedFormat(
            f"{label}: {found[0]}, which image_formats does not allow (allowed: {', '.join(formats)}); save it as one "
            "of these, or allow it with vk.use(image_formats=…)."
        )


def check_pixels(image: Image.Image, label: str, most_pixels: int) -> None:
    """Make sure that decoding takes no more memory than allowed.

    Parameters
    ----------
    image : PIL.Image.Image
    label : str
    most_pixels : int

    Raises
    ------
    ImageTooLarge
        It has more.
    """
    pixels = image.width * image.height
    if pixels > most_pixels:
        allowed = f"the {most_pixels:,} that largest_image_pixels allows"
        raise ImageTooLarge(
            f"{label}: {image.width} × {image.height} = {pixels:,} pixels, more than {allowed}; "
            "shrink it, or allow more with vk.use(largest_image_pixels=…)."
        )


def orientation_of(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none, or none that can be read."""
    try:
        # The base class reads the header only; PNG's own method would decode the whole picture first.
        value = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  damaged EXIF raises all sorts, and the pixels are still good
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


_lock = threading.Lock()
_inside = 0
_found: bool = False


@contextmanager
def strictly() -> Iterator[None]:
    """Decode half a picture as an error inside, also where somebody set Pillow's ``LOAD_TRUNCATED_IMAGES``.

    It is one switch for the whole process; the first thread in turns it off, the last one out puts it back.
    """
    global _inside, _found  # noqa: PLW0603  as global as the switch itself
    with _lock:
        if _inside == 0:
            _found = ImageFile.LOAD_TRUNCATED_IMAGES
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                ImageFile.LOAD_TRUNCATED_IMAGES = _found
