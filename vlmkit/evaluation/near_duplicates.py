"""Pictures that are nearly the same: saved again, resized, a little brighter or cut at the edge; and texts that are.

Texts are found without comparing each with each: MinHash signatures of runs of three words, put into buckets by bands
(Leskovec, Rajaraman, Ullman: Mining of Massive Datasets, chapter 3); what shares a bucket with an earlier text is
compared exactly.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vlmkit.errors import BadSetting, RunError
from vlmkit.evaluation.words import words_of
from vlmkit.frame import pick_pictures, refs_of
from vlmkit.records import ImageRef
from vlmkit.sources import Limits, color_grid

__all__ = ["duplicates", "near_duplicates"]

_SIDE = 16
_BLOCK = 1024
_NOISE_LEVELS = 4.0  # contrast below this is noise of the encoding, not content
_BRIGHTNESS_LEVELS = 40.0

_Matrix = NDArray[np.float32]


def duplicates(source: Any, *, image: str | None = None, similarity: float = 0.985) -> pd.DataFrame:
    """Find pictures that are nearly the same.

    Each picture becomes 16 × 16 mean colors, and these are correlated, all with all; a picture saved again at low
    quality, resized, brighter, or cut by a hundredth is found. A mirrored, turned or strongly cropped one is not. Ten
    thousand pictures take as long as decoding them and a few seconds.

    Parameters
    ----------
    source : DataFrame or Series
    image : str, default None
        Column of a DataFrame that has the pictures; None takes ``path``, else ``image``.
    similarity : float, default 0.985
        Correlation from which two are the same; 1 is equal.

    Returns
    -------
    DataFrame
        Rows that have a double, group by group, under their labels: ``group`` (from 0), ``picture``, ``like`` (label of
        the group's first row; NA there), ``similarity`` (to that). Pictures that cannot be read are in no group.

    Raises
    ------
    SetupError
        There are no pictures, or `similarity` is not a share.
    """
    if not 0 < similarity <= 1:
        raise BadSetting(f"similarity={similarity!r}: give a share above 0, up to 1.")
    pictures = source if isinstance(source, pd.Series) else pick_pictures(source, image)
    refs = list(refs_of(pictures))
    grids = _grids(refs)
    readable = [position for position, grid in enumerate(grids) if grid is not None]
    vectors, brightness = _vectors([grid for grid in grids if grid is not None])
    first = _first_of_groups(_pairs(vectors, brightness, similarity), len(readable))
    groups: dict[int, list[int]] = {}
    for number, root in enumerate(first):
        groups.setdefault(root, []).append(number)
    rows = []
    for group, members in enumerate(members for members in groups.values() if len(members) > 1):
        for number in members:
            alike = _similarity(vectors[members[0]], vectors[number])
            rows.append((readable[number], group, refs[readable[number]].label, readable[members[0]], alike))
    return _table(rows, pictures.index)


def _grids(refs: list[ImageRef]) -> list[NDArray[np.uint8] | None]:
    limits = Limits.in_force()
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="vlmkit-likeness") as pool:
        return list(pool.map(partial(_grid, limits=limits), refs))


def _grid(ref: ImageRef, limits: Limits) -> NDArray[np.uint8] | None:
    try:
        return color_grid(ref, _SIDE, limits=limits)
    except RunError:
        return None


def _vectors(grids: list[NDArray[np.uint8]]) -> tuple[_Matrix, _Matrix]:
    """Grids without their brightness, with contrast one; and their brightness."""
    flat = np.array(grids, dtype=np.float32).reshape(len(grids), _SIDE * _SIDE * 3)
    brightness = flat.mean(axis=1)
    centered = flat - brightness[:, None]
    contrast = np.sqrt((centered**2).mean(axis=1) + _NOISE_LEVELS**2)
    return centered / (contrast[:, None] * np.float32(np.sqrt(flat.shape[1]))), brightness


def _similarity(first: _Matrix, second: _Matrix) -> float:
    """Correlation, or where there is no contrast, the lack of a difference."""
    return float(1 - ((first - second) ** 2).sum() / 2)


def _pairs(vectors: _Matrix, brightness: _Matrix, similarity: float) -> Iterator[tuple[int, int]]:
    lengths = (vectors**2).sum(axis=1)
    for start in range(0, len(vectors), _BLOCK):
        block = slice(start, start + _BLOCK)
        distances = lengths[block, None] + lengths[None, start:] - 2 * vectors[block] @ vectors[start:].T
        alike = distances <= 2 * (1 - similarity) + 1e-6
        alike &= np.abs(brightness[block, None] - brightness[None, start:]) <= _BRIGHTNESS_LEVELS
        for row, column in np.argwhere(np.triu(alike, 1)).tolist():
            yield start + row, start + column


def _first_of_groups(pairs: Iterator[tuple[int, int]], count: int) -> list[int]:
    """First member of each one's group: what pairs connect, at whatever distance, is one group."""
    first = list(range(count))

    def root_of(number: int) -> int:
        while first[number] != number:
            first[number] = first[first[number]]
            number = first[number]
        return number

    for one, other in pairs:
        low, high = sorted((root_of(one), root_of(other)))
        first[high] = low
    return [root_of(number) for number in range(count)]


def _table(rows: list[tuple[int, int, str, int, float]], index: pd.Index[Any]) -> pd.DataFrame:
    positions = [position for position, *_ in rows]
    return pd.DataFrame(
        {
            "group": pd.array([group for _, group, *_ in rows], dtype="Int64"),
            "picture": pd.array([label for _, _, label, *_ in rows], dtype="string"),
            "like": pd.Series(
                [pd.NA if at == position else index[at] for position, _, _, at, _ in rows], dtype=object
            ).to_numpy(),
            "similarity": pd.array([round(alike, 4) for *_, alike in rows], dtype="Float64"),
        },
        index=index[positions],
    )


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
    for later, earlier in _pairs_of_runs(runs, similarity):
        like[distinct[later]] = like.get(distinct[earlier], distinct[earlier])
    return {position: like.get(other, other) for position, other in sorted(like.items())}


def _hashed_runs(words: tuple[str, ...]) -> set[int]:
    size = min(_RUN, len(words))
    return {zlib.crc32(" ".join(words[at : at + size]).encode()) for at in range(len(words) - size + 1)}


def _pairs_of_runs(runs: Sequence[set[int]], similarity: float) -> Iterator[tuple[int, int]]:
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
