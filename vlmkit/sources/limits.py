"""How much one picture may cost: bytes, pixels, and what a download may do."""

from __future__ import annotations

from dataclasses import dataclass

from vlmkit import settings
from vlmkit.errors import ImageTooLarge

__all__ = [
    "LEAST_BYTES_A_PART",
    "MOST_EXIF_PARTS",
    "MOST_ICON_PIXELS",
    "MOST_PARTS",
    "MOST_PLAIN_BYTES",
    "MOST_TAR_HEADER_BYTES",
    "Limits",
    "check_bytes",
]

MOST_PARTS = 10_000
"""Segments, chunks, blocks or boxes before the pixels: a photo with its depth map and much XMP has some hundred, and a
second is gone with some hundred thousand."""

MOST_EXIF_PARTS = 64
"""Of 64 kB in one JPEG: one is all that the standard allows. Pillow joins them, copying what it has every time."""

LEAST_BYTES_A_PART = 1024
"""Of a PNG with more than `MOST_PARTS` chunks, on average: encoders write pixels in chunks of 8 KiB and more."""

MOST_PLAIN_BYTES = 8 * 1024**2
"""Of a PBM, PGM or PPM with its numbers as text, which is read in Python: a second for 3 MB."""

MOST_TAR_HEADER_BYTES = 1024**2
"""Of a long name or of extended headers in a tar, which are read whole: names have up to 4 kB."""

MOST_ICON_PIXELS = 2048**2
"""In an icon file, whose picture is decoded while it is opened: icons have up to 256 × 256, odd ones 1024 × 1024."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Limits in force, resolved once for many pictures.

    Attributes
    ----------
    largest_image_bytes : int
        Of the encoded file.
    largest_image_pixels : int
        Width times height as stored.
    largest_download_bytes : int
        Of a body fetched over HTTP.
    download_timeout_s : float or None
        From the first look-up of the name to the last byte, redirects included; None waits for ever.
    allow_private_hosts : bool
        Whether pictures may be fetched from loopback, private and link-local addresses.
    image_formats : tuple of str or None
        Formats that are opened, as Pillow names them; None is all that can be.
    isolate_images : bool or "foreign"
        Which files are decoded in a process of its own: all, none, or those from URLs and archives.
    image_timeout_s : float or None
        For reading or decoding one picture there; None waits for ever.
    """

    largest_image_bytes: int
    largest_image_pixels: int
    largest_download_bytes: int
    download_timeout_s: float | None
    allow_private_hosts: bool
    image_formats: tuple[str, ...] | None
    isolate_images: bool | str
    image_timeout_s: float | None

    @classmethod
    def in_force(cls, **arguments: object) -> Limits:
        """Limits as the settings have them now.

        Parameters
        ----------
        **arguments : object
            What a caller was given for any of them; None is not given.

        Raises
        ------
        BadSetting
            One of them cannot be used.
        """
        return cls(**{name: settings.get(name, arguments.get(name)) for name in cls.__slots__})


def check_bytes(size_bytes: int, label: str, most_bytes: int) -> None:
    """Make sure that a file is not larger than allowed.

    Parameters
    ----------
    size_bytes : int
    label : str
        What the message calls the picture.
    most_bytes : int
        `Limits.largest_image_bytes`.

    Raises
    ------
    ImageTooLarge
        It is.
    """
    if size_bytes > most_bytes:
        advice = "shrink it, or allow more with vk.use(largest_image_bytes=…)."
        raise ImageTooLarge(
            f"{label}: {size_bytes:,} bytes, more than the {most_bytes:,} that largest_image_bytes allows; {advice}"
        )
