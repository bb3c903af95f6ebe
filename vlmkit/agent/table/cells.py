"""Cells of a table as a model may read them: plain JSON, bounded in length, with nothing hidden in it."""

from __future__ import annotations

import enum
import json
import math
import os
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from vlmkit.frame import is_list, is_missing, json_value
from vlmkit.untrusted import for_terminal

__all__ = ["clear_text", "plain_cell"]

_MOST_ITEMS = 50
_MOST_DEPTH = 4
_MOST_BITS = 1024  # Python does not write whole numbers of thousands of digits


def plain_cell(value: Any, most: int = 400) -> Any:
    r"""A cell as JSON has it.

    Parameters
    ----------
    value : object
    most : int, default 400
        Characters of a text, or of a list written as JSON, of which the rest is cut.

    Returns
    -------
    None, bool, int, float, str, list or dict
        What is missing is None; dates and times are in ISO 8601, decimals texts of their digits, numbers that are none
        texts (``"inf"``); hidden characters are escapes; what JSON has no form for is named by its type.

    Examples
    --------
    >>> plain_cell("red\x1b[2J"), plain_cell(float("nan")), plain_cell("abcdef", 3)
    ('red\\x1b[2J', None, 'abc… [cut: 6 characters in all]')
    """
    plain = _plain(value, most, _MOST_DEPTH)
    if isinstance(plain, list | dict):
        written = json.dumps(plain, ensure_ascii=False)
        return plain if len(written) <= most else _cut(written, most)
    return plain


def clear_text(text: str, most: int) -> str:
    """A text of anybody's, cut, in which nothing is hidden; line feeds and tabs stay.

    Parameters
    ----------
    text : str
    most : int
        Characters.
    """
    return _cut(for_terminal(text[: most + 1], keep="\n\t"), most, len(text))


def _cut(text: str, most: int, characters: int | None = None) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}… [cut: {characters or len(text):,} characters in all]"


def _plain(value: Any, most: int, depth: int) -> Any:
    if isinstance(value, str):
        return clear_text(value, most)
    if is_missing(value):
        return None
    if isinstance(value, Mapping):
        entries = islice(value.items(), _MOST_ITEMS)
        return {clear_text(str(key), most): _plain(item, most, depth - 1) for key, item in entries if depth}
    if is_list(value):
        return _listed(value, most, depth)
    return _scalar(value, most)


def _listed(value: Any, most: int, depth: int) -> Any:
    if getattr(value, "ndim", 1) > 1 or not depth:  # a picture, most likely: its numbers tell nobody anything
        shape = "x".join(map(str, getattr(value, "shape", ()))) or f"{len(value)} items"
        return f"<{type(value).__name__} of {shape}>"
    head = value[:_MOST_ITEMS].tolist() if hasattr(value, "tolist") else islice(_ordered(value), _MOST_ITEMS)
    items = [_plain(item, most, depth - 1) for item in head]
    return [*items, f"… [cut: {len(value):,} items in all]"] if len(value) > _MOST_ITEMS else items


def _ordered(value: Any) -> Iterable[Any]:
    return sorted(value, key=str) if isinstance(value, set | frozenset) else value


def _scalar(value: Any, most: int) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<bytes {len(value)}>"
    if isinstance(value, os.PathLike):
        return clear_text(os.fsdecode(value), most)
    if isinstance(value, enum.Enum):
        return _plain(value.value, most, 1)
    if hasattr(value, "isoformat") and hasattr(value, "item"):
        value = value.isoformat()
    return _number(value, most)


def _number(value: Any, most: int) -> Any:
    # A float of 32 bits has fewer digits than the same number of 64 would show.
    plain = float(str(value)) if type(value).__name__ in {"float16", "float32"} else _json_value(value)
    if isinstance(plain, bool | int):
        return plain if plain.bit_length() < _MOST_BITS else f"<int of {plain.bit_length()} bits>"
    if isinstance(plain, float):
        return plain if math.isfinite(plain) else str(plain)
    if isinstance(plain, str) or type(plain).__module__.startswith(("pandas", "datetime")):  # periods, spans of time
        return clear_text(str(plain), most)
    return f"<{type(plain).__name__}>"


def _json_value(value: Any) -> Any:
    try:
        return json_value(value)
    except (ValueError, OverflowError):  # a decimal of more zeros than anybody counts
        return str(value)
