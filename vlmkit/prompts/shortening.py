"""A text cut to a number of characters: behind a sentence, or else behind a word."""

from __future__ import annotations

import re
import unicodedata

from vlmkit.arguments import check_whole

__all__ = ["character_limit_suffix", "cut_text"]

_SENTENCE_END = r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”）]*"
_LEAST_SHARE = 0.4  # a sentence that ends earlier leaves too much of the room


def cut_text(text: str, most: int) -> str:
    """Text of at most so many characters.

    Parameters
    ----------
    text : str
    most : int
        Characters, at least 1.

    Returns
    -------
    str
        The text itself where it is short enough. Otherwise its whole sentences, where they fill two fifths of the room;
        or else its whole words; or else, of one long word, what fits.
    """
    if len(text) <= most:
        return text
    ends = [match.end() for match in re.finditer(_SENTENCE_END, text) if match.end() <= most]
    if ends and ends[-1] >= _LEAST_SHARE * most:
        return text[: ends[-1]]
    words = re.match(r"(.*\S)(?=\s)", text[: most + 1], re.DOTALL)
    if words and len(words[1]) >= _LEAST_SHARE * most:
        return words[1].rstrip(" ,;:–—-")
    return _whole_characters(text, most)


def character_limit_suffix(max_characters: int | None) -> str:
    """What is added to a prompt to keep the answer short; nothing for None.

    Raises
    ------
    BadSetting
        Not a whole number from 1 up.
    """
    if max_characters is None:
        return ""
    check_whole("max_characters", max_characters, "a whole number from 1 up, or None for no limit")
    return f" Use at most {max_characters} characters."


def _whole_characters(text: str, most: int) -> str:
    """Cut before a character that what follows belongs to: accents, joined emoji."""
    while most > 0 and (
        unicodedata.combining(text[most]) or text[most] in "\u200d\ufe0f" or text[most - 1] == "\u200d"
    ):
        most -= 1
    return text[:most]
