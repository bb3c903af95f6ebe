"""One budget of memory for all pictures that are being decoded, whichever threads do it.

A file of a few hundred bytes may decode to a gigabyte. The limit of pixels bounds one picture; this bounds all of them
at one time: who finds too little left waits until another one is done.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from vlmkit.memory import available_bytes

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["BUDGET", "DecodingBudget", "decoding_bytes"]

_SHARE = 4  # of what is free, one part
_LEAST_BYTES = 256 * 1024**2
_WITHOUT_LIMIT = 2**62
# Small pictures come through unasked: as many as there are threads are no danger.
_SMALL_BYTES = 16 * 1024**2
_BYTES_PER_PIXEL = {"1": 1, "L": 1, "P": 1, "LA": 4, "I;16": 2, "I;16B": 2, "I;16L": 2}
_OTHER_BYTES_PER_PIXEL = 4  # as Pillow keeps them, RGB too
_COPIES = 3  # of the picture: from the decoder, turned or converted, made smaller


def decoding_bytes(image: Image.Image) -> int:
    """Memory that decoding and converting a picture takes, from what its header says.

    Parameters
    ----------
    image : PIL.Image.Image
        Opened; need not be loaded.
    """
    return image.width * image.height * _BYTES_PER_PIXEL.get(image.mode, _OTHER_BYTES_PER_PIXEL) * _COPIES


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
        self._changed = threading.Condition()
        self._queue = threading.Lock()

    @contextmanager
    def hold(self, size_bytes: int) -> Iterator[None]:
        """Have this much for the stretch; waits, first come first served, until it is there.

        Parameters
        ----------
        size_bytes : int
        """
        if size_bytes <= _SMALL_BYTES:
            yield
            return
        with self._queue, self._changed:  # whoever needs much is not passed for ever by those who need little
            self._changed.wait_for(lambda: not self._held_bytes or self._held_bytes + size_bytes <= self._most_bytes())
            self._held_bytes += size_bytes
        try:
            yield
        finally:
            with self._changed:
                self._held_bytes -= size_bytes
                self._changed.notify_all()

    def _most_bytes(self) -> int:
        return _default_bytes() if self._given_bytes is None else self._given_bytes


@cache
def _default_bytes() -> int:
    free_bytes = available_bytes()
    return _WITHOUT_LIMIT if free_bytes is None else max(_LEAST_BYTES, free_bytes // _SHARE)


BUDGET = DecodingBudget()
"""Of this process."""
