"""Texts: whole characters; in messages on one line, and no longer than anybody reads.

Takes   a text of any length.    Gives  one that fits.
May use nothing.                 Never  says that nothing was cut where something was."""

from __future__ import annotations

__all__ = ["mend_surrogates", "on_one_line", "quoted", "shortened"]


def on_one_line(text: str) -> str:
    """A text with single blanks where it has line ends and other white space."""
    return " ".join(text.split())


def shortened(text: str, most: int) -> str:
    """A text in at most so many characters; where it was longer, the last of them is ``…``.

    Examples
    --------
    >>> shortened("a red circle", 6)
    'a red…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def quoted(text: str, most: int = 80) -> str:
    """A text as messages quote it: on one line, in marks, shortened."""
    return repr(shortened(on_one_line(text), most))


def mend_surrogates(text: str) -> str:
    """Replace halves of characters, which JSON can carry and no column can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
