"""Pictures inside zip and tar files, read where they lie: nothing is ever unpacked to disk.

A member is named as if the archive were a folder, ``photos.zip/sub/a.jpg``; its name is a label and leads nowhere.
"""

from __future__ import annotations

import atexit
import bz2
import gzip
import io
import lzma
import os
import re
import tarfile
import threading
import zipfile
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from vlmkit.errors import ImageTooLarge, SetupError, UnreadableImage
from vlmkit.sources.faults import translated

__all__ = ["close_all", "is_archive", "is_compressed", "members", "read_member", "split"]

_MEMBER = re.compile(r"^(.+?\.(?:zip|tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz)))[/\\](.+)$", re.IGNORECASE | re.DOTALL)
_ARCHIVE = re.compile(r"\.(?:zip|tar|tgz|tbz2?|txz|tar\.(?:gz|bz2|xz))$", re.IGNORECASE)
_COMPRESSED = re.compile(r"\.(?:tgz|tbz2?|txz|tar\.(?:gz|bz2|xz))$", re.IGNORECASE)

_MOST_OPEN = 8
_PASSED_BYTES = 256 * 1024**2
_INFLATED_BYTES, _INFLATED_RATIO = 1024**3, 200  # pictures do not shrink when compressed once more; zeros do

# What damaged archives make the standard library raise.
_DAMAGED = (
    tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, ValueError, NotImplementedError,
    RuntimeError, OSError,
)  # fmt: skip


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


def split(path: str) -> tuple[str, str] | None:
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
    except _DAMAGED as error:
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
    found = split(path)
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
            kind = _CompressedTar if is_compressed(path) else _Tar if path.lower().endswith(".tar") else _Zip
            _opened[key] = _Entry(kind(path))
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


def _let_go(entry: _Entry) -> None:
    entry.is_kept = False
    if not entry.users:
        entry.archive.close()


class _Zip:
    """Random access, and by its own lock from many threads."""

    def __init__(self, path: str) -> None:
        self._file = Path(path).open("rb")  # noqa: SIM115  of our own, because ZipFile counts its readers unlocked
        try:
            self._zip = zipfile.ZipFile(self._file)
        except BaseException:
            self._file.close()
            raise

    def names(self) -> list[str]:
        return list(dict.fromkeys(info.filename for info in self._zip.infolist() if not info.is_dir()))

    def read(self, name: str, label: str, most_bytes: int) -> bytes:
        info = self._zip.getinfo(name)
        if info.flag_bits & 1:
            raise UnreadableImage(f"{label}: encrypted; unpack the archive with its password first.")
        _check_size(info.file_size, label, most_bytes)
        with self._zip.open(info) as member:
            return member.read(most_bytes + 1)  # no more than the header says, or it is damaged

    def close(self) -> None:
        self._zip.close()
        self._file.close()


class _Tar:
    """Uncompressed: where each member's bytes lie is found out once; each reading has the file to itself."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._places: dict[str, tuple[int, int]] = {}
        with tarfile.open(self._path, "r:") as tar:
            for info in tar:
                if info.isreg() and not info.issparse():
                    self._places[info.name] = (info.offset_data, info.size)
                elif info.islnk() and info.linkname in self._places:
                    self._places[info.name] = self._places[info.linkname]

    def names(self) -> list[str]:
        return list(self._places)

    def read(self, name: str, label: str, most_bytes: int) -> bytes:
        offset, size = self._places[name]
        _check_size(size, label, most_bytes)
        with self._path.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
        if len(data) < size:
            raise UnreadableImage(f"{label}: the archive ends too early; fetch or make it again.")
        return data

    def close(self) -> None:
        pass


class _CompressedTar:
    """Readable from front to back only: what is passed on the way to a member is kept for a while.

    Threads that ask roughly in the archive's order decompress it once; only a step far back starts it over.
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._passed: OrderedDict[str, bytes | None] = OrderedDict()
        self._passed_bytes = 0
        self._stream: Iterator[tuple[str, IO[bytes] | None]] = iter(())

    def names(self) -> list[str]:
        return list(dict.fromkeys(name for name, _ in _walk(self._path)))

    def read(self, name: str, label: str, most_bytes: int) -> bytes:
        with self._lock:
            if name not in self._passed and not self._advance_to(name, most_bytes):
                self._stream = _walk(self._path)
                if not self._advance_to(name, most_bytes):
                    raise KeyError(name)
            data = self._passed[name]
        if data is None:
            raise UnreadableImage(f"{label}: a link inside of a compressed archive; unpack the archive first.")
        _check_size(len(data), label, most_bytes)
        return data

    def close(self) -> None:
        with self._lock:
            self._stream = iter(())
            self._passed.clear()

    def _advance_to(self, wanted: str, most_bytes: int) -> bool:
        for name, member in self._stream:
            # One byte more than allowed is enough to tell that it is too large.
            self._keep(name, None if member is None else member.read(most_bytes + 1))
            if name == wanted:
                return True
        return False

    def _keep(self, name: str, data: bytes | None) -> None:
        self._passed_bytes += len(data or b"") - len(self._passed.pop(name, None) or b"")
        self._passed[name] = data
        while self._passed_bytes > _PASSED_BYTES and len(self._passed) > 1:
            self._passed_bytes -= len(self._passed.popitem(last=False)[1] or b"")


def _walk(path: Path) -> Iterator[tuple[str, IO[bytes] | None]]:
    """Name and, until the next step, content of each file in a compressed tar; links have no content."""
    with (
        path.open("rb") as raw,
        _decompressor(raw) as inflated,
        tarfile.open(fileobj=_Bounded(inflated, raw, path), mode="r|") as tar,
    ):
        for info in tar:
            if info.isreg():
                yield info.name, tar.extractfile(info)
            elif info.islnk():
                yield info.name, None


def _decompressor(raw: IO[bytes]) -> IO[bytes]:
    head = raw.read(6)
    raw.seek(0)
    if head.startswith(b"BZh"):
        return bz2.open(raw)
    return lzma.open(raw) if head.startswith(b"\xfd7zXZ\0") else gzip.open(raw)  # type: ignore[return-value]


class _Bounded(io.RawIOBase):
    """Decompressed bytes, until they are out of all proportion to the compressed ones."""

    def __init__(self, inflated: IO[bytes], raw: IO[bytes], path: Path) -> None:
        super().__init__()
        self._inflated, self._raw, self._path = inflated, raw, path
        self._size_bytes = 0

    def read(self, size: int = -1) -> bytes:
        data = self._inflated.read(size)
        self._size_bytes += len(data)
        if self._size_bytes > max(_INFLATED_BYTES, _INFLATED_RATIO * self._raw.tell()):
            raise SetupError(
                f"{self._path}: grows more than {_INFLATED_RATIO} times when it is decompressed, as no pictures do; "
                "unpack it yourself if you trust it."
            )
        return data


def _check_size(size_bytes: int, label: str, most_bytes: int) -> None:
    if size_bytes > most_bytes:
        allowed = f"the {most_bytes:,} that largest_image_bytes allows"
        raise ImageTooLarge(f"{label}: {size_bytes:,} bytes, more than {allowed}; shrink it, or raise that setting.")
