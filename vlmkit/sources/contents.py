"""The bytes behind a reference, wherever they are, within limits."""

from __future__ import annotations

import base64
import binascii
import os
import stat
import unicodedata
import urllib.parse
from pathlib import Path

from vlmkit.errors import UnreadableImage
from vlmkit.records import ImageRef
from vlmkit.sources import archives
from vlmkit.sources.faults import translated
from vlmkit.sources.limits import Limits, check_bytes
from vlmkit.sources.urls import check_media_type, fetch, is_url

__all__ = ["file_of", "in_either_form", "is_foreign", "load_bytes", "read_data_url"]


def load_bytes(ref: ImageRef, limits: Limits) -> bytes:
    """All bytes of an encoded picture.

    Parameters
    ----------
    ref : ImageRef
        Of a path, a member of an archive, a URL, or of bytes.
    limits : Limits

    Raises
    ------
    UnreadableImage
        The file is missing, empty, not a file, may not be read or fetched, or the reference is to something else.
    ImageTooLarge
        More bytes than allowed.
    """
    if isinstance(ref.source, bytes):
        data = ref.source
    elif (path := file_of(ref, limits)) is not None:
        with translated(ref.label), path.open("rb") as file:
            data = file.read(os.fstat(file.fileno()).st_size + 1)
    else:
        data = _elsewhere(str(ref.source), ref.label, limits)
    check_size(len(data), ref.label, limits)
    return data


def file_of(ref: ImageRef, limits: Limits) -> Path | None:
    """Path of a reference to a regular file of a permitted size; None where the bytes are not a file of their own.

    Parameters
    ----------
    ref : ImageRef
    limits : Limits

    Raises
    ------
    UnreadableImage
        As `load_bytes`.
    ImageTooLarge
        As `load_bytes`.
    """
    if isinstance(ref.source, bytes):
        return None
    if ref.source is None:
        raise UnreadableImage("the row names no picture; fill in its path or drop the row.")
    if not isinstance(ref.source, str):
        what = type(ref.source).__name__
        raise UnreadableImage(f"a value of type {what} is not a picture; give a path, a URL, bytes or a PIL image.")
    if is_url(ref.source) or archives.split_member(ref.source):
        return None
    path = Path(os.path.expanduser(ref.source))  # noqa: PTH111  Path.expanduser raises for an unknown "~name"
    with translated(ref.label):
        path = in_either_form(path)
        status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        advice = "name the files in it, or read the directory itself as the source."
        raise UnreadableImage(f"{ref.label}: a directory, not a picture; {advice}")
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableImage(f"{ref.label}: a device or a pipe, not a file; copy the picture into a file.")
    check_size(status.st_size, ref.label, limits)
    return path


def is_foreign(ref: ImageRef) -> bool:
    """Whether a picture comes from a URL or an archive, rather than from the user's own folders.

    Parameters
    ----------
    ref : ImageRef
    """
    if not isinstance(ref.source, str):
        return ref.is_foreign
    return is_url(ref.source) or archives.split_member(ref.source) is not None


def in_either_form(path: Path) -> Path:
    """A path as its file is spelled: a Mac composes accents otherwise than other systems (Unicode NFD and NFC).

    Parameters
    ----------
    path : Path

    Returns
    -------
    Path
        The path itself where it is there, or is there in neither form.
    """
    if str(path).isascii() or path.exists():
        return path
    parts = [Path(path.anchor)]
    for part in path.parts[1:] if path.anchor else path.parts:
        spellings = (part, unicodedata.normalize("NFC", part), unicodedata.normalize("NFD", part))
        parts.append(next((parts[-1] / name for name in spellings if (parts[-1] / name).exists()), parts[-1] / part))
    return parts[-1] if parts[-1].exists() else path


def check_size(size_bytes: int, label: str, limits: Limits) -> None:
    """Make sure that a file is neither empty nor larger than allowed.

    Parameters
    ----------
    size_bytes : int
    label : str
    limits : Limits

    Raises
    ------
    UnreadableImage
        It is empty.
    ImageTooLarge
        More than `Limits.largest_image_bytes`.
    """
    if size_bytes == 0:
        raise UnreadableImage(f"{label}: empty, 0 bytes; fetch or copy the file again.")
    check_bytes(size_bytes, label, limits.largest_image_bytes)


def _elsewhere(source: str, label: str, limits: Limits) -> bytes:
    if is_url(source):
        return fetch(source, label, limits)
    return archives.read_member(source, label, limits.largest_image_bytes)


def read_data_url(url: str, label: str, limits: Limits) -> bytes:
    """Bytes that stand in a ``data:`` URL.

    Parameters
    ----------
    url : str
    label : str
        What messages call the picture.
    limits : Limits

    Raises
    ------
    UnreadableImage
        It is cut off, damaged, or calls itself something else than a picture.
    ImageTooLarge
        More bytes than allowed.
    """
    head, comma, body = url[5:].partition(",")
    check_size(len(body) * 3 // 4 + 1, label, limits)
    if not comma:
        raise UnreadableImage(f"{label}: no comma, after which its data would stand; copy the whole URL.")
    media_type, *options = (part.strip().lower() for part in head.split(";"))
    check_media_type(media_type, label)
    raw = urllib.parse.unquote_to_bytes(body)
    if "base64" not in options:
        return raw
    try:
        return base64.b64decode(b"".join(raw.split()), validate=True)
    except binascii.Error as error:
        raise UnreadableImage(f"{label}: not base64 ({error}); copy the whole URL.") from error
