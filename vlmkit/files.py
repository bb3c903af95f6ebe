"""Files: read once as long as they stay as they are, replaced whole or not at all; the user's folders.

Takes   a path, how its file is read or written.    Gives  what was read; a file that is whole.
May use platformdirs.                               Never  gives what a file said before it was changed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

__all__ = ["ReadOnce", "cache_folder", "config_folder", "replace_whole"]

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


@contextmanager
def replace_whole(path: Path) -> Iterator[Path]:
    """A file to be written, which takes the place of `path` when all went well; until then an older one stays as it is.

    A link of that name is replaced, never written through.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.

    Yields
    ------
    Path
        Beside it, hidden, and gone afterwards.
    """
    short = hashlib.blake2b(os.fsencode(path.name), digest_size=8).hexdigest()  # the name itself may be of full length
    partial = path.with_name(f".vlmkit-{short}-{os.getpid()}.partial")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()


def config_folder() -> Path:
    """The user's own folder of settings; it need not be there."""
    import platformdirs  # only now: most of its import is for other folders

    return Path(platformdirs.user_config_dir("vlmkit", appauthor=False))


def cache_folder() -> Path:
    """The user's own folder of what can be had again; it need not be there."""
    import platformdirs  # only now: most of its import is for other folders

    return Path(platformdirs.user_cache_dir("vlmkit", appauthor=False))
