"""Words of a text, and what two texts have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["longest_common_subsequence", "rouge_l", "words_of"]

_WORD = re.compile(r"\w+(?:['’]\w+)*")


def words_of(text: str) -> list[str]:
    """Words in lower case, without punctuation.

    Examples
    --------
    >>> words_of("A red circle, isn't it?")
    ['a', 'red', 'circle', "isn't", 'it']
    """
    return _WORD.findall(text.lower())


def rouge_l(text: str, references: Sequence[str]) -> float:
    """ROUGE-L: F1 of the longest common subsequence of words, with the reference that fits best.

    Lin: ROUGE: A Package for Automatic Evaluation of Summaries, 2004; without stemming.

    Parameters
    ----------
    text : str
    references : sequence of str

    Returns
    -------
    float, 0 to 1.
    """
    words = words_of(text)
    return max((_f1(words, words_of(reference)) for reference in references), default=0.0)


def _f1(words: Sequence[str], others: Sequence[str]) -> float:
    both = len(words) + len(others)
    return 2 * longest_common_subsequence(words, others) / both if both else 0.0


def longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    """Length of the longest sequence that is in both, in this order, with gaps.

    One machine word stands for a whole row of the usual table: Hyyrö, Bit-parallel LCS-length computation revisited,
    2004.
    """
    at: dict[str, int] = {}
    for position, word in enumerate(first):
        at[word] = at.get(word, 0) | 1 << position
    full = (1 << len(first)) - 1
    row = full
    for word in second:
        hits = row & at.get(word, 0)
        row = ((row + hits) | (row - hits)) & full
    return len(first) - row.bit_count()
