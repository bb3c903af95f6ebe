"""One cell of a table: whether it is missing, whether it is a list, and how a person writes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from pandas.api import types

from vlmkit.prompts import VALUE_KINDS

__all__ = ["is_list", "is_missing", "json_value", "text_of"]

_WRITERS = {kind.dtype: kind.write for kind in VALUE_KINDS.values() if kind.write is not None}
_WRITTEN_TYPES = tuple(_WRITERS)
_NEVER_MISSING = frozenset({str, int, bool})  # most cells are one of these, and asking pandas takes long


def is_missing(value: Any) -> bool:
    """Whether a cell is empty: None, NA, NaT or NaN of any library; a list never is.

    Parameters
    ----------
    value : object
    """
    if type(value) in _NEVER_MISSING:
        return False
    return value is None or (types.is_scalar(value) and bool(pd.isna(value)))


def is_list(value: Any) -> bool:
    """Whether a cell holds several things: a list, a tuple, a set or an array."""
    return isinstance(value, list | tuple | set | frozenset) or (
        hasattr(value, "tolist") and getattr(value, "ndim", 0) > 0  # numpy's numbers have both, too
    )


def json_value(value: Any) -> Any:
    """A cell that is neither missing nor a list as JSON has it: dates and times in ISO 8601, decimals as their digits.

    Parameters
    ----------
    value : object
        What JSON has no form for stays as it is.
    """
    value = value.item() if hasattr(value, "item") else value
    if not isinstance(value, _WRITTEN_TYPES):
        return value
    return next(write(value) for dtype, write in _WRITERS.items() if isinstance(value, dtype))


def text_of(value: Any) -> str:
    """A cell as a person writes it: lists with commas, nothing for what is missing.

    Parameters
    ----------
    value : object
    """
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {text_of(item)}" for key, item in value.items())
    if is_list(value):
        return ", ".join(map(text_of, value))
    if is_missing(value):
        return ""
    return f"{value:.6g}" if isinstance(value, float) and not value.is_integer() else str(value)
