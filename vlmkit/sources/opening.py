"""Opening pictures with Pillow: allowed formats, allowed sizes, the right page, to the last byte whatever others set.

Which page of a TIFF is the picture: cameras and archives put a reduced copy, or the sensor's raw data, beside it.
Directories are read as TIFF 6.0 has them (section 2), tags as in TIFF 6.0, TIFF/EP and Adobe's DNG specification 1.7.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import IO, Literal, NamedTuple

from PIL import ExifTags, Image, ImageFile

from vlmkit.errors import ImageTooLarge, UnreadableImage, UnsupportedFormat
from vlmkit.sources.formats import Reader, foreign_format, readers
from vlmkit.sources.parts import HEAD as ICON_HEAD
from vlmkit.sources.parts import check_icon, check_parts

__all__ = ["HEADS", "check_pixels", "open_image", "orientation_of", "picture_page", "strictly"]

HEADS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"MM*\0", b"II\0*")
"""How files begin that Pillow takes for a TIFF: with four bytes that also tell the order of bytes."""

_SUBFILE, _OLD_SUBFILE, _COMPRESSION, _PHOTOMETRIC, _SUB_DIRECTORIES = 254, 255, 259, 262, 330
_FILTER_PATTERN, _WIDTH, _HEIGHT = 33421, 256, 257
_SENSOR_DATA = {32803, 34892}  # PhotometricInterpretation: color filter array, linear raw
_RAW_COMPRESSIONS = {32767, 32769, 32770, 32867, 34713, 65000, 65535}  # Sony, Epson, Samsung, Kodak, Nikon, Pentax
_MOST_DIRECTORIES = 64
_PIECES = {273, 279, 324, 325}  # StripOffsets, StripByteCounts, TileOffsets, TileByteCounts
_MOST_PIECES = 2**18  # tiles of 256 × 256 of a picture of 17 gigapixels; Pillow takes microseconds for each
_SIZES = {1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}


class _Directory(NamedTuple):
    is_main: bool  # in the chain of pages, not below one
    tags: dict[int, list[int]]
    pieces: int  # strips or tiles

    @property
    def is_reduced(self) -> bool:
        return bool(self.tags.get(_SUBFILE, [0])[0] & 1) or self.tags.get(_OLD_SUBFILE) == [2]

    @property
    def pixels(self) -> int:
        return self.tags.get(_WIDTH, [0])[0] * self.tags.get(_HEIGHT, [0])[0]

    @property
    def is_raw(self) -> bool:
        photometric, compression = self.tags.get(_PHOTOMETRIC, [0])[0], self.tags.get(_COMPRESSION, [0])[0]
        is_sensor = photometric in _SENSOR_DATA or compression in _RAW_COMPRESSIONS
        return is_sensor or _FILTER_PATTERN in self.tags


def picture_page(file: IO[bytes], label: str) -> int:
    """Number of the page that is the picture, from 0: the first that is not a reduced copy of another.

    Parameters
    ----------
    file : binary file
        A TIFF; afterwards at another position.
    label : str

    Raises
    ------
    UnsupportedFormat
        The picture is a sensor's raw data, or stands where no reader here looks.
    UnreadableImage
        It is cut into so many pieces that listing them would keep its reader busy.
    """
    directories = list(_directories(file))
    _check_pieces(max((each.pieces for each in directories), default=0), label)
    _check_developed(any(each.is_raw for each in directories) or _is_raw_by_name(file), label)
    pages = [each for each in directories if each.is_main]
    whole = next((number for number, page in enumerate(pages) if not page.is_reduced), None)
    if whole is not None:
        return whole
    if any(not each.is_main and not each.is_reduced for each in directories):
        raise UnsupportedFormat(
            f"{label}: the TIFF's pages are reduced copies, and the picture itself is in a directory below them; save "
            "it as a plain TIFF, JPEG or PNG."
        )
    return max(range(len(pages)), key=lambda number: pages[number].pixels, default=0)  # all say so: the largest


def _is_raw_by_name(file: IO[bytes]) -> bool:
    """Canon's CR2 says so behind its header."""
    file.seek(8)
    return file.read(2) == b"CR"


def _directories(file: IO[bytes]) -> Iterator[_Directory]:
    """Pages, and directories below them; those that cannot be read are left out, as Pillow will say what is wrong."""
    file.seek(0)
    head = file.read(16)
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    is_big = 43 in head[2:4]
    waiting = [(True, int.from_bytes(head[8:16] if is_big else head[4:8], order))]
    seen: set[int] = set()
    while waiting and len(seen) < _MOST_DIRECTORIES:
        is_main, at = waiting.pop(0)
        if not at or at in seen:
            continue
        seen.add(at)
        tags, pieces, following = _read(file, at, order, is_big=is_big)
        yield _Directory(is_main, tags, pieces)
        if is_main:
            waiting.append((True, following))
        waiting += [(False, place) for place in tags.get(_SUB_DIRECTORIES, [])]


def _read(
    file: IO[bytes], at: int, order: Literal["little", "big"], *, is_big: bool
) -> tuple[dict[int, list[int]], int, int]:
    """Entries of a directory that are whole numbers, how many strips or tiles it has, where the next directory is."""
    count_bytes, entry_bytes, offset_bytes = (8, 20, 8) if is_big else (2, 12, 4)
    file.seek(at)
    count = min(int.from_bytes(file.read(count_bytes), order), 4096)
    body = file.read(count * entry_bytes)
    following = int.from_bytes(file.read(offset_bytes), order)
    tags: dict[int, list[int]] = {}
    pieces = 0
    for start in range(0, len(body) - entry_bytes + 1, entry_bytes):
        entry = body[start : start + entry_bytes]
        tag, kind = int.from_bytes(entry[:2], order), int.from_bytes(entry[2:4], order)
        number = int.from_bytes(entry[4 : 4 + offset_bytes], order)
        pieces = max(pieces, number if tag in _PIECES else 0)
        size = _SIZES.get(kind)
        if size is None or not 0 < number <= _MOST_DIRECTORIES:
            tags.setdefault(tag, [0])
            continue
        data = entry[4 + offset_bytes :]
        if size * number > offset_bytes:
            place = int.from_bytes(data, order)
            file.seek(place)
            data = file.read(size * number)
        tags[tag] = [int.from_bytes(data[at : at + size], order) for at in range(0, size * number, size)]
    return tags, pieces, following


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
    fitting = _fitting(head, readers())
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


@lru_cache(maxsize=256)
def _fitting(head: bytes, known: tuple[Reader, ...]) -> list[tuple[str, Callable[..., Image.Image]]]:
    """Readers that say that a file which begins so is theirs; a folder's files begin alike."""
    return [(name, factory) for name, factory, accept in known if not accept or _accepts(accept, head)]


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


def _check_pieces(pieces: int, label: str) -> None:
    if pieces > _MOST_PIECES:
        raise UnreadableImage(f"{label}: a TIFF of {pieces:,} pieces, made to keep its reader busy; leave it out.")


def _check_developed(is_raw: bool, label: str) -> None:
    if is_raw:
        raise UnsupportedFormat(
            f"{label}: camera raw, which is not developed here; export it as JPEG or TIFF, or use the JPEG that the "
            "camera wrote beside it."
        )
