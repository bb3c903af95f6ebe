"""Files written into texts: base64 says nothing to a model that reads it, and leaves no room for anything else."""

from __future__ import annotations

import base64
import re

__all__ = ["without_base64"]

_DATA_URL = re.compile(
    r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w.=+-]+)*;base64,(?P<data>[A-Za-z0-9+/=_-]+)", re.IGNORECASE
)
_LONG_WORD = re.compile(r"(?:[A-Za-z0-9+/_-]|\\/){1000,}={0,2}")  # JSON may write a slash with a backslash
_KINDS = tuple(map(re.compile, ("[A-Z]", "[a-z]", "[0-9]")))
_STANDARD = str.maketrans("-_", "+/")
_BYTES_A_KILOBYTE = 1000


def without_base64(text: str) -> tuple[str, list[bytes]]:
    """A text that says of each file in it what it was, and the files that are pictures.

    Parameters
    ----------
    text : str
        Perhaps with ``data:`` URLs, or with a file in base64.

    Examples
    --------
    >>> without_base64("Sound: data:audio/wav;base64,UklGRg==")
    ('Sound: [audio/wav, 4 bytes, not shown]', [])
    """
    pictures: list[bytes] = []

    def said(found: re.Match[str]) -> str:
        kind = found["type"] or "text/plain"
        try:
            data = base64.b64decode(found["data"].translate(_STANDARD), validate=True)
        except ValueError:
            return f"[{kind} that is no base64, not shown]"
        if kind.lower().startswith("image/") and data:
            pictures.append(data)
            return "[picture]"
        return f"[{kind}, {_size(len(data))}, not shown]"

    return _LONG_WORD.sub(_named, _DATA_URL.sub(said, text)), pictures


def _named(found: re.Match[str]) -> str:
    """What is said of a word that is base64; one of a single kind of letters is none."""
    word = found[0]
    return f"[base64, {_size(len(word) * 3 // 4)}, not shown]" if all(kind.search(word) for kind in _KINDS) else word


def _size(size_bytes: int) -> str:
    return f"{size_bytes} bytes" if size_bytes < _BYTES_A_KILOBYTE else f"{size_bytes / _BYTES_A_KILOBYTE:.0f} kB"
