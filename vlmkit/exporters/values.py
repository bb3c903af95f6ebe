"""Cells as plain values that files can hold, one type to a column."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from vlmkit.frame import float_array, integer_array, is_missing, json_value, text_array
from vlmkit.untrusted import for_json

__all__ = [
    "clean_text",
    "plain_reader",
    "plain_value",
    "split_tags",
    "table_of_records",
    "tags_of",
    "to_json",
]

_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SCALARS = (str, bool, int, float, type(None))


def clean_text(text: str) -> str:
    """A text that every encoding can hold: halves of characters become the sign for what cannot be shown."""
    return _SURROGATE.sub("\ufffd", text)


def to_json(value: object) -> str:
    """JSON on one line, characters as they are, but for hidden ones, which are escapes."""
    return for_json(json.dumps(value, ensure_ascii=False, allow_nan=False))


def plain_reader(column: pd.Series[Any]) -> Callable[[Any], Any]:
    """What makes plain values of a column's cells, all of one type: missing is None.

    Parameters
    ----------
    column : Series
        Of objects of several types, cells become texts: JSON, where they are not texts already.
    """
    if column.dtype != object or len(kinds := {_kind(value) for value in column.array} - {"missing"}) <= 1:
        return plain_value
    if kinds == {"float", "int"}:
        return lambda value: None if _is_missing(value) else float(value)
    return lambda value: None if _is_missing(value) else _as_text(plain_value(value))


def plain_value(value: Any) -> Any:
    """One cell: texts, numbers, flags, lists and dictionaries of these, or None."""
    if isinstance(value, str):
        return clean_text(value)
    if hasattr(value, "tolist") and getattr(value, "ndim", None):  # an array
        value = value.tolist()
    if isinstance(value, Mapping):
        return {clean_text(str(key)): plain_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_value(each) for each in (value if isinstance(value, list | tuple) else sorted(value, key=str))]
    return None if _is_missing(value) else _plain_scalar(value)


def _plain_scalar(value: Any) -> Any:
    value = json_value(value)
    return value if isinstance(value, _SCALARS) else clean_text(str(value))


def _is_missing(value: Any) -> bool:
    return is_missing(value) or (isinstance(value, float) and math.isinf(value))  # JSON knows no such numbers


def _kind(value: Any) -> str:
    plain = plain_value(value)
    return "missing" if plain is None else type(plain).__name__


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else to_json(value)


def tags_of(value: Any) -> tuple[str, ...]:
    """Tags of a cell: a list of them, or a text with commas; each once, none empty.

    Parameters
    ----------
    value : list, tuple, set, array, str or missing
    """
    plain = plain_value(value)
    if plain is None:
        return ()
    found: Iterable[Any] = plain if isinstance(plain, list) else split_tags(str(plain))
    cleaned = (" ".join(str(tag).replace(",", " ").split()) for tag in found if tag is not None)
    return tuple(dict.fromkeys(tag for tag in cleaned if tag))


def split_tags(text: str) -> list[str]:
    """Tags of a text with commas."""
    return [tag for tag in (part.strip() for part in text.split(",")) if tag]


def table_of_records(records: Sequence[Mapping[str, Any]], names: Sequence[str] = ()) -> pd.DataFrame:
    """Table of plain records: columns of text, flags and numbers get types that know missing values.

    Parameters
    ----------
    records : sequence of mapping
    names : sequence of str, default ()
        Columns that are there in any case, first.
    """
    found = list(dict.fromkeys(chain(names, *records)))
    labels = _labels(found)
    return pd.DataFrame({label: _typed([record.get(name) for record in records]) for label, name in labels.items()})


def _labels(names: Sequence[str]) -> dict[str, str]:
    """Names of columns as pandas can hold them, each once, and what they are called in the records."""
    labels: dict[str, str] = {}
    for name in names:
        label, number = clean_text(name), 1
        while label in labels:
            number += 1
            label = f"{clean_text(name)}_{number}"
        labels[label] = name
    return labels


def _typed(values: list[Any]) -> Any:
    kinds = {type(value) for value in values} - {type(None)}
    if kinds <= {str}:
        return text_array(values)
    if kinds == {bool}:
        return pd.array(values, dtype="boolean")
    if kinds == {int} and all(value is None or abs(value) < 1 << 63 for value in values):
        return integer_array(values)
    if kinds <= {int, float}:
        return float_array(values)
    objects = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):  # in one go numpy would make a matrix of lists
        objects[position] = value
    return objects
