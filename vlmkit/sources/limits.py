"""How much pictures may cost: one of them in bytes and pixels, and all that are decoded at once in memory.

A file of a few hundred bytes may decode to a gigabyte. The limit of pixels bounds one picture; the budget
bounds all of them at one time: who finds too little left waits until another one is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from vlmkit import settings
from vlmkit.errors import ImageTooLarge
from vlmkit.memory import available_bytes, give_back

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "BUDGET",
    "LEAST_BYTES_A_PART",
    "MOST_EXIF_PARTS",
    "MOST_ICON_PIXELS",
    "MOST_PARTS",
    "MOST_PLAIN_BYTES",
    "MOST_TAR_HEADER_BYTES",
    "DecodingBudget",
    "Limits",
    "check_bytes",
    "decoding_bytes",
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


_SHARE = 4  # of what is free, one part
_LEAST_BYTES = 256 * 1024**2
_WITHOUT_LIMIT = 2**62
# Small pictures come through unasked: as many as there are threads are no danger.
_SMALL_BYTES = 16 * 1024**2
# Most that one pixel takes at one time on any way through `normalize` and `decode`, as measured: what the decoder
# gives, what that is converted to, what is made of it. Pillow keeps four bytes for a pixel of three colors.
_BYTES_PER_PIXEL = {"1": 9, "L": 6, "P": 16, "PA": 16, "LA": 16, "RGB": 13, "I": 18, "F": 18}
_BYTES_PER_DEEP_GRAY = 16  # I;16 in any order of bytes: seen as floating point
_OTHER_BYTES_PER_PIXEL = 16
# Which the decoder of a format keeps beside: WebP two canvases, OpenJPEG 32 bits for each color of each pixel.
_WEBP_BYTES, _JPEG_2000_BYTES_PER_BAND = 8, 4
_FILM_BYTES = 8  # the frame before, and the canvas that it is put on


def decoding_bytes(image: Image.Image) -> int:
    """Memory that decoding and converting a picture takes, from what its header says.

    Parameters
    ----------
    image : PIL.Image.Image
        Opened; need not be loaded.
    """
    default = _BYTES_PER_DEEP_GRAY if image.mode.startswith("I;16") else _OTHER_BYTES_PER_PIXEL
    each = _BYTES_PER_PIXEL.get(image.mode, default)
    if image.format == "JPEG2000":
        each += _JPEG_2000_BYTES_PER_BAND * len(image.getbands())
    each += _WEBP_BYTES if image.format == "WEBP" else 0
    each += _FILM_BYTES if getattr(image, "is_animated", False) else 0
    return image.width * image.height * each


class DecodingBudget:
    """Memory that several threads share; what is larger than all of it is worked on alone.

    Parameters
    ----------
    most_bytes : int or None, default None
        None is a quarter of what is free when it is first needed, and at least 256 MiB.
    """

    def __init__(self, most_bytes: int | None = None) -> None:
        self._given_bytes = most_bytes
        self._held_bytes = 0
        self._keeper: Callable[[int], None] | None = None
        self._changed = threading.Condition()
        self._queue = threading.Lock()

    def kept_by(self, ask: Callable[[int], None]) -> None:
        """Leave it to another process to say what is left.

        Parameters
        ----------
        ask : callable
            Called with what is needed, returns once it is there, and with 0 when it is no longer needed.
        """
        self._keeper = ask

    @contextmanager
    def hold(self, size_bytes: int) -> Iterator[None]:
        """Have this much for the stretch; waits, first come first served, until it is there.

        Parameters
        ----------
        size_bytes : int

        Raises
        ------
        MemoryError
            It is more than the machine has left.
        """
        if size_bytes <= _SMALL_BYTES:
            yield
            return
        if self._keeper is not None:
            self._keeper(size_bytes)
            try:
                yield
            finally:
                self._keeper(0)
            return
        with self._queue, self._changed:  # whoever needs much is not passed for ever by those who need little
            self._changed.wait_for(lambda: not self._held_bytes or self._held_bytes + size_bytes <= self._most_bytes())
            self._held_bytes += size_bytes
        try:
            _check_free(size_bytes)
            yield
        finally:
            give_back()
            with self._changed:
                self._held_bytes -= size_bytes
                self._changed.notify_all()

    def _most_bytes(self) -> int:
        return _default_bytes() if self._given_bytes is None else self._given_bytes


def _check_free(size_bytes: int) -> None:
    """Said before it is tried: systems that promise more memory than they have end the process instead."""
    free_bytes = available_bytes()
    if free_bytes is not None and size_bytes > free_bytes:
        raise MemoryError(f"{size_bytes // 2**20:,} MiB are needed and {free_bytes // 2**20:,} MiB are free")


@cache
def _default_bytes() -> int:
    free_bytes = available_bytes()
    return _WITHOUT_LIMIT if free_bytes is None else max(_LEAST_BYTES, free_bytes // _SHARE)


BUDGET = DecodingBudget()
"""Of this process."""
