"""Cells of a table: whether one is missing, how a person writes it, and how an edit is read as its column's type."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api import types

from vlmkit.errors import BadSetting
from vlmkit.frame.arrays import OBJECT_KINDS
from vlmkit.prompts import VALUE_KINDS

__all__ = ["CellType", "cell_type_of", "is_list", "is_missing", "json_value", "text_of"]

_WRITERS = {kind.dtype: kind.write for kind in VALUE_KINDS.values() if kind.write is not None}
_WRITTEN_TYPES = tuple(_WRITERS)
_NEVER_MISSING = frozenset({str, int, bool})  # most cells are one of these, and asking pandas takes long
_EXAMPLES = {"json": 'JSON, such as {"a": 1}'} | {name: kind.example for name, kind in VALUE_KINDS.items()}
# Told by the first value, where a column is of objects.
_OF_OBJECTS = (VALUE_KINDS["text"], VALUE_KINDS["boolean"], *OBJECT_KINDS)


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
    """A cell as a person writes it: lists with commas, a picture's path, nothing for what is missing.

    Parameters
    ----------
    value : object
    """
    if isinstance(value, Mapping):
        if "bytes" in value:  # a picture inside the table, as Parquet files have them
            return text_of(value.get("path"))
        return ", ".join(f"{key}: {text_of(item)}" for key, item in value.items())
    if is_list(value):
        return ", ".join(map(text_of, value))
    if is_missing(value):
        return ""
    return f"{value:.6g}" if isinstance(value, float) and not value.is_integer() else str(value)


@dataclass(frozen=True, kw_only=True, slots=True)
class CellType:
    """What a column holds.

    Attributes
    ----------
    column : str
        For messages.
    kind : str
        Name of a `ValueKind` (all of pandas' moments are "date"), or "choice", "list" or "json".
    dtype : object
        Of the column.
    choices : tuple
        Of a category.
    """

    column: str
    kind: str
    dtype: Any
    choices: tuple[Any, ...] = ()

    def read(self, given: Any) -> Any:
        """Value of an edit; None where the cell shall be empty.

        Parameters
        ----------
        given : object
            What a person wrote, or a value of the right type already.

        Raises
        ------
        BadSetting
            It is none of what the column holds; says what that is.
        """
        if is_missing(given) or (given == "" and self.kind != "text"):
            return None
        try:
            return _READERS[self.kind](given, self) if self.kind in _READERS else VALUE_KINDS[self.kind].parse(given)
        except (ValueError, TypeError, OverflowError) as error:
            raise BadSetting(f"{self.column!r} takes {self._expected()}; {given!r} is none.") from error

    def write(self, value: Any) -> str:
        """Value as a person edits it.

        Parameters
        ----------
        value : object
        """
        if self.kind == "json" and not is_missing(value):
            return json.dumps(plain(value), ensure_ascii=False)
        if self.kind == "list" and any("," in text_of(item) for item in _items(value)):
            return json.dumps(plain(value), ensure_ascii=False)
        return text_of(value)

    def pack(self, value: Any) -> str:
        """Value as JSON, equal for equal values."""
        return json.dumps(plain(value), ensure_ascii=False, sort_keys=True)

    def unpack(self, packed: str) -> Any:
        """Back from `pack`; what the column cannot hold any more is a BadSetting, as of `read`."""
        value = json.loads(packed)
        return value if value is None or self.kind == "json" else self.read(value)

    def series(self, values: Sequence[Any], index: pd.Index) -> pd.Series[Any]:
        """Column of these values, of the column's type, or of one that also has room for NA.

        Parameters
        ----------
        values : sequence
            None is missing.
        index : Index
        """
        roomy: Any = self.dtype
        if self.kind in {"integer", "boolean"} and any(map(is_missing, values)):
            roomy = "Int64" if self.kind == "integer" else "boolean"
        column: pd.Series[Any] = pd.Series(list(values), index=index, dtype=roomy)
        return column

    def _expected(self) -> str:
        if self.kind == "choice":
            return f"one of {', '.join(map(repr, self.choices))}"
        return _EXAMPLES.get(self.kind, "text")


def cell_type_of(column: pd.Series[Any]) -> CellType:
    """What a column holds, by its dtype; of objects, by the first one.

    Parameters
    ----------
    column : Series
    """
    name, dtype = str(column.name), column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return CellType(column=name, kind="choice", dtype=dtype, choices=tuple(dtype.categories))
    for kind, belongs in (
        ("boolean", types.is_bool_dtype),
        ("integer", types.is_integer_dtype),
        ("number", types.is_float_dtype),
        ("date", types.is_datetime64_any_dtype),
    ):
        if belongs(dtype):
            return CellType(column=name, kind=kind, dtype=dtype)
    if isinstance(dtype, pd.StringDtype):
        return CellType(column=name, kind="text", dtype=dtype)
    first = next((value for value in column.array if not is_missing(value)), "")
    return CellType(column=name, kind=_kind_of_object(first), dtype=dtype)


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if is_missing(value):
        return None
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if is_list(value):
        return [plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    return value if isinstance(value, str | int | float | bool) else str(value)


def _kind_of_object(value: Any) -> str:
    if is_list(value):
        return "list"
    return next((kind.name for kind in _OF_OBJECTS if isinstance(value, kind.dtype)), "json")


def _items(value: Any) -> Sequence[Any]:
    return list(value) if is_list(value) else []


def _read_choice(given: Any, cell: CellType) -> Any:
    found = [choice for choice in cell.choices if choice == given]
    found = found or [choice for choice in cell.choices if str(choice).casefold() == str(given).strip().casefold()]
    if not found:
        raise ValueError(given)
    return found[0]


def _read_list(given: Any, _cell: CellType) -> list[Any]:
    if isinstance(given, str) and given.lstrip().startswith("["):
        given = json.loads(given)
    if isinstance(given, str):
        return [item.strip() for item in given.split(",") if item.strip()]
    if not is_list(given):
        raise TypeError(given)
    return list(given)


def _read_json(given: Any, _cell: CellType) -> Any:
    return json.loads(given) if isinstance(given, str) else given


def _read_date(given: Any, cell: CellType) -> Any:
    moment = pd.Timestamp(given)
    zone = getattr(cell.dtype, "tz", None)
    if zone is None:
        return moment.tz_localize(None)
    return moment.tz_localize(zone) if moment.tzinfo is None else moment.tz_convert(zone)


# What needs more than a `ValueKind` has: the column's choices, its time zone, or a container.
_READERS: dict[str, Callable[[Any, CellType], Any]] = {
    "choice": _read_choice,
    "date": _read_date,
    "list": _read_list,
    "json": _read_json,
}
