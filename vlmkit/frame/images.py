"""One row per image: where it is, and what its header says."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from operator import attrgetter
from typing import Any

import numpy as np
import pandas as pd

from vlmkit.errors import RunError
from vlmkit.frame.arrays import boolean_array, float_array, integer_array, text_array, utc_array
from vlmkit.frame.tables import add_columns, pick_pictures, refs_of
from vlmkit.records import ImageRef
from vlmkit.sources import Examination, Header, Limits, examine, read, read_header

__all__ = ["Headers", "header_columns", "picture_column", "read_images", "table_of"]

_THREADS = 16  # headers are waited for, not computed
_CHUNK = 4  # few enough that threads stay close together, which a compressed archive rewards
_WINDOW = 8 * _THREADS

_Found = tuple[Header | None, Examination | None, str | None]


def _time_array(values: Sequence[Any]) -> Any:
    return pd.array(values, dtype="datetime64[us]")


_FACTS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "format": text_array,
    "width": integer_array,
    "height": integer_array,
    "size_bytes": integer_array,
    "orientation": integer_array,
    "frames": integer_array,
    "metadata.taken_at": _time_array,
}
_EXIF: dict[str, Callable[[Sequence[Any]], Any]] = {
    "metadata.taken_at_utc": utc_array,
    "metadata.camera_make": text_array,
    "metadata.camera_model": text_array,
    "metadata.lens_model": text_array,
    "metadata.focal_length_mm": float_array,
    "metadata.f_number": float_array,
    "metadata.exposure_time_s": float_array,
    "metadata.iso": integer_array,
    "metadata.gps_latitude_deg": float_array,
    "metadata.gps_longitude_deg": float_array,
    "metadata.gps_altitude_m": float_array,
}


def read_images(
    source: Any,
    *,
    recursive: bool = False,
    exif: bool = False,
    digest: bool = True,
    decode: bool = False,
    formats: Sequence[str] | None = None,
    image: str | None = None,
    overwrite: bool = False,
) -> pd.DataFrame:
    """One row per image, with its technical facts; pixels are decoded only where that is asked for.

    Parameters
    ----------
    source : folder, glob pattern, zip or tar archive, path, URL, bytes, PIL image, array, list, Series or DataFrame
        Folders and archives are read in natural order (``img2`` before ``img10``), compressed tars and lists in their
        own. A list, a Series or a column may mix all kinds.
    recursive : bool, default False
        Whether a folder's subfolders are read too.
    exif : bool, default False
        Whether there are columns for what the camera wrote.
    digest : bool, default True
        Whether files are read to their end, for what tells equal ones; False reads headers only.
    decode : bool, default False
        Whether each picture is decoded to its last byte, as a run would: half files, damaged and much too large ones
        get their ``error`` now, before a model is asked. Adds ``is_blank``, ``black_value`` and ``white_value``.
    formats : sequence of str or None, default None
        Formats that are opened, as ``["jpeg", "png"]``; files of others get an ``error``, and no decoder sees them.
        None takes the setting ``image_formats``, which holds for all that comes later, too.
    image : str or None, default None
        Column of a DataFrame that has the pictures; None takes ``path``, else ``image``.
    overwrite : bool, default False
        Whether columns of these names that a DataFrame already has are replaced.

    Returns
    -------
    DataFrame
        ``path`` (string; instead of it ``image``, the objects themselves, where some are not files), ``format``
        (string), ``width`` and ``height`` (Int64, pixels as stored), ``size_bytes`` (Int64), ``orientation`` (Int64,
        EXIF, 1 is upright), ``frames`` (Int64), ``taken_at`` (datetime64, by the camera's clock), ``digest`` (string,
        equal for equal files), ``error`` (string, NA where the header could be read). With `exif` also
        ``taken_at_utc``, ``camera_make``, ``camera_model``, ``lens_model``, ``focal_length_mm``, ``f_number``,
        ``exposure_time_s``, ``iso``, ``gps_latitude_deg``, ``gps_longitude_deg``, ``gps_altitude_m``. With `decode`
        also ``is_blank`` (boolean: all of one gray, black or white), ``black_value`` and ``white_value`` (Float64: of a
        picture of more than 8 bits that is stretched, the values that are sent as black and white; NA where values go
        as they are). A Series or DataFrame keeps its index, and a DataFrame its columns.

    Raises
    ------
    SetupError
        The source is not there or cannot be read, there is no such column, or columns would be overwritten.
    BadSetting
        A format that is none.
    """
    limits = Limits.in_force(image_formats=formats)
    if isinstance(source, pd.DataFrame):
        pictures = pick_pictures(source, image)
        arrays = header_columns(list(refs_of(pictures)), exif=exif, digest=digest, decode=decode, limits=limits)
        return add_columns(source, arrays, overwrite=overwrite)
    if isinstance(source, pd.Series):
        return table_of(list(refs_of(source)), source.index, exif=exif, digest=digest, decode=decode, limits=limits)
    refs = read(source, recursive=recursive)
    return table_of(refs, pd.RangeIndex(len(refs)), exif=exif, digest=digest, decode=decode, limits=limits)


def table_of(
    refs: Sequence[ImageRef],
    index: pd.Index,
    *,
    exif: bool = False,
    digest: bool = False,
    decode: bool = False,
    limits: Limits | None = None,
) -> pd.DataFrame:
    """Table of references and their headers.

    Parameters
    ----------
    refs : sequence of ImageRef
    index : Index
        As long as `refs`.
    exif, digest, decode : bool, default False
        As `read_images`.
    limits : Limits or None, default None
        None takes those in force.
    """
    columns = header_columns(refs, exif=exif, digest=digest, decode=decode, limits=limits)
    return pd.DataFrame({**picture_column(refs), **columns}, index=index)


def picture_column(refs: Sequence[ImageRef]) -> dict[str, Any]:
    """The column that says where pictures are: ``path``, or ``image`` with the objects where some are not files.

    Parameters
    ----------
    refs : sequence of ImageRef

    Returns
    -------
    dict of str to array, with one entry.
    """
    sources = [ref.source for ref in refs]
    if all(isinstance(source, str) or source is None for source in sources):
        return {"path": text_array([str(source) if source is not None else None for source in sources])}
    objects = np.empty(len(sources), dtype=object)
    for position, source in enumerate(sources):  # in one go numpy would take the pictures for arrays
        objects[position] = source
    return {"image": objects}


def header_columns(
    refs: Sequence[ImageRef],
    *,
    exif: bool = False,
    digest: bool = False,
    decode: bool = False,
    limits: Limits | None = None,
) -> dict[str, Any]:
    """Arrays of what the headers say, and of what decoding shows, read in parallel.

    Parameters
    ----------
    refs : sequence of ImageRef
    exif, digest, decode : bool, default False
        As `read_images`.
    limits : Limits or None, default None
        None takes those in force.

    Returns
    -------
    dict of str to array, by column name, in order.
    """
    facts = {**_FACTS, **(_EXIF if exif else {}), **({"digest": text_array} if digest else {})}
    found = _headers(refs, limits or Limits.in_force(), digest=digest, decode=decode)
    return _columns_of(found, facts, decode=decode)


class Headers:
    """What the headers of pictures say, each read while a run has its picture in memory, so that it is opened once.

    Those that no run opened, because the store had the answer, are read when they are asked for. Any number of threads
    may use it.

    Parameters
    ----------
    exif, digest : bool, default False
        As for `read_header`.

    Attributes
    ----------
    names : tuple of str
        Columns that they fill, in order.
    """

    names = (*(name.removeprefix("metadata.") for name in _FACTS), "error")

    def __init__(self, *, exif: bool = False, digest: bool = False) -> None:
        self._options = {"exif": exif, "digest": digest}
        self._limits = Limits.in_force()  # once: it looks for a settings file
        # By the reference's address; the reference is kept, too, as another one could get that address.
        self._found: dict[int, tuple[ImageRef, _Found]] = {}

    def take(self, ref: ImageRef, loaded: ImageRef | RunError) -> None:
        """Read the header of a picture that is in memory just now.

        Parameters
        ----------
        ref : ImageRef
            As it was given.
        loaded : ImageRef or RunError
            The same picture, in memory; or why it is not.
        """
        if id(ref) not in self._found:
            if isinstance(loaded, RunError):
                found: _Found = (None, None, _said(loaded))
            else:
                found = _read_one(loaded, self._limits, **self._options)
            self._found[id(ref)] = (ref, found)

    def pop(self, ref: ImageRef) -> Header | None:
        """Header of one picture, which is forgotten then; None where it cannot be read.

        Parameters
        ----------
        ref : ImageRef
        """
        _, found = self._found.pop(id(ref), (ref, None))
        return (found or _read_one(ref, self._limits, **self._options))[0]

    def read_rest(self, refs: Sequence[ImageRef]) -> None:
        """Read those that nobody has opened, in parallel.

        Parameters
        ----------
        refs : sequence of ImageRef
        """
        rest = [ref for ref in refs if id(ref) not in self._found]
        for ref, found in zip(rest, _headers(rest, self._limits, **self._options), strict=True):
            self._found[id(ref)] = (ref, found)

    def columns(self, refs: Sequence[ImageRef]) -> dict[str, Any]:
        """Arrays of what they say; what those say that nobody has opened is missing.

        Parameters
        ----------
        refs : sequence of ImageRef

        Returns
        -------
        dict of str to array, by column name, in order.
        """
        nothing: _Found = (None, None, None)
        return _columns_of((self._found.get(id(ref), (ref, nothing))[1] for ref in refs), _FACTS)


def _columns_of(
    found: Iterable[_Found], facts: Mapping[str, Callable[[Sequence[Any]], Any]], *, decode: bool = False
) -> dict[str, Any]:
    values: dict[str, list[Any]] = {name: [] for name in facts}
    examined: list[Examination | None] = []
    errors = []
    getters = [(attrgetter(name), column) for name, column in values.items()]
    for header, examination, error in found:
        for get, column in getters:
            column.append(None if header is None else get(header))
        examined.append(examination)
        errors.append(error)
    arrays = {name.removeprefix("metadata."): facts[name](column) for name, column in values.items()}
    return {**arrays, **(_decoded_columns(examined) if decode else {}), "error": text_array(errors)}


def _decoded_columns(examined: Sequence[Examination | None]) -> dict[str, Any]:
    tones = [None if each is None else each.tones for each in examined]
    return {
        "is_blank": boolean_array([None if each is None else each.is_blank for each in examined]),
        "black_value": float_array([None if each is None else each.black for each in tones]),
        "white_value": float_array([None if each is None else each.white for each in tones]),
    }


def _headers(
    refs: Sequence[ImageRef], limits: Limits, *, digest: bool, exif: bool = False, decode: bool = False
) -> Iterator[_Found]:
    """What was found, in order; a bounded number of chunks is on its way at any time."""

    def read_chunk(chunk: Sequence[ImageRef]) -> list[_Found]:
        return [_read_one(ref, limits, digest=digest, exif=exif, decode=decode) for ref in chunk]

    waiting: deque[Future[list[_Found]]] = deque()
    # Decoding takes a core and memory each, reading a header hardly either.
    threads = min(_THREADS, max(2, os.cpu_count() or 2)) if decode else _THREADS
    pool = ThreadPoolExecutor(threads, thread_name_prefix="vlmkit-headers")
    try:
        for start in range(0, len(refs), _CHUNK):
            waiting.append(pool.submit(read_chunk, refs[start : start + _CHUNK]))
            if len(waiting) == _WINDOW:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt waits for what is being read, not for what would be


def _read_one(
    ref: ImageRef, limits: Limits, *, digest: bool = False, exif: bool = False, decode: bool = False
) -> _Found:
    header = None
    try:
        header = read_header(ref, digest=digest, exif=exif, limits=limits)
        return header, examine(ref, limits=limits) if decode else None, None
    except RunError as fault:
        return header, None, _said(fault)


def _said(fault: RunError) -> str:
    return f"{type(fault).__name__}: {fault}"
