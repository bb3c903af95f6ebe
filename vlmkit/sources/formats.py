"""Which picture formats are opened, and what to say about the others."""

from __future__ import annotations

from functools import cache

from PIL import Image

from vlmkit.errors import RunError, UnreadableImage, UnsupportedFormat

__all__ = ["SUFFIXES", "allowed_formats", "foreign_format"]

# An allow list: Pillow would also hand PostScript to Ghostscript, and guess at text. MPO comes in as JPEG.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "AVIF", "HEIF", "JPEG2000", "PPM", "ICO", "QOI")

SUFFIXES = frozenset(
    f".{ending}"
    for line in (
        "jpg jpeg jpe jfif mpo jp2 j2k png apng webp gif avif heic heif",
        "tif tiff bmp dib ppm pgm pbm pnm ico qoi",
    )
    for ending in line.split()
)
"""What a file in a folder must end in, in lower case, to be taken for a picture."""

_SIGNATURES = (
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n", "PNG"),
    (0, b"GIF8", "GIF"),
    (8, b"WEBP", "WEBP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (4, b"ftypheic", "HEIF"),
    (4, b"ftypheix", "HEIF"),
    (4, b"ftypmif1", "HEIF"),
    (4, b"ftypmsf1", "HEIF"),
    (4, b"ftypavif", "AVIF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%PDF", "PDF"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xff\x0a", "JPEG XL"),
    (4, b"JXL \r\n\x87\n", "JPEG XL"),
    (0, b"v/1\x01", "OpenEXR"),
    (0, b"<svg", "SVG"),
)


@cache
def allowed_formats() -> tuple[str, ...]:
    """Names, as Pillow has them, of the formats that are opened; HEIF only where a plug-in brought it."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def foreign_format(head: bytes, label: str) -> RunError:
    """Say what bytes that no reader accepted are.

    Parameters
    ----------
    head : bytes
        The first bytes of the file; 16 are enough.
    label : str
        What the message calls the picture.

    Returns
    -------
    `UnsupportedFormat` for a known format that has no reader here, otherwise `UnreadableImage`.
    """
    name = next((name for at, start, name in _SIGNATURES if head[at : at + len(start)] == start), None)
    if name in allowed_formats():
        return UnreadableImage(f"{label}: {name} data that is damaged at its beginning; fetch or copy the file again.")
    if name:
        return UnsupportedFormat(f"{label}: {name} cannot be decoded here; save it as JPEG or PNG.")
    return UnreadableImage(f"{label}: not a picture, whatever its name says; check where the file came from.")
