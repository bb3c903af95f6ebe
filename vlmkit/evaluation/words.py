"""Words of texts, and what texts have in common: ROUGE-L; and CIDEr-D, by which rarer words count more.

Vedantam, Zitnick, Parikh: CIDEr: Consensus-based Image Description Evaluation, CVPR 2015 (arXiv:1411.5726), with the
clipping, the length penalty and the factor 10 of CIDEr-D as coco-caption computes them. Words are split more simply
than by its Java tokenizer: lower case, no punctuation.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

__all__ = ["cider_d", "longest_common_subsequence", "rouge_l", "words_of"]

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


_LONGEST = 4
_SIGMA = 6.0

_Ngram = tuple[str, ...]
_Vectors = tuple[list[dict[_Ngram, float]], list[float], int]


def cider_d(texts: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """Score of each text, 0 to 10; the weights come from all references together.

    Parameters
    ----------
    texts : sequence of str
    references : sequence of sequences of str
        For each text one or more that are right.

    Returns
    -------
    list of float
        All zero where there is only one row: nothing is rare in it.
    """
    counted = [[_counts(reference) for reference in row] for row in references]
    rows_with: Counter[_Ngram] = Counter(gram for row in counted for gram in {g for counts in row for g in counts})
    log_rows = math.log(max(1, len(references)))
    weight = {gram: log_rows - math.log(rows) for gram, rows in rows_with.items()}
    scores = []
    for text, row in zip(texts, counted, strict=True):
        ours = _vectors(_counts(text), weight, log_rows)
        similar = sum(_similarity(ours, _vectors(counts, weight, log_rows)) for counts in row)
        scores.append(10.0 * similar / len(row))
    return scores


def _counts(text: str) -> Counter[_Ngram]:
    words = words_of(text)
    return Counter(
        tuple(words[at : at + size]) for size in range(1, _LONGEST + 1) for at in range(len(words) - size + 1)
    )


def _vectors(counts: Counter[_Ngram], weight: dict[_Ngram, float], log_rows: float) -> _Vectors:
    """Weighted counts by length of n-gram, their norms, and the number of bigrams, which stands for the length."""
    vectors: list[dict[_Ngram, float]] = [{} for _ in range(_LONGEST)]
    for gram, count in counts.items():
        vectors[len(gram) - 1][gram] = count * weight.get(gram, log_rows)
    norms = [math.sqrt(sum(value * value for value in vector.values())) for vector in vectors]
    return vectors, norms, sum(count for gram, count in counts.items() if len(gram) == 2)


def _similarity(ours: _Vectors, theirs: _Vectors) -> float:
    penalty = math.exp(-((ours[2] - theirs[2]) ** 2) / (2 * _SIGMA**2))
    total = 0.0
    for mine, other, my_norm, other_norm in zip(ours[0], theirs[0], ours[1], theirs[1], strict=True):
        if my_norm and other_norm:
            shared = sum(min(value, other[gram]) * other[gram] for gram, value in mine.items() if gram in other)
            total += penalty * shared / (my_norm * other_norm)
    return total / _LONGEST
