"""Tar files: by offset where they are plain, from front to back where they are compressed."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from vlmkit.errors import SetupError, UnreadableImage
from vlmkit.sources.limits import MOST_TAR_HEADER_BYTES, check_bytes

__all__ = ["CompressedTar", "Tar"]

_PASSED_BYTES = 256 * 1024**2
_INFLATED_BYTES, _INFLATED_RATIO = 1024**3, 200  # pictures do not shrink when compressed once more; zeros do


# What carries a long name or extended headers: tarfile reads it whole, whatever size it claims.
_NAMING = {
    *(tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE),
    *(tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK),
}


class _Info(tarfile.TarInfo):
    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if info.type in _NAMING and info.size > MOST_TAR_HEADER_BYTES:
            raise SetupError(f"a name or header of {info.size:,} bytes, as no tar of pictures has; unpack it yourself.")
        return info


class Tar:
    """Uncompressed: where each member's bytes lie is found out once; each reading has the file to itself.

    Parameters
    ----------
    path : str
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._places: dict[str, tuple[int, int]] = {}
        with tarfile.open(self._path, "r:", tarinfo=_Info) as tar:
            for info in tar:
                if info.isreg() and not info.issparse():
                    self._places[info.name] = (info.offset_data, info.size)
                elif info.islnk() and info.linkname in self._places:
                    self._places[info.name] = self._places[info.linkname]

    def names(self) -> list[str]:
        """Names of the regular files in it, each once."""
        return list(self._places)

    def read(self, name: str, label: str, most_bytes: int) -> bytes:
        """Bytes of one file in it.

        Raises
        ------
        KeyError
            There is none of this name.
        RunError
            The archive ends too early, or the file has more bytes than allowed.
        """
        offset, size = self._places[name]
        check_bytes(size, label, most_bytes)
        with self._path.open("rb") as file:
            file.seek(offset)
            data = file.read(size)
        if len(data) < size:
            raise UnreadableImage(f"{label}: the archive ends too early; fetch or make it again.")
        return data

    def close(self) -> None:
        """Let go of the file; nobody may be reading."""


class CompressedTar:
    """Readable from front to back only: what is passed on the way to a member is kept for a while.

    Threads that ask roughly in the archive's order decompress it once; only a step far back starts it over.

    Parameters
    ----------
    path : str
    """

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._lock = threading.Lock()
        self._passed: OrderedDict[str, bytes | None] = OrderedDict()
        self._passed_bytes = 0
        self._stream: Iterator[tuple[str, IO[bytes] | None]] = iter(())

    def names(self) -> list[str]:
        """Names of the regular files in it, each once."""
        return list(dict.fromkeys(name for name, _ in _walk(self._path)))

    def read(self, name: str, label: str, most_bytes: int) -> bytes:
        """Bytes of one file in it.

        Raises
        ------
        KeyError
            There is none of this name.
        RunError
            It is a link, or has more bytes than allowed.
        """
        with self._lock:
            if name not in self._passed and not self._advance_to(name, most_bytes):
                self._stream = _walk(self._path)
                if not self._advance_to(name, most_bytes):
                    raise KeyError(name)
            data = self._passed[name]
        if data is None:
            raise UnreadableImage(f"{label}: a link inside of a compressed archive; unpack the archive first.")
        check_bytes(len(data), label, most_bytes)
        return data

    def close(self) -> None:
        """Let go of the file; nobody may be reading."""
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
        tarfile.open(fileobj=_Bounded(inflated, raw, path), mode="r|", tarinfo=_Info) as tar,
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
