"""Where the values of a JSON object stand in its text."""

from __future__ import annotations

import json
import re

__all__ = ["value_spans"]

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"\s*")


def value_spans(text: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Spans of the values of the first JSON object in a text, by the keys that lead to them.

    Parameters
    ----------
    text : str

    Returns
    -------
    dict of (str, ...) to (int, int)
        Start and end in characters; of what stands in an inner object, under its keys. Empty where there is no whole
        object in JSON's own spelling.
    """
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    try:
        _walk(text, text.index("{"), (), found)
    except (ValueError, IndexError, RecursionError):
        return {}
    return found


def _walk(text: str, start: int, path: tuple[str, ...], found: dict[tuple[str, ...], tuple[int, int]]) -> int:
    position = _after_space(text, start + 1)
    while text[position] != "}":
        key, position = _DECODER.raw_decode(text, position)
        position = _after_space(text, position)
        if not isinstance(key, str) or text[position] != ":":
            raise ValueError(position)
        begin = _after_space(text, position + 1)
        inner = (*path, key)
        end = _walk(text, begin, inner, found) if text[begin] == "{" else _DECODER.raw_decode(text, begin)[1]
        found[inner] = begin, end
        position = _after_space(text, end)
        if text[position] == ",":
            position = _after_space(text, position + 1)
        elif text[position] != "}":
            raise ValueError(position)
    return position + 1


def _after_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position
