"""One row per image: where it is, and what its header says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from vlmkit.errors import RunError
from vlmkit.frame.columns import integer_array, text_array
from vlmkit.frame.tables import add_columns, pick_pictures, refs_of
from vlmkit.records import ImageRef
from vlmkit.sources import Header, read, read_header

__all__ = ["header_columns", "read_images", "table_of"]

_THREADS = 16  # headers are waited for, not computed
_CHUNK = 64  # a future for each row of a million would weigh more than the table

_FACTS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "format": text_array,
    "width": integer_array,
    "height": integer_array,
    "size_bytes": integer_array,
    "orientation": integer_array,
}


def read_images(
    source: Any, *, recursive: bool = False, image: str | None = None, overwrite: bool = False
) -> pd.DataFrame:
    """One row per image, with its technical facts; pixels are not decoded.

    Parameters
    ----------
    source : folder, glob pattern, path, bytes, PIL image, list of these, Series or DataFrame
        A folder is read in natural order (``img2`` before ``img10``); lists keep their own.
    recursive : bool, default False
        Whether a folder's subfolders are read too.
    image : str or None, default None
        Column of a DataFrame that has the pictures; None takes ``path``, else ``image``.
    overwrite : bool, default False
        Whether columns of these names that a DataFrame already has are replaced.

    Returns
    -------
    DataFrame
        ``path`` (string; instead of it ``image``, the objects themselves, where some are no files), ``format``
        (string), ``width`` and ``height`` (Int64, pixels as stored), ``size_bytes`` (Int64), ``orientation`` (Int64,
        EXIF, 1 is upright), ``error`` (string, NA where the header could be read). A Series or DataFrame keeps its
        index, and a DataFrame its columns.

    Raises
    ------
    SetupError
        The source is not there or cannot be read, there is no such column, or columns would be overwritten.
    """
    if isinstance(source, pd.DataFrame):
        pictures = pick_pictures(source, image)
        return add_columns(source, header_columns(list(refs_of(pictures))), overwrite=overwrite)
    if isinstance(source, pd.Series):
        return table_of(list(refs_of(source)), source.index)
    refs = read(source, recursive=recursive)
    return table_of(refs, pd.RangeIndex(len(refs)))


def table_of(refs: Sequence[ImageRef], index: pd.Index) -> pd.DataFrame:
    """Table of references and their headers.

    Parameters
    ----------
    refs : sequence of ImageRef
    index : Index
        As long as `refs`.
    """
    sources = [ref.source for ref in refs]
    if all(isinstance(source, str) or source is None for source in sources):
        first: dict[str, Any] = {
            "path": text_array([str(source) if source is not None else None for source in sources])
        }
    else:
        objects = np.empty(len(sources), dtype=object)
        for position, source in enumerate(sources):  # in one go numpy would take the pictures for arrays
            objects[position] = source
        first = {"image": objects}
    return pd.DataFrame({**first, **header_columns(refs)}, index=index)


def header_columns(refs: Sequence[ImageRef]) -> dict[str, Any]:
    """Arrays of what the headers say, read in parallel.

    Parameters
    ----------
    refs : sequence of ImageRef

    Returns
    -------
    dict of str to array: format, width, height, size_bytes, orientation, error.
    """
    chunks = [refs[start : start + _CHUNK] for start in range(0, len(refs), _CHUNK)]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="vlmkit-headers") as pool:
        found = list(chain.from_iterable(pool.map(_read_chunk, chunks)))
    facts = {name: array([getattr(header, name, None) for header, _ in found]) for name, array in _FACTS.items()}
    return {**facts, "error": text_array([error for _, error in found])}


def _read_chunk(refs: Sequence[ImageRef]) -> list[tuple[Header | None, str | None]]:
    return [_read_one(ref) for ref in refs]


def _read_one(ref: ImageRef) -> tuple[Header | None, str | None]:
    try:
        return read_header(ref), None
    except RunError as fault:
        return None, f"{type(fault).__name__}: {fault}"
