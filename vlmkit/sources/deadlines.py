"""One deadline for everything a download does, however slowly its bytes drip in."""

from __future__ import annotations

import time

from vlmkit.errors import UnreadableImage

__all__ = ["Deadline"]


class Deadline:
    """The moment by which a download must be done."""

    def __init__(self, timeout_s: float | None, label: str) -> None:
        self._timeout_s, self._label = timeout_s, label
        self._end_s = None if timeout_s is None else time.monotonic() + timeout_s

    def left_s(self) -> float | None:
        """Seconds left, for a socket's timeout.

        Raises
        ------
        UnreadableImage
            None.
        """
        if self._end_s is None:
            return None
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise self.passed()
        return left_s

    def passed(self) -> UnreadableImage:
        """What a row says whose time is over."""
        said = f"not fetched within {self._timeout_s:g} s" if self._timeout_s else "the connection timed out"
        return UnreadableImage(f"{self._label}: {said}; try again, or allow more with vk.use(download_timeout_s=…).")
