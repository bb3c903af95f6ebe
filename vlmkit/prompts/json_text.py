"""JSON out of what a model wrote: bare, fenced, in prose, or in Python's spelling; and where its values stand.

All objects of a text are found, and they must be one and the same: of two that differ, nobody knows which was meant.
Nothing inside a broken object is taken for it, and nothing that is missing is guessed.
"""

from __future__ import annotations

import ast
import json
import math
import re
from collections.abc import Iterator
from typing import Any, Self

from vlmkit.errors import UnreadableReply
from vlmkit.untrusted import quoted

__all__ = ["WrittenNumber", "find_object", "value_spans"]

_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_LONGEST = 100_000  # characters; Python's parser takes memory and stack by the length of what it is given
_MOST_BROKEN = 64  # brackets that begin nothing; after so many, the text is not an answer
_ADVICE = "Ask a model that follows schemas better."


class WrittenNumber(float):
    """A number with a fraction or an exponent, as a JSON text has it.

    Attributes
    ----------
    text : str
        Its digits, all of which a decimal keeps.
    """

    text: str

    def __new__(cls, text: str) -> Self:
        """The number that a text is."""
        number = super().__new__(cls, text)
        number.text = text
        return number


def find_object(text: str) -> dict[str, Any]:
    """The JSON object in a text.

    Parameters
    ----------
    text : str

    Raises
    ------
    UnreadableReply
        There is none, there are several that differ, it is broken or cut off, it has a key twice with different values,
        or a number that is none, such as NaN or 1e999.
    """
    found: dict[str, dict[str, Any]] = {}
    for value in _objects(text):
        found.setdefault(json.dumps(value, sort_keys=True, default=repr), value)
        if len(found) > 1:
            raise UnreadableReply(f"expected one JSON object, got several that differ: {quoted(text)}.", _ADVICE)
    if not found:
        raise UnreadableReply(f"expected one JSON object, got {quoted(text)}.", _ADVICE)
    return found.popitem()[1]


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Objects that stand for themselves or in a list, in order."""
    position, broken = 0, 0
    while (match := re.compile(r"[\[{]").search(text, position)) and broken < _MOST_BROKEN:
        value, position = _read(text, match.start())
        if isinstance(value, dict):
            yield value
        elif isinstance(value, list):
            yield from (item for item in value if isinstance(item, dict))
        else:
            broken += 1


def _read(text: str, start: int) -> tuple[Any, int]:
    """What begins with a bracket, and where it ends; None where that is nothing."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return _read_loosely(text, start)
    return value, end


def _read_loosely(text: str, start: int) -> tuple[Any, int]:
    end = start + 1
    for quotes in ('"', "\"'"):
        group_end = _group_end(text, start, quotes)
        if group_end is None:
            continue
        end = max(end, group_end)
        for read in (_without_trailing_commas, _as_python):
            value = read(text[start:group_end])
            if isinstance(value, dict | list):
                return value, group_end
    if text[start] == "[":  # "[see below]" is prose, and so may be what it holds
        return None, start + 1
    if end == start + 1 or re.match(r"\{\s*[\"']", text[start:]):
        raise UnreadableReply(f"expected one JSON object, got {quoted(text[start:])}.", _ADVICE)
    return None, end


def _group_end(text: str, start: int, quotes: str) -> int | None:
    """Behind the bracket that closes the one at `start`, outside of texts."""
    depth, inside = 0, ""
    for match in re.compile(r"\\.|[\"'{}\[\]]", re.DOTALL).finditer(text, start):
        mark = match[0]
        if inside:
            inside = "" if mark == inside else inside
        elif mark in quotes:
            inside = mark
        elif mark in "{}[]":
            depth += 1 if mark in "{[" else -1
            if depth == 0:
                return match.end()
    return None


def _without_trailing_commas(literal: str) -> Any:
    try:
        return _DECODER.decode(_TRAILING_COMMA.sub("", literal))
    except (ValueError, RecursionError):
        return None


def _as_python(literal: str) -> Any:
    """Single quotes, True and None: a literal is parsed, nothing is evaluated."""
    if len(literal) > _LONGEST:
        return None
    try:
        tree = ast.parse(literal.strip(), mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                _object([(ast.literal_eval(key), ast.dump(value)) for key, value in _entries(node)])
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                _finite(repr(node.value))
        return ast.literal_eval(tree)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _entries(node: ast.Dict) -> Iterator[tuple[ast.expr, ast.expr]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is None:
            raise ValueError("an unpacked mapping is not a literal")
        yield key, value


def _object(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    made: dict[Any, Any] = {}
    for key, value in pairs:
        if key in made and made[key] != value:
            raise UnreadableReply(f"the answer has {key!r} twice, with different values.", _ADVICE)
        made[key] = value
    return made


def _finite(number: str) -> float:
    value = WrittenNumber(number)
    if not math.isfinite(value):
        raise UnreadableReply(f"the answer has {number[:20]} where a number should be.", _ADVICE)
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=_finite)


_PLAIN_DECODER = json.JSONDecoder()
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
        key, position = _PLAIN_DECODER.raw_decode(text, position)
        position = _after_space(text, position)
        if not isinstance(key, str) or text[position] != ":":
            raise ValueError(position)
        begin = _after_space(text, position + 1)
        inner = (*path, key)
        end = _walk(text, begin, inner, found) if text[begin] == "{" else _PLAIN_DECODER.raw_decode(text, begin)[1]
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
