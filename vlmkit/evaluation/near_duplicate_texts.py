"""Texts that are nearly the same, found without comparing each with each.

MinHash signatures of runs of three words, put into buckets by bands (Leskovec, Rajaraman, Ullman: Mining of Massive
Datasets, chapter 3); what shares a bucket with an earlier text is compared exactly.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from vlmkit.evaluation.words import words_of

__all__ = ["near_duplicates"]

_BANDS, _ROWS_PER_BAND = 12, 6
_COMPARED = 4
_RUN = 3
_CHUNK = 4096
_MERSENNE = (1 << 31) - 1

_Keys = NDArray[np.uint64]


def near_duplicates(texts: Sequence[str], *, similarity: float) -> dict[int, int]:
    """Positions of texts that say again what an earlier one said.

    Parameters
    ----------
    texts : sequence of str
    similarity : float
        Share of the runs of three words that two texts have in common (Jaccard), from which they are the same; those
        of 0.9 and above are found nearly always, those below 0.7 often are not.

    Returns
    -------
    dict of int to int
        Position → position of the first text like it; case, punctuation and white space mean nothing. Texts without
        words are like none.
    """
    first: dict[tuple[str, ...], int] = {}
    like: dict[int, int] = {}
    for position, text in enumerate(texts):
        words = tuple(words_of(text))
        if words and first.setdefault(words, position) != position:
            like[position] = first[words]
    distinct = list(first.values())
    runs = [_hashed_runs(words) for words in first]
    for later, earlier in _pairs(runs, similarity):
        like[distinct[later]] = like.get(distinct[earlier], distinct[earlier])
    return {position: like.get(other, other) for position, other in sorted(like.items())}


def _hashed_runs(words: tuple[str, ...]) -> set[int]:
    size = min(_RUN, len(words))
    return {zlib.crc32(" ".join(words[at : at + size]).encode()) for at in range(len(words) - size + 1)}


def _pairs(runs: Sequence[set[int]], similarity: float) -> Iterator[tuple[int, int]]:
    """Each text that is like an earlier one, with the earliest found, in order."""
    found: dict[int, int] = {}
    for bucket in _buckets(runs):
        for place, later in enumerate(bucket):
            # A few of a bucket are enough: its texts are like each other, and all would make time grow as their square.
            for earlier in bucket[: min(place, _COMPARED)]:
                if earlier < found.get(later, later) and _alike(runs[earlier], runs[later], similarity):
                    found[later] = earlier
    yield from sorted(found.items())


def _buckets(runs: Sequence[set[int]]) -> Iterator[list[int]]:
    """Positions, in order, of texts that have a band of their signatures in common."""
    keys = _band_keys(runs)
    for band in range(keys.shape[1]):
        order = np.argsort(keys[:, band], kind="stable")
        edges = np.flatnonzero(np.diff(keys[order, band])) + 1
        edges = np.concatenate([[0], edges, [len(order)]])
        for number in np.flatnonzero(np.diff(edges) > 1):
            yield order[edges[number] : edges[number + 1]].tolist()


def _alike(mine: set[int], other: set[int], similarity: float) -> bool:
    shared = len(mine & other)
    return shared >= similarity * (len(mine) + len(other) - shared)


def _band_keys(runs: Sequence[set[int]]) -> _Keys:
    """A number for each band of each text's signature, shape (texts, bands)."""
    rng = np.random.default_rng(0)
    factors = rng.integers(1, _MERSENNE, _BANDS * _ROWS_PER_BAND, dtype=np.uint64)
    offsets = rng.integers(0, _MERSENNE, _BANDS * _ROWS_PER_BAND, dtype=np.uint64)
    keys = np.zeros((len(runs), _BANDS), dtype=np.uint64)
    for start in range(0, len(runs), _CHUNK):
        chunk = runs[start : start + _CHUNK]
        hashes = np.fromiter((value & _MERSENNE for each in chunk for value in each), dtype=np.uint64)
        starts = np.cumsum([0, *(len(each) for each in chunk[:-1])])
        for number, (factor, offset) in enumerate(zip(factors, offsets, strict=True)):
            smallest = np.minimum.reduceat((hashes * factor + offset) % _MERSENNE, starts)
            column = keys[start : start + len(chunk), number // _ROWS_PER_BAND]
            column *= np.uint64(0x9E3779B97F4A7C15)  # an odd number far from round: overflow mixes the bits
            column += smallest
    return keys
