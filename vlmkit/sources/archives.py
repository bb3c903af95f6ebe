"""Pictures inside zip and tar files, read where they lie: nothing is ever unpacked to disk.

A member is named as if the archive were a folder, ``photos.zip/sub/a.jpg``; its name is a label and leads nowhere.
"""

from __future__ import annotations

import atexit
import os
import re
import threading
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vlmkit.errors import ImageTooLarge, SetupError, UnreadableImage
from vlmkit.sources.faults import translated
from vlmkit.sources.limits import check_bytes

__all__ = ["Zip", "close_all", "is_archive", "is_compressed", "members", "read_member", "split_member"]

_SUFFIX = r"\.(?:zip|tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz))"
_MEMBER = re.compile(rf"^(.+?{_SUFFIX})[/{re.escape(os.sep)}](.+)$", re.IGNORECASE | re.DOTALL)
_ARCHIVE = re.compile(rf"{_SUFFIX}$", re.IGNORECASE)
_COMPRESSED = re.compile(r"\.(?:tgz|tbz2?|txz|tar\.(?:gz|bz2|xz))$", re.IGNORECASE)

_MOST_OPEN = 8


class _Archive(Protocol):
    def names(self) -> list[str]: ...

    def read(self, name: str, label: str, most_bytes: int) -> bytes: ...

    def close(self) -> None: ...


def is_archive(path: str) -> bool:
    """Whether a file's name is that of an archive that can be read here."""
    return _ARCHIVE.search(path) is not None


def is_compressed(path: str) -> bool:
    """Whether an archive, by its name, can only be read from front to back."""
    return _COMPRESSED.search(path) is not None


def split_member(path: str) -> tuple[str, str] | None:
    """Archive and member of a path that leads into an archive; None for any other.

    Parameters
    ----------
    path : str
    """
    start = 0
    while match := _MEMBER.match(path[start:]):
        archive = path[:start] + match[1]
        if os.path.isfile(os.path.expanduser(archive)):  # noqa: PTH111, PTH113  pathlib raises for odd names
            return os.path.expanduser(archive), match[2]  # noqa: PTH111
        start += match.end(1)
    return None


def members(path: str) -> list[str]:
    """Names of the regular files in an archive, in its own order.

    Parameters
    ----------
    path : str

    Raises
    ------
    SetupError
        The archive is damaged, encrypted, may not be read, or grows without end when it is decompressed.
    """
    try:
        with _using(path) as archive:
            return archive.names()
    except SetupError:
        raise
    except Exception as error:  # a damaged archive makes the standard library raise almost everything there is
        reason = f"{type(error).__name__}: {error}"
        raise SetupError(f"{path}: cannot be read as an archive ({reason}); fetch or make it again.") from error


def read_member(path: str, label: str, most_bytes: int) -> bytes:
    """Bytes of one member; may be called from many threads at once.

    Parameters
    ----------
    path : str
        Of the archive, a slash, and the member's name.
    label : str
        What messages call the picture.
    most_bytes : int
        Above this size it is not read.

    Raises
    ------
    RunError
        `UnreadableImage` or `ImageTooLarge`.
    """
    found = split_member(path)
    if found is None:
        raise UnreadableImage(f"{label}: no such archive any more; check the path.")
    with translated(label), _using(found[0]) as archive:
        try:
            return archive.read(found[1].replace(os.sep, "/"), label, most_bytes)
        except KeyError as error:
            raise UnreadableImage(f"{label}: the archive has no such member; check the name.") from error


def close_all() -> None:
    """Close the archives that were kept open for the next picture."""
    with _lock:
        while _opened:
            _let_go(_opened.popitem()[1])


@dataclass(slots=True)
class _Entry:
    archive: _Archive
    users: int = 0
    is_kept: bool = True


_lock = threading.Lock()
_opened: OrderedDict[tuple[object, ...], _Entry] = OrderedDict()
atexit.register(close_all)


@contextmanager
def _using(path: str) -> Iterator[_Archive]:
    """Archive that stays open after its use for the next one, unless the file changes; closed when nobody reads it."""
    status = Path(path).stat()
    # Forked processes would share a file's position.
    key = (os.getpid(), os.path.abspath(path), status.st_size, status.st_mtime_ns, status.st_ino)  # noqa: PTH100
    with _lock:
        if key not in _opened:
            _opened[key] = _Entry(_open(path))
        entry = _opened[key]
        entry.users += 1
        _opened.move_to_end(key)
        while len(_opened) > _MOST_OPEN:
            _let_go(_opened.popitem(last=False)[1])
    try:
        yield entry.archive
    finally:
        with _lock:
            entry.users -= 1
            if not entry.is_kept:
                _let_go(entry)


def _open(path: str) -> _Archive:
    # With the first archive only: the libraries behind them take longer to import than all of this room.
    if path.lower().endswith(".zip"):
        return Zip(path)
    from vlmkit.sources.tars import CompressedTar, Tar

    return CompressedTar(path) if is_compressed(path) else Tar(path)


def _let_go(entry: _Entry) -> None:
    entry.is_kept = False
    if not entry.users:
        entry.archive.close()


# A picture shrinks little when it is compressed once more, a bitmap of one color a thousand times: that may be small.
_INFLATED_BYTES, _INFLATED_RATIO = 64 * 1024**2, 200


class Zip:
    """One open zip.

    Parameters
    ----------
    path : str

    Raises
    ------
    Exception
        Almost any, where the file is damaged.
    """

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("rb")  # noqa: SIM115  of our own, because ZipFile counts its readers unlocked
        try:
            self._zip = zipfile.ZipFile(self._file)
        except BaseException:
            self._file.close()
            raise

    def names(self) -> list[str]:
        """Names of the regular files in it, each once."""
        return list(dict.fromkeys(info.filename for info in self._zip.infolist() if not info.is_dir()))

    def read(self, name: str, label: str, most_bytes: int) -> bytes:
        """Bytes of one file in it.

        Raises
        ------
        KeyError
            There is none of this name.
        RunError
            It is encrypted, has more bytes than allowed, or grows out of all proportion when it is inflated.
        """
        info = self._zip.getinfo(name)
        if info.flag_bits & 1:
            raise UnreadableImage(f"{label}: encrypted; unpack the archive with its password first.")
        check_bytes(info.file_size, label, most_bytes)
        if info.file_size > max(_INFLATED_BYTES, _INFLATED_RATIO * info.compress_size):
            raise ImageTooLarge(
                f"{label}: grows from {info.compress_size:,} to {info.file_size:,} bytes when it is inflated, as no "
                "picture does; unpack the archive yourself if you trust it."
            )
        with self._zip.open(info) as member:
            return member.read(most_bytes + 1)  # no more than the header says, or it is damaged

    def close(self) -> None:
        """Let go of the file; nobody may be reading."""
        self._zip.close()
        self._file.close()
