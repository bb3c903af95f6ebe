"""Answers that hold nothing: no letter and no digit, a word of a program for nothing, one thing over and over."""

from __future__ import annotations

import re

from vlmkit.prompts.refusals import Asked

__all__ = ["emptiness_of"]

_NOTHING = frozenset({"null", "undefined", "nan", "nil", "[object object]", "<null>", "(null)"})
_NO_DESCRIPTION = frozenset({"none", "n/a", "na", "not applicable", "no caption", "no description"})
_MANY_TIMES = 4  # the same word, and nothing else
_MANY_TIMES_READ = 10  # on a picture a word may well stand that often
_LOOP = re.compile(r"(\S{1,12}?)\1{9,}")
_LONGEST_MARK = 12


def emptiness_of(text: str, asked: Asked) -> str | None:
    """In what way an answer holds nothing; None where it holds something.

    Parameters
    ----------
    text : str
        The answer, cleaned.
    asked : Asked
    """
    if not any(map(str.isalnum, text)):
        is_mark = asked.about_symbols and len(text) <= _LONGEST_MARK and text.strip(" .")
        return None if is_mark else "no letter and no digit"
    plain = text.strip(" .!\"'`*").casefold()
    if plain in _NOTHING or (asked.describes and plain in _NO_DESCRIPTION):
        return "a word for nothing"
    return "the same again and again" if _is_one_thing(text, asked) else None


def _is_one_thing(text: str, asked: Asked) -> bool:
    words = text.casefold().split()
    if len(words) == 1:
        return not asked.reads_text and _LOOP.fullmatch(text) is not None
    times = _MANY_TIMES_READ if asked.reads_text else _MANY_TIMES
    if len(words) < times:
        return False
    if len(set(words)) > len(words) // 2:
        return False
    different = {word.strip(".,;:!?") for word in words}
    return len(different) == 1 or (len(words) >= 4 * times and len(different) <= len(words) // 8 and _is_a_loop(words))


def _is_a_loop(words: list[str]) -> bool:
    """Whether the last part of an answer, and most of it, is one run of words over and over."""
    last = len(words)
    for period in range(1, len(words) // 4 + 1):
        at = last - 1
        while at >= period and words[at] == words[at - period]:
            at -= 1
        if (last - at - 1 + period) * 2 > last and last - at - 1 >= 3 * period:
            return True
    return False
