"""The bytes behind a reference, within limits."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from vlmkit.errors import ImageTooLarge, UnreadableImage
from vlmkit.records import ImageRef
from vlmkit.sources.faults import translated

__all__ = ["LARGEST_FILE_BYTES", "check_file", "load_bytes"]

LARGEST_FILE_BYTES = 512 * 1024 * 1024


def load_bytes(ref: ImageRef) -> bytes:
    """All bytes of an encoded picture.

    Parameters
    ----------
    ref : ImageRef
        Of a path or of bytes.

    Raises
    ------
    UnreadableImage
        The file is missing, empty, not a file, may not be read, or the reference is to something else.
    ImageTooLarge
        More than `LARGEST_FILE_BYTES`.
    """
    if isinstance(ref.source, bytes):
        _check_size(len(ref.source), ref.label)
        return ref.source
    path = check_file(ref)
    with translated(ref.label), path.open("rb") as file:
        data = file.read(LARGEST_FILE_BYTES + 1)
    _check_size(len(data), ref.label)
    return data


def check_file(ref: ImageRef) -> Path:
    """Path of a reference, if a regular file of a permitted size is there.

    Raises
    ------
    UnreadableImage
        As `load_bytes`.
    ImageTooLarge
        As `load_bytes`.
    """
    if ref.source is None:
        raise UnreadableImage("the row names no picture; fill in its path or drop the row.")
    if not isinstance(ref.source, str):
        what = type(ref.source).__name__
        raise UnreadableImage(f"a value of type {what} is no picture; give a path, bytes or a PIL image.")
    if "://" in ref.source:
        raise UnreadableImage(f"{ref.label}: a URL, not a file; download the picture and give its path or bytes.")
    path = Path(os.path.expanduser(ref.source))  # noqa: PTH111  Path.expanduser raises for an unknown "~name"
    with translated(ref.label):
        status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        advice = "name the files in it, or read the directory itself as the source."
        raise UnreadableImage(f"{ref.label}: a directory, not a picture; {advice}")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableImage(f"{ref.label}: a device or a pipe, not a file; copy the picture into a file.")
    _check_size(status.st_size, ref.label)
    return path


def _check_size(size_bytes: int, label: str) -> None:
    if size_bytes == 0:
        raise UnreadableImage(f"{label}: empty, 0 bytes; fetch or copy the file again.")
    if size_bytes > LARGEST_FILE_BYTES:
        limit_mib = LARGEST_FILE_BYTES // 1024**2
        raise ImageTooLarge(f"{label}: {size_bytes:,} bytes, more than {limit_mib} MiB; shrink or re-encode it.")
