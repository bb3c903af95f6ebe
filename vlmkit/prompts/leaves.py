"""Values that columns can hold: checked leaf by leaf, so that one row's value never breaks the others' column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from vlmkit.errors import UnreadableReply

if TYPE_CHECKING:
    from vlmkit.prompts.kinds import Kind

__all__ = ["fitted"]


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
        The value; halves of characters are mended, items of a set have an order, decimals and times are texts.

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
    try:
        return kind.value_kind.fit(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise _misfit(kind.value_kind.expected, value, where) from error


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


def _misfit(expected: str, value: Any, where: str) -> UnreadableReply:
    found = repr(value)
    shown = found if len(found) <= 40 else f"{found[:39]}…"
    problem = f"the answer does not fit the schema: {where}: expected {expected}, got {shown}."
    return UnreadableReply(problem, "Ask a model that follows schemas better.")
