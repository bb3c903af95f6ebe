"""What a column is, and so how it is judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api import types

from vlmkit.errors import BadSetting
from vlmkit.frame import is_list, is_missing
from vlmkit.prompts import VALUE_KINDS

__all__ = ["KINDS", "Kind", "kind_of"]

Kind = Literal["category", "number", "tags", "text"]

KINDS: tuple[Kind, ...] = ("category", "number", "tags", "text")

_NUMBERS = (np.number, *(kind.dtype for kind in VALUE_KINDS.values() if kind.measure == "number"))


def kind_of(column: pd.Series[Any], truth: pd.Series[Any]) -> Kind:
    """How a column is judged: as its values are, or where it has none, as the truth is.

    Truth values and categories are classes, numbers and decimals are numbers, lists are tags, everything else is text.

    Parameters
    ----------
    column, truth : Series

    Raises
    ------
    BadSetting
        The truth cannot be of that kind.
    """
    if _is_class(column) or (not column.notna().any() and _is_class(truth)):
        return "category"
    values = [value for value in column.array if not is_missing(value)]
    rights = [value for value in truth.array if not is_missing(value)]
    some = values or rights
    if _are(_is_truth_value, some):
        return "category"
    if _are(_is_number, some):
        if rights and not _are(_is_number, rights):
            raise BadSetting(
                f"truth of {column.name!r}: the column has numbers, the truth has {rights[0]!r}. Convert one of them."
            )
        return "number"
    return "tags" if _are(is_list, some) else "text"


def _are(is_one: Callable[[Any], bool], values: Sequence[Any]) -> bool:
    return bool(values) and all(map(is_one, values))


def _is_truth_value(value: Any) -> bool:
    return isinstance(value, bool | np.bool_)


def _is_class(column: pd.Series[Any]) -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype) or types.is_bool_dtype(column.dtype)


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and not _is_truth_value(value)
