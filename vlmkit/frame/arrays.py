"""Values become arrays of an honest type; what is missing is NA in all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from vlmkit.prompts import VALUE_KINDS, Field, ValueKind, kind_of_type

__all__ = [
    "OBJECT_KINDS",
    "boolean_array",
    "float_array",
    "integer_array",
    "kind_of_object",
    "text_array",
    "typed_array",
    "utc_array",
]


def typed_array(field: Field, values: Sequence[Any]) -> Any:
    """Array of a field's values.

    Parameters
    ----------
    field : Field
    values : sequence
        None is missing; dates and times are ISO 8601 texts, decimals texts of their digits.

    Returns
    -------
    pandas array: string, Int64, Float64, boolean, datetime64, a category with the field's choices in their order, or
    objects: times, decimals, lists.
    """
    if field.choices:
        return pd.Categorical(values, categories=list(field.choices))
    kind = kind_of_type(field.dtype)
    if kind is None:
        return _list_array(values)
    return _ARRAYS[kind.name](values) if kind.name in _ARRAYS else _object_array(kind, values)


def kind_of_object(value: Any) -> ValueKind | None:
    """Kind of a cell that is a Python object in its column, such as a time; None where it is none.

    Parameters
    ----------
    value : object
    """
    return next((kind for kind in OBJECT_KINDS if isinstance(value, kind.dtype)), None)


def text_array(values: Sequence[str | None]) -> Any:
    """Array of texts."""
    try:
        return pd.array(values, dtype="string")
    except UnicodeEncodeError:  # a file name in another encoding than the system's, which only Python's str can hold
        return pd.array(values, dtype=pd.StringDtype("python"))


def integer_array(values: Sequence[int | None]) -> Any:
    """Array of whole numbers."""
    return pd.array(values, dtype="Int64")


def float_array(values: Sequence[float | None]) -> Any:
    """Array of numbers."""
    return pd.array(values, dtype="Float64")


def boolean_array(values: Sequence[bool | None]) -> Any:
    """Array of truths."""
    return pd.array(values, dtype="boolean")


def utc_array(values: Sequence[Any]) -> Any:
    """Array of moments in UTC."""
    return pd.array(values, dtype="datetime64[us, UTC]")


def _date_array(values: Sequence[Any]) -> Any:
    # Seconds, because nanoseconds end in 2262 and begin in 1677: a painting is older.
    return pd.Series(pd.to_datetime(pd.Series(values, dtype="object"), format="ISO8601")).astype("datetime64[s]").array


def _moment_array(values: Sequence[Any]) -> Any:
    """Moments; where any of them has an offset, all are in UTC, the others taken for UTC."""
    texts = pd.Series(values, dtype="object")
    moments = pd.to_datetime(texts, format="ISO8601", utc=True)
    has_offset = any(value is not None and pd.Timestamp(value).tzinfo is not None for value in values)
    moments = moments if has_offset else moments.dt.tz_localize(None)
    return moments.dt.as_unit("us").array


def _list_array(values: Sequence[Any]) -> Any:
    array = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):
        if value is not None and not isinstance(value, list):
            raise TypeError(f"{value!r} is not a list")
        array[position] = value
    return array


def _object_array(kind: ValueKind, values: Sequence[Any]) -> Any:
    """Python's own values, of a kind that pandas has no array for; what is missing is NA."""
    array = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):
        array[position] = pd.NA if value is None else kind.parse(value)
    return array


_ARRAYS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "text": text_array,
    "integer": integer_array,
    "number": float_array,
    "boolean": boolean_array,
    "date": _date_array,
    "datetime": _moment_array,
}
"""By the name of a `ValueKind`."""

OBJECT_KINDS = tuple(kind for kind in VALUE_KINDS.values() if kind.name not in _ARRAYS and kind.dtype is not str)
"""Kinds whose columns hold Python's own objects."""
