"""Values that columns can hold: checked leaf by leaf, so that one row's value never breaks the others' column."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vlmkit.errors import UnreadableReply

if TYPE_CHECKING:
    from vlmkit.prompts.kinds import Kind

__all__ = ["fitted"]

_LARGEST_INTEGER = 2**63 - 1  # what an Int64 column holds, and a Parquet file


def fitted(kind: Kind, value: Any, where: str) -> Any:
    """A value as its column holds it.

    Parameters
    ----------
    kind : Kind
    value : object
        As JSON has it; None is missing.
    where : str
        What messages call it.

    Returns
    -------
    object
        The value; halves of characters are mended, items of a set have an order, decimals are floats.

    Raises
    ------
    UnreadableReply
        A number beyond 64 bits, or one that is not finite; a value that is not of its kind.
    """
    if value is None:
        return None
    if kind.fields:
        return _fitted_object(kind, value, where)
    if kind.item is not None:
        return _fitted_list(kind, kind.item, value, where)
    if kind.choices:
        return _one_of(kind, value, where)
    return _LEAVES[kind.base](value, where)


def _fitted_object(kind: Kind, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _misfit("an object", value, where)
    return {name: fitted(inner, value.get(name), name) for name, inner in kind.fields.items()}


def _fitted_list(kind: Kind, item: Kind, value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _misfit("a list", value, where)
    items = [fitted(item, inner, f"an item of {where}") for inner in value]
    if not kind.is_set:
        return items
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=lambda inner: json.dumps(inner, sort_keys=True, default=str))


def _one_of(kind: Kind, value: Any, where: str) -> Any:
    if value not in kind.choices:
        raise _misfit(f"one of {', '.join(map(str, kind.choices))}", value, where)
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _misfit("a text", value, where)
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # JSON can carry halves of characters


def _integer(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_LARGEST_INTEGER - 1 <= value <= _LARGEST_INTEGER:
        raise _misfit("a whole number of 64 bits", value, where)
    return value


def _number(value: Any, where: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _misfit("a number", value, where) from error
    if isinstance(value, bool) or not math.isfinite(number):
        raise _misfit("a number", value, where)
    return number


def _boolean(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise _misfit("true or false", value, where)
    return value


def _misfit(expected: str, value: Any, where: str) -> UnreadableReply:
    found = repr(value)
    shown = found if len(found) <= 40 else f"{found[:39]}…"
    problem = f"the answer does not fit the schema: {where}: expected {expected}, got {shown}."
    return UnreadableReply(problem, "Ask a model that follows schemas better.")


_LEAVES = {"string": _text, "integer": _integer, "number": _number, "boolean": _boolean}
