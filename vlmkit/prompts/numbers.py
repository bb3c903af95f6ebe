"""The one number an answer names; whatever leaves room for doubt is an `UnreadableReply`."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from vlmkit.prompts.quoting import unreadable

__all__ = ["read_float", "read_integer"]

_NUMBER = re.compile(
    r"(?<![\w.,])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?(?!\d|[.,]\d|[eE][-+]?\d)"
)
_WORDS = tuple(
    word
    for line in (
        "zero one two three four five six seven eight nine ten",
        "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty",
    )
    for word in line.split()
)
_NEGATION = re.compile(r"\b(?:not|no|none|neither|nor|never|cannot|\w+n['’]t)\b", re.IGNORECASE)
_LARGEST_INTEGER = 2**63 - 1  # what an Int64 column holds


def read_float(text: str) -> float:
    """The one number a text names, in digits or, up to twenty, as a word.

    Raises
    ------
    UnreadableReply
        None, or several different ones.
    """
    number = float(_number(text))
    if not math.isfinite(number):
        raise unreadable("a number", text)
    return number


def read_integer(text: str) -> int:
    """The one whole number a text names.

    Raises
    ------
    UnreadableReply
        None, several different ones, one with a fraction, or one too large for a column.
    """
    number = _number(text)
    if abs(number) > _LARGEST_INTEGER or number != number.to_integral_value():
        raise unreadable("a whole number", text)
    return int(number)


def _number(text: str) -> Decimal:
    digits = {Decimal(match.replace(",", "").replace("−", "-")) for match in _NUMBER.findall(text)}
    found = digits or {Decimal(_WORDS.index(word)) for word in re.findall(r"[a-z]+", text.casefold()) if word in _WORDS}
    if len(found) != 1 or (not digits and _NEGATION.search(text)):  # "no one is in it"
        raise unreadable("a number", text)
    return found.pop()
