"""Which rows of a column a condition picks: an operator and a value, never an expression that would be run."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, Literal

from vlmkit.arguments import is_number
from vlmkit.errors import BadSetting, ToolError
from vlmkit.frame import cell_type_of, is_list, is_missing, text_of

__all__ = ["Operator", "has_text", "matching_rows"]

Operator = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "missing", "present"]

_ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NUMBERS = ("integer", "number", "decimal")
_ORDERED = (*_NUMBERS, "date", "datetime", "time")


def has_text(cell: Any, sought: str) -> bool:
    """Whether a text, in lower case, occurs in a cell as a person writes it, whatever the cell's case."""
    return sought in (cell if type(cell) is str else text_of(cell)).casefold()


def matching_rows(column: Any, values: Sequence[Any], operator: Operator, value: Any) -> list[int]:
    """Rows whose cells meet a condition; an empty cell meets none but "missing".

    Parameters
    ----------
    column : Series
        Says what its cells hold.
    values : sequence
        Its cells.
    operator : Operator
    value : object
        What cells are compared with, in the column's type or as a person writes it.

    Raises
    ------
    ToolError
        An operator that the column's type has not, or a value that it cannot be compared with.
    """
    if operator in ("missing", "present"):
        return [row for row, cell in enumerate(values) if is_missing(cell) == (operator == "missing")]
    if value is None:
        raise ToolError(f"value: say what {operator!r} compares with; for empty cells use the operator 'missing'.")
    meets = _test_of(column, operator, value)
    return [row for row, cell in enumerate(values) if not is_missing(cell) and _is_met(meets, cell)]


def _is_met(meets: Callable[[Any], Any], cell: Any) -> bool:
    try:
        return bool(meets(cell))
    except (TypeError, ValueError):  # a column of objects may hold anything
        return False


def _test_of(column: Any, operator: Operator, value: Any) -> Callable[[Any], bool]:
    kind = cell_type_of(column).kind
    if operator == "contains":
        sought = text_of(value).casefold()
        return (lambda cell: _has_entry(cell, sought)) if kind == "list" else (lambda cell: has_text(cell, sought))
    if operator in _ORDERS:
        return _order_of(column, kind, operator, value)
    if kind in (*_ORDERED, "boolean"):
        wanted = _read(column, kind, value)
        same: Callable[[Any], bool] = lambda cell: bool(cell == wanted)  # noqa: E731  one of two
    else:
        sought = text_of(value).casefold()
        same = lambda cell: text_of(cell).casefold() == sought  # noqa: E731
    return same if operator == "=" else lambda cell: not same(cell)


def _order_of(column: Any, kind: str, operator: Operator, value: Any) -> Callable[[Any], bool]:
    compare = _ORDERS[operator]
    if kind == "choice" and column.dtype.ordered:
        places = {choice: place for place, choice in enumerate(column.dtype.categories)}
        wanted = places[_read(column, kind, value)]
        return lambda cell: bool(compare(places[cell], wanted))
    if kind not in _ORDERED:
        allowed = "=, !=, contains, missing or present"
        raise ToolError(f"{str(column.name)!r} holds values of kind {kind!r}, which have no order: use {allowed}.")
    wanted = _read(column, kind, value)
    return lambda cell: bool(compare(cell, wanted))


def _read(column: Any, kind: str, value: Any) -> Any:
    """A value as the column's type; a whole number may be compared with a fraction."""
    if kind in _NUMBERS and is_number(value):
        return value
    try:
        read = cell_type_of(column).read(float(value) if kind == "integer" and _is_fraction(value) else value)
    except BadSetting as error:
        if kind == "integer" and _is_fraction(value):
            return float(value)
        raise ToolError(f"value: {error}") from error
    if read is None:
        raise ToolError("value: an empty text compares with nothing; for empty cells use the operator 'missing'.")
    return read


def _is_fraction(value: Any) -> bool:
    try:
        return isinstance(value, str) and not float(value).is_integer()
    except (ValueError, OverflowError):
        return False


def _has_entry(cell: Any, sought: str) -> bool:
    entries = cell if is_list(cell) else [cell]
    return any(text_of(entry).casefold() == sought for entry in entries)
