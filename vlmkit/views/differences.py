"""Where several texts differ, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import groupby

__all__ = ["Part", "differing_parts"]

Part = tuple[str, bool]
"""A stretch of text, and whether it differs."""

_TOKEN = re.compile(r"\w+|[^\w\s]")
_MOST_WORDS = 1000  # alignment takes the square of this


def differing_parts(texts: Sequence[str]) -> list[list[Part]]:
    """Each text in parts; put together they are the text again.

    A word is the same only where every other text has it, too, at the same point of the story, whatever its case.

    Parameters
    ----------
    texts : sequence of str
    """
    words = [[match[0].casefold() for match in _TOKEN.finditer(text)] for text in texts]
    if max(map(len, words), default=0) > _MOST_WORDS:
        return [[(text, False)] if text else [] for text in texts]
    return [_parts(text, _shared(place, words)) for place, text in enumerate(texts)]


def _shared(place: int, words: Sequence[list[str]]) -> list[bool]:
    """Which words of one text all others have."""
    shared = [True] * len(words[place])
    for other in (other for at, other in enumerate(words) if at != place):
        # Aligned in one order, whichever text is looked at, so that both sides agree.
        matched = _matched(words[place], other)
        shared = [was and is_matched for was, is_matched in zip(shared, matched, strict=True)]
    return shared


def _matched(ours: list[str], theirs: list[str]) -> list[bool]:
    swapped = theirs < ours
    first, second = (theirs, ours) if swapped else (ours, theirs)
    matched = [False] * len(ours)
    for block in SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks():
        start = block.b if swapped else block.a
        matched[start : start + block.size] = [True] * block.size
    return matched


def _parts(text: str, shared: Sequence[bool]) -> list[Part]:
    pieces: list[Part] = []
    end = 0
    for match, is_shared in zip(_TOKEN.finditer(text), shared, strict=True):
        gap = text[end : match.start()]
        # Blanks between two differing words belong to the difference, so that it reads as one stretch.
        pieces.append((gap, bool(pieces) and pieces[-1][1] and not is_shared))
        pieces.append((match[0], not is_shared))
        end = match.end()
    pieces.append((text[end:], False))
    together = groupby((piece for piece in pieces if piece[0]), key=lambda piece: piece[1])
    return [("".join(part for part, _ in group), differs) for differs, group in together]
