"""Pictures that are nearly the same: saved again, resized, a little brighter or cut at the edge."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vlmkit.errors import BadSetting, RunError
from vlmkit.frame import pick_pictures, refs_of
from vlmkit.records import ImageRef
from vlmkit.sources import Limits
from vlmkit.sources.color_grid import color_grid

__all__ = ["duplicates"]

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
