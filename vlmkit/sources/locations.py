"""From what a person points at to one reference per picture, in the order a person expects."""

from __future__ import annotations

import glob
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from vlmkit.arguments import did_you_mean
from vlmkit.errors import SetupError
from vlmkit.notices import warn
from vlmkit.records import ImageRef
from vlmkit.sources import archives
from vlmkit.sources.formats import PICTURE_SUFFIXES
from vlmkit.sources.objects import content_of, is_array, is_one_picture
from vlmkit.sources.urls import is_url, list_pictures, path_of_url, shown_url

__all__ = ["natural_key", "read", "refer"]

_LONGEST_PATH = 4096
# What file servers, desktops and systems put beside a user's pictures: thumbnails, waste, their own books.
_NOT_OF_THE_USER = frozenset(
    {"@eaDir", "#recycle", "#snapshot", "@Recycle", "@Recently-Snapshot", "$RECYCLE.BIN", "System Volume Information"}
    | {"__MACOSX", "lost+found", "Thumbs.db"}
)
_NUMBER, _SEPARATOR = re.compile(r"\d+"), re.compile(r"[/\\]")


def read(source: object, *, recursive: bool = False) -> list[ImageRef]:
    """One reference per picture; no picture is opened.

    Parameters
    ----------
    source : str, path, bytes, PIL image, array, or iterable of these
        A folder (pictures by file name, hidden ones left out, ``img2`` before ``img10``), a zip or tar archive (like a
        folder with its subfolders; a compressed tar in its own order, because only that reads it once), a file, a URL,
        a glob pattern (taken at its word: every file it matches), one picture, or several in their own order. None
        stands for a missing one.
    recursive : bool, default False
        Whether a folder's subfolders are read too.

    Returns
    -------
    list of ImageRef

    Raises
    ------
    SetupError
        The folder or file is not there, holds no picture, the archive cannot be read, the pattern matches nothing, or
        the type is none of these.
    """
    if isinstance(source, str | os.PathLike):
        return _read_path(os.fspath(source), recursive=recursive)
    if isinstance(source, bytes | bytearray | memoryview | Image.Image) or is_one_picture(source):
        return [refer(source)]
    if isinstance(source, Iterable) and not isinstance(source, dict):
        return [refer(item) for item in source]
    raise SetupError(
        f"Pictures cannot be read from a value of type {type(source).__name__}; give a folder, a path, a glob pattern, "
        "a URL, bytes, a PIL image, an array, or a list of these."
    )


def refer(item: object) -> ImageRef:
    """Reference to one picture; what cannot be one fails when it is opened, as a row does.

    Parameters
    ----------
    item : str, path, bytes, open file, PIL image, array, ImageRef or None
        A text that is empty, or a number that is none, names no picture.
        Or a mapping with ``bytes`` and ``path``, of which one may be None, as image columns of Hugging Face have it.
    """
    if isinstance(item, ImageRef):
        return item
    if isinstance(item, Mapping) and not item.keys().isdisjoint({"bytes", "path"}):
        return refer(item.get("bytes") or item.get("path"))
    if isinstance(item, str | os.PathLike):
        item = path_of_url(os.fsdecode(item))
        item = item if item.strip() else None
    elif isinstance(item, bytearray | memoryview):
        item = bytes(item)
    elif isinstance(item, float) and math.isnan(item):
        item = None
    else:
        item = content_of(item)
    return ImageRef(source=item, label=_label(item))


def _label(item: Any) -> str:
    if isinstance(item, str):
        return shown_url(item) if is_url(item) else _short(item)
    if isinstance(item, bytes):
        return f"<bytes {len(item)}>"
    if isinstance(item, Image.Image):
        return f"<image {item.width}x{item.height}>"
    if is_array(item):
        return f"<array {'x'.join(map(str, item.shape))}>"
    return "<missing>" if item is None else f"<{type(item).__name__}>"


def _short(path: str) -> str:
    """What no system takes for a path, such as a picture in base64, shall not fill a message."""
    return path if len(path) <= _LONGEST_PATH else f"{path[:60]}… ({len(path):,} characters)"


def natural_key(text: str) -> tuple[str, str]:
    """Sort key under which ``img2`` comes before ``img10``, folder by folder, whatever the case."""
    # One text, not lists of numbers and texts: sorting a million files would need a gigabyte for those.
    return _NUMBER.sub(_sortable, _SEPARATOR.sub("\0", text.casefold())), text


def _sortable(match: re.Match[str]) -> str:
    """Digits such that more of them come later; any number of digits, of any script, after ends and before letters."""
    digits = match[0] if match[0].isascii() else "".join(str(int(digit)) for digit in match[0])
    value = digits.lstrip("0")
    return f"\1{chr(len(value))}{value}"


def _read_path(path: str | bytes, *, recursive: bool) -> list[ImageRef]:
    text = path_of_url(os.fsdecode(path))
    if is_url(text):
        return list(map(refer, list_pictures(text, recursive=recursive)))
    text = os.path.expanduser(text)  # noqa: PTH111  Path would drop "./" and change the label
    # Unlike their namesakes in pathlib these answer False for what cannot be a path, such as a whole caption.
    if os.path.isdir(text):  # noqa: PTH112
        return [refer(name) for name in _list_folder(text, recursive=recursive)]
    if archives.is_archive(text) and os.path.isfile(text):  # noqa: PTH113
        return [refer(name) for name in _list_archive(text)]
    if os.path.lexists(text) or archives.split_member(text):
        return [refer(text)]
    if glob.has_magic(text):
        return _match(text)
    raise SetupError(f"{text}: no such folder or file.{_neighbor(Path(text))}")


def _match(pattern: str) -> list[ImageRef]:
    names = [
        name
        for name in glob.glob(pattern, recursive=True)  # noqa: PTH207  as above
        if not (Path(name).is_dir() or _is_found_beside(name, pattern))
    ]
    if not names:
        raise SetupError(f"{pattern}: no file matches; the working directory is {Path.cwd()}.")
    return [refer(name) for name in sorted(names, key=natural_key)]


def _is_found_beside(name: str, pattern: str) -> bool:
    """Whether a wildcard led into a folder that is not the user's own, such as a file server's thumbnails."""
    return any(part in _NOT_OF_THE_USER and part not in pattern for part in _SEPARATOR.split(name)[:-1])


def _list_folder(folder: str, *, recursive: bool) -> list[str]:
    names = sorted(_pictures_in(folder, recursive=recursive), key=natural_key)
    if names:
        return names
    deeper = 0 if recursive else sum(1 for _ in _pictures_in(folder, recursive=True))
    advice = f" Its subfolders hold {deeper}: pass recursive=True." if deeper else ""
    raise SetupError(
        f"{folder}: no pictures in this folder (looked for {', '.join(sorted(PICTURE_SUFFIXES))}).{advice}"
    )


def _list_archive(archive: str) -> list[str]:
    found = [name for name in archives.members(archive) if _is_picture(name)]
    if not found:
        raise SetupError(f"{archive}: no pictures in this archive (looked for {', '.join(sorted(PICTURE_SUFFIXES))}).")
    in_order = found if archives.is_compressed(archive) else sorted(found, key=natural_key)
    return [f"{archive}/{name}" for name in in_order]


def _is_picture(member: str) -> bool:
    """Whether an archive's member is one by its name; what macOS adds for each file is not."""
    *folders, name = re.split(r"[/\\]", member)
    is_hidden = any(part.startswith(".") and part.strip(".") for part in [*folders, name]) or "__MACOSX" in folders
    return not is_hidden and os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES  # noqa: PTH122


def _pictures_in(folder: str, *, recursive: bool) -> Iterator[str]:
    """Pictures by their names; folders behind symbolic links are entered once, those that cannot be listed passed."""
    seen: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, onerror=partial(_pass_over, folder), followlinks=True):
        folders[:] = [name for name in folders if not _is_left_out(name)]
        for name in [*files, *folders]:  # a directory called x.png becomes a row that says so
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in PICTURE_SUFFIXES:  # noqa: PTH122
                yield os.path.join(place, name)  # noqa: PTH118  keeps the folder as it was written
        if not recursive:
            return
        _remember(place, seen)
        folders[:] = [name for name in folders if _is_new(os.path.join(place, name), seen)]  # noqa: PTH118


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name in _NOT_OF_THE_USER


def _remember(folder: str, seen: set[tuple[int, int]]) -> None:
    status = os.stat(folder)  # noqa: PTH116
    seen.add((status.st_dev, status.st_ino))


def _is_new(folder: str, seen: set[tuple[int, int]]) -> bool:
    """Whether a folder was not entered yet by another name; a link that leads back into itself is not."""
    try:
        status = os.stat(folder)  # noqa: PTH116
    except OSError:
        return True  # `os.walk` will say why
    identity = (status.st_dev, status.st_ino)
    if identity in seen:
        return False
    seen.add(identity)
    return True


def _pass_over(source: str, error: OSError) -> None:
    """A folder below the one that was named costs its own pictures, not those of all others."""
    where = _short(str(error.filename))
    message = f"{where}: cannot be listed ({error.strerror}); make it readable or leave it out."
    if error.filename == source:
        raise SetupError(message) from error
    warn(f"{message} Its pictures are missing here.")


def _neighbor(path: Path) -> str:
    try:
        names = os.listdir(path.parent)  # noqa: PTH208  names are all that is compared
    except OSError:
        return f" Nor is there a folder {path.parent}; the working directory is {Path.cwd()}."
    otherwise = f"The working directory is {Path.cwd()}."
    return did_you_mean(path.name, names, write=lambda name: str(path.parent / name), otherwise=otherwise)
