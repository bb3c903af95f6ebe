"""Which picture formats are opened, and what to say about the others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import PurePath
from typing import IO, cast

from PIL import Image

from vlmkit.errors import RunError, UnreadableImage, UnsupportedFormat

__all__ = ["PICTURE_SUFFIXES", "allowed_formats", "foreign_format", "readers"]

# An allow list: Pillow would also hand PostScript to Ghostscript, and guess at text. MPO comes in as JPEG.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "JPEG2000", "PPM", "ICO", "QOI")
_PLUGINS = ("Jpeg", "Png", "WebP", "Gif", "Bmp", "Tiff", "Avif", "Jpeg2K", "Ppm", "Ico", "Qoi")  # of Pillow, for these

PICTURE_SUFFIXES = frozenset(
    f".{ending}"
    for line in (
        "jpg jpeg jpe jfif mpo jp2 j2k png apng webp gif avif heic heif hif",
        "tif tiff bmp dib ppm pgm pbm pnm ico qoi",
    )
    for ending in line.split()
)
"""What a file in a folder must end in, in lower case, to be taken for a picture."""

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})

_SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n", "PNG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WEBP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    *((4, b"ftyp" + brand, "HEIF") for brand in sorted(_HEIF_BRANDS)),
    (4, b"ftypavif", "AVIF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%PDF", "PDF"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL \r\n\x87\n", "JPEG XL"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"<svg", "SVG"),
    (0, b"IIRO", "camera raw (Olympus)"),
    (0, b"IIRS", "camera raw (Olympus)"),
    (0, b"MMOR", "camera raw (Olympus)"),
    (0, b"IIU\0", "camera raw (Panasonic)"),
    (0, b"FUJIFILMCCD-RAW", "camera raw (Fujifilm)"),
    (4, b"ftypcrx ", "camera raw (Canon)"),
    (0, b"FOVb", "camera raw (Sigma)"),
    (0, b"\0MRM", "camera raw (Minolta)"),
    (4, b"ftypisom", "MP4 video"),
    (4, b"ftypmp4", "MP4 video"),
    (4, b"ftypqt  ", "QuickTime video"),
)
# What a download or a checkout leaves in place of a picture, in lower case.
_TEXTS = (
    (b"version https://git-lfs", "a Git LFS pointer, not the picture itself; run `git lfs pull` in its repository."),
    (b"<!doctype html", "an HTML page, not a picture; the download got an error or a login page instead."),
    (b"<html", "an HTML page, not a picture; the download got an error or a login page instead."),
    (b"<?xml", "an XML text, not a picture; if it is SVG, save it as PNG, else see what the download got."),
    (b'{"', "a JSON text, not a picture; see what the download got instead."),
)
_ARCHIVES = (b"PK\3\4", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!")


Reader = tuple[str, Callable[..., Image.Image], Callable[[bytes], bool | str] | None]


@cache
def readers() -> tuple[Reader, ...]:
    """Name of each format that is opened, what opens it, and what tells it by its first bytes."""
    for plugin in _PLUGINS:  # and not all forty of them, which take longer than all the rest of a first picture
        with suppress(ImportError):  # as Pillow itself: the format is then none that is opened
            import_module(f"PIL.{plugin}ImagePlugin")
    return (*((name, *Image.OPEN[name]) for name in _FORMATS if name in Image.OPEN), ("HEIF", _open_heif, _is_heif))


@cache
def allowed_formats() -> tuple[str, ...]:
    """Names, as Pillow has them, of the formats that are opened."""
    return tuple(name for name, _, _ in readers())


def _is_heif(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS


def _open_heif(file: IO[bytes], filename: str) -> Image.Image:
    # Loaded with the first HEIC, and not registered: that would change Pillow for the whole process.
    from pillow_heif import HeifImageFile

    return cast("Image.Image", HeifImageFile(file, filename))  # type: ignore[no-untyped-call]


def foreign_format(head: bytes, label: str) -> RunError:
    """Say what bytes that no reader accepted are.

    Parameters
    ----------
    head : bytes
        The first bytes of the file: 16 tell formats, some hundred tell kinds of text.
    label : str
        What the message calls the picture.

    Returns
    -------
    `UnsupportedFormat` for a known format that has no reader here, and for what is a picture by neither its name nor
    its content; otherwise `UnreadableImage`.
    """
    name = next((name for at, start, name in _SIGNATURES if head[at : at + len(start)] == start), None)
    if name in allowed_formats():
        return UnreadableImage(f"{label}: {name} data that is damaged at its beginning; fetch or copy the file again.")
    if name:
        return UnsupportedFormat(f"{label}: {name} cannot be decoded here; save it as JPEG or PNG.")
    if head.startswith(_ARCHIVES):
        return UnreadableImage(f"{label}: an archive, not a picture; read a zip or tar as a source of its own.")
    for start, what in _TEXTS:
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(start):
            return UnreadableImage(f"{label}: {what}")
    suffix = PurePath(label).suffix.lower()
    if suffix.lstrip(".").isalpha() and suffix not in PICTURE_SUFFIXES:
        return UnsupportedFormat(f"{label}: not a picture, by its name and by its content; leave it out.")
    return UnreadableImage(f"{label}: not a picture, whatever its name says; check where the file came from.")
