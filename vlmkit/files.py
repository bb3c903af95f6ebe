"""Files: read once as long as they stay as they are.

Takes   a path, and how its file is read.    Gives  what was read.
May use nothing.                             Never  gives what a file said before it was changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

__all__ = ["ReadOnce"]

Value = TypeVar("Value")

_MOST_KEPT = 64
_SETTLED_NS = 2 * 10**9  # the coarsest time stamps of file systems, those of FAT


class ReadOnce(Generic[Value]):
    """Reads files and keeps what it read, as long as size, times and number of a file stay the same.

    They are asked for at each call, so that a change is seen at once. Two changes may have the same time stamp: a file
    that was changed less than 2 s before it was read is therefore read at each call.

    Parameters
    ----------
    read : callable
        Path to value; what it raises is passed on, and not kept.
    """

    def __init__(self, read: Callable[[Path], Value]) -> None:
        self._read = read
        self._kept: dict[Path, tuple[tuple[int, ...], Value]] = {}

    def __call__(self, path: Path) -> Value:
        """What a file says now.

        Parameters
        ----------
        path : Path
        """
        state, is_settled = _state(path)
        known = self._kept.get(path)
        if known is not None and is_settled and known[0] == state:
            return known[1]
        value = self._read(path)
        if is_settled:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[path] = state, value
        return value


def _state(path: Path) -> tuple[tuple[int, ...], bool]:
    """What changes with a file, and whether a further change would show in it."""
    try:
        found = os.stat(path)  # noqa: PTH116  half the time of pathlib's, by the picture
    except OSError:
        return (), False
    changed_ns = max(found.st_mtime_ns, found.st_ctime_ns)
    state = (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev)
    return state, time.time_ns() - changed_ns > _SETTLED_NS
