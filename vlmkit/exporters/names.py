"""Names of pictures in a data set: relative, safe on every system, each once; where they came from is not trusted."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from vlmkit.errors import SetupError
from vlmkit.sources import is_url, split_member

__all__ = [
    "SafeNames",
    "check_inside",
    "common_root",
    "is_file_name",
    "is_hidden",
    "leads_out",
    "name_below",
    "resolve_name",
    "safe_name",
]

_LONGEST_BYTES = 180  # of the 255 that a file name may have, with room for further endings
_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]')
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)


def is_file_name(path: str) -> bool:
    """Whether a picture's path is that of a file of its own: no URL, and nothing inside an archive."""
    return not is_url(path) and split_member(path) is None


def common_root(paths: Iterable[str], folder: Path | None) -> Path:
    """Folder that holds all of these files: the one given where it does, else the innermost.

    Parameters
    ----------
    paths : iterable of str
        What is not a file of its own is passed over.
    folder : Path or None
        None always takes the innermost; where there is no file, that is the working directory.
    """
    places = {os.path.dirname(os.path.abspath(os.path.expanduser(path))) for path in paths if is_file_name(path)}  # noqa: PTH100, PTH111, PTH120  pathlib raises for an unknown "~name"
    here = Path(os.path.abspath(folder or "."))  # noqa: PTH100  links stay as they were written
    try:
        found = os.path.commonpath(places) if places else str(here)
    except ValueError:  # on several drives
        return here
    return here if folder is not None and Path(found).is_relative_to(here) else Path(found)


def name_below(root: Path, path: str) -> str | None:
    """Name of a file relative to a folder, with slashes; None where it is outside.

    Parameters
    ----------
    root : Path
        Absolute.
    path : str
    """
    absolute = Path(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111  as above
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else None


def safe_name(name: str, suffix: str) -> str:
    """Relative name that every system and reader accepts: nothing leads elsewhere, is hidden, or reserved.

    Parameters
    ----------
    name : str
        Of anybody's making.
    suffix : str
        What it shall end in.

    Examples
    --------
    >>> safe_name("../../etc/passwd", ".jpg"), safe_name("a/CON.png", ".png"), safe_name(".hidden.jpg", ".jpg")
    ('etc/passwd.jpg', 'a/_CON.png', '_hidden.jpg')
    """
    *folders, last = [part for part in name.split("/") if part not in {"", ".", ".."}] or ["picture"]
    stem = last.removesuffix(suffix) if len(last) > len(suffix) else last
    return "/".join([*(_safe_part(part) for part in folders), _safe_part(stem) + suffix])


def _safe_part(part: str) -> str:
    part = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", part))
    part = part.encode("utf-8")[:_LONGEST_BYTES].decode("utf-8", "ignore").rstrip(". ") or "_"
    if part.startswith("."):  # readers pass over hidden files
        part = f"_{part[1:]}"
    if part.startswith("__"):  # and over folders that begin like this
        part = f"_{part.lstrip('_')}"
    return f"_{part}" if _RESERVED.match(part) else part


class SafeNames:
    """Gives each picture a safe name that no other has, also where letter case and accents do not count."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, name: str, suffix: str) -> str:
        """A free name as near to this one as possible, which is taken from now on.

        Parameters
        ----------
        name : str
        suffix : str
            What it shall end in.
        """
        wanted = safe_name(name, suffix)
        free, number = wanted, 1
        while _folded(free) in self._taken:
            number += 1
            free = f"{wanted.removesuffix(suffix)}-{number}{suffix}"
        self._taken.add(_folded(free))
        return free


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def check_inside(folder: Path, target: Path) -> None:
    """Make sure that a link inside a folder does not lead what is written there to somewhere else.

    Parameters
    ----------
    folder, target : Path

    Raises
    ------
    SetupError
        It would.
    """
    real = Path(os.path.realpath(target.parent))
    if not real.is_relative_to(os.path.realpath(folder)):
        raise SetupError(
            f"{target.parent}: a link that leads out of {folder}, to {real}. Remove it, or write elsewhere."
        )


def resolve_name(root: Path, name: str, where: str) -> str:
    """Path of a picture that a data set names.

    Parameters
    ----------
    root : Path
    name : str
        As it stands in the file.
    where : str
        What messages call the file.

    Raises
    ------
    SetupError
        The name leads out of the folder.
    """
    if is_url(name):
        return name
    if leads_out(name):
        raise SetupError(f"{where}: the name {name!r} leads out of {root}. Correct the file before you read it.")
    exact = str(root / name)  # a backslash may also be a letter of a name
    return exact if os.path.lexists(exact) else str(root / PurePosixPath(name.replace("\\", "/")))


def is_hidden(path: Path) -> bool:
    """Whether a relative path is passed over by those who list folders, as our copies of old files are.

    Parameters
    ----------
    path : Path
    """
    return any(part.startswith((".", "__")) for part in path.parts)


def leads_out(name: str) -> bool:
    """Whether a name is not a plain one below a folder: absolute, on a drive, or upwards.

    Parameters
    ----------
    name : str
        Of anybody's making.
    """
    parts = PurePosixPath(name.replace("\\", "/"))
    drive = re.match(r"[A-Za-z]:(?:[/\\]|$)", name) or (os.name == "nt" and ":" in name)
    return bool(parts.is_absolute() or drive or ".." in parts.parts or "\0" in name)
