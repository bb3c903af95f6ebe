"""JSON out of what a model wrote: bare, in a fence, with prose around it, or with Python's spelling of it.

A line of stations again: the first that finds an object wins, and none of them guesses at what is missing.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from typing import Any

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.quoting import shortened

__all__ = ["find_object"]

_FENCE = re.compile(r"```[\w-]*\s*\n?(.*?)```", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")
_LONGEST = 100_000  # characters; Python's parser takes memory and stack by the length of what it is given


def find_object(text: str) -> dict[str, Any]:
    """The JSON object in a text.

    Parameters
    ----------
    text : str

    Raises
    ------
    UnreadableReply
        There is none, or it is broken or cut off.
    """
    candidates = [*_FENCE.findall(text)[:4], text]
    for candidate in candidates:
        for read in _STATIONS:
            found = read(candidate)
            if isinstance(found, dict):
                return found
    raise UnreadableReply(
        f"expected one JSON object, got {shortened(text)}.", "Ask a model that follows schemas better."
    )


def _first_whole(text: str) -> Any:
    """What begins with the first brace; whatever stands behind it is prose. Never an object inside a broken one."""
    try:
        return json.JSONDecoder().raw_decode(text, text.index("{"))[0]
    except (ValueError, RecursionError):
        return None


def _without_trailing_commas(text: str) -> Any:
    try:
        return json.loads(_TRAILING_COMMA.sub("", _outermost(text)))
    except (ValueError, RecursionError):
        return None


def _as_python(text: str) -> Any:
    """Single quotes, True and None: a literal is parsed, nothing is evaluated."""
    literal = _outermost(text)
    try:
        return ast.literal_eval(literal) if len(literal) <= _LONGEST else None
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return None


def _outermost(text: str) -> str:
    return text[text.find("{") : text.rfind("}") + 1]


_STATIONS: tuple[Callable[[str], Any], ...] = (_first_whole, _without_trailing_commas, _as_python)
