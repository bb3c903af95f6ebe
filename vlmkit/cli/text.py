"""Text from models and file names, made safe to print and fitted to a width counted in terminal cells."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date

__all__ = ["HARMFUL", "dump", "harmless", "one_line", "shorten", "width_of", "wrap"]

# Terminal controls (C0, DEL, C1), invisible reordering (bidi), separators that start a line, lone surrogates.
HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def harmless(text: str, *, keep: str = "") -> str:
    r"""Replace what a terminal would obey instead of show.

    Parameters
    ----------
    text : str
    keep : str, default ""
        Control characters that stay, such as ``"\n"``.

    Examples
    --------
    >>> print(harmless("a\x1b[2Jb"))
    a\x1b[2Jb
    """
    return HARMFUL.sub(lambda match: match[0] if match[0] in keep else _escape(match[0]), text)


def dump(value: object, *, indent: int | None = None) -> str:
    """JSON that is safe to show; moments are written as ISO 8601.

    Parameters
    ----------
    value : object
    indent : int or None, default None
        None is one line.
    """
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=_plain)
    # Python escapes less than a terminal obeys; what is left of line ends is layout.
    return HARMFUL.sub(lambda match: "\n" if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)


def one_line(text: str) -> str:
    """The text on one line: white space becomes single spaces, the rest is `harmless`."""
    return harmless(re.sub(r"[ \t\r\n\f\v]+", " ", text).strip())


def width_of(text: str) -> int:
    """Cells the text takes in a terminal: two for wide characters, none for combining ones."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def shorten(text: str, width: int) -> str:
    """The text in at most `width` cells; where it is longer, ``…`` stands for its middle.

    Examples
    --------
    >>> shorten("datasets/scenes/scene_001.png", 20)
    'datasets/s…e_001.png'
    """
    if width_of(text) <= width:
        return text
    tail = _fitting(text[::-1], (width - 1) // 2)[::-1]
    return _fitting(text, width - 1 - width_of(tail)) + "…" + tail


def wrap(text: str, width: int) -> list[str]:
    """Lines of at most `width` cells, broken between words where possible; at least one line.

    Examples
    --------
    >>> wrap("A red circle on white.", 12)
    ['A red circle', 'on white.']
    """
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if width_of(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        rest = word
        while width_of(rest) > width:
            lines[-1] = _fitting(rest, width) or rest[0]
            rest = rest[len(lines[-1]) :]
            lines.append("")
        lines[-1] = rest
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no JSON value")


def _cells(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fitting(text: str, width: int) -> str:
    cells = 0
    for position, character in enumerate(text):
        cells += _cells(character)
        if cells > width:
            return text[:position]
    return text


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
