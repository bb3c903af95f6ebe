"""Loops: a model that says the same words again and again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

__all__ = ["find_loops", "without_loops"]

_FEWEST_TIMES = 3
_FEWEST_WORDS = 6
_WORD = re.compile(r"\S+")

_Span = tuple[int, int]
_Run = tuple[int, int, int]


def find_loops(text: str) -> Iterator[_Span]:
    """Places where some words follow themselves at least three times, six words or more in all.

    Parameters
    ----------
    text : str

    Yields
    ------
    (int, int)
        Start and end, from the first time to the last.
    """
    matches = list(_WORD.finditer(text))
    for start, end, _ in _runs([_bare(match[0]) for match in matches]):
        yield matches[start].start(), matches[end - 1].end()


def without_loops(text: str) -> str:
    """Text in which each loop is said once."""
    matches = list(_WORD.finditer(text))
    pieces, at = [], 0
    for start, end, period in _runs([_bare(match[0]) for match in matches]):
        pieces.append(text[at : matches[start + period - 1].end()])
        at = matches[end - 1].end()
    return ("".join(pieces) + text[at:]).strip()


def _bare(word: str) -> str:
    return word.strip(".,;:!?").casefold()


def _runs(words: Sequence[str]) -> list[_Run]:
    """Loops that do not overlap: first word, behind the last word, words of one turn."""
    runs = []
    after = 0
    for start, period in _suspects(words):
        if start < after:
            continue
        end = start + period
        while end < len(words) and words[end] == words[end - period]:
            end += 1
        end -= (end - start) % period  # half a turn stays behind, as the rest of the text
        if end - start >= max(_FEWEST_WORDS, _FEWEST_TIMES * period):
            runs.append((start, end, period))
            after = end
    return runs


def _suspects(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where the same three words come again, and how far apart: the only places where a loop can begin."""
    last: dict[tuple[str, ...], int] = {}
    for position in range(len(words) - 2):
        three = tuple(words[position : position + 3])
        if three in last:
            yield last[three], position - last[three]
        last[three] = position
