"""Zip files: random access, from many threads."""

from __future__ import annotations

import zipfile
from pathlib import Path

from vlmkit.errors import ImageTooLarge, UnreadableImage
from vlmkit.sources.limits import check_bytes

__all__ = ["Zip"]

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
