"""One budget of memory for all pictures that are being decoded, whichever threads do it.

A file of a few hundred bytes may decode to a gigabyte. The limit of pixels bounds one picture; this bounds all of them
at one time: who finds too little left waits until another one is done.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from vlmkit.memory import available_bytes, give_back

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["BUDGET", "DecodingBudget", "decoding_bytes"]

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
