"""What type an argument has that is written as plain text: the tool's schema says it, the text does not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from vlmkit.chat.tools.json_values import PYTHON, JsonCopier
from vlmkit.chat.tools.source import Source, Steps

__all__ = ["TEXT", "typed", "types_of_arguments"]

TEXT = frozenset({"string"})
"""Types of an argument of which nothing is known."""

_MOST_STEPS = 8  # of references to references
_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}


@lru_cache(maxsize=256)
def types_of_arguments(parameters: str) -> dict[str, frozenset[str]]:
    """JSON types that a tool's schema allows each argument, in the schema's order.

    Parameters
    ----------
    parameters : str
        As `ToolDefinition.parameters`.
    """
    try:
        schema = json.loads(parameters)
    except (ValueError, RecursionError):
        return {}
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict):
        return {}
    return {name: frozenset(_types(each, schema, _MOST_STEPS)) or TEXT for name, each in properties.items()}


def _types(schema: Any, root: Any, steps: int) -> Iterator[str]:
    if not isinstance(schema, dict) or not steps:
        return
    named = schema.get("type")
    yield from [named] if isinstance(named, str) else filter(_is_text, _list(named))
    if named is None:
        yield from map(_type_of, [*_list(schema.get("enum")), *([schema["const"]] if "const" in schema else [])])
    inside = [each for word in ("anyOf", "oneOf", "allOf") for each in _list(schema.get(word))]
    if _is_text(schema.get("$ref")):
        inside.append(_at(root, schema["$ref"]))
    for each in inside:
        yield from _types(each, root, steps - 1)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _at(root: Any, reference: str) -> Any:
    """What a reference within a schema, as ``#/$defs/Place``, means."""
    for name in reference.removeprefix("#").split("/")[1:]:
        root = root.get(name) if isinstance(root, dict) else None
    return root


def _type_of(value: object) -> str:
    return "null" if value is None else _NAMES.get(type(value), "string")


def typed(text: str, types: frozenset[str]) -> str:
    """A value written as plain text, as JSON: of an allowed type where it can be read so, else a string.

    Parameters
    ----------
    text : str
    types : frozenset of str

    Examples
    --------
    >>> typed("3", frozenset({"integer"})), typed("True", frozenset({"boolean"})), typed("3", TEXT)
    ('3', 'true', '"3"')
    """
    read = _as_json(text) if types != TEXT else None
    if read is not None and _allows(types, read):
        return read
    return json.dumps(text, ensure_ascii=False)


def _as_json(text: str) -> str | None:
    """A JSON or Python value as JSON; None where it is neither."""
    source, pieces = Source(), list[str]()
    source.feed(text)
    source.close()
    try:
        next(_whole(source, pieces))
    except StopIteration as end:
        return "".join(pieces) if end.value else None
    return None


def _whole(source: Source, pieces: list[str]) -> Steps[bool]:
    problem = yield from JsonCopier(source, pieces.append, PYTHON).value()
    yield from source.space()
    rest = yield from source.look()
    return not problem and not rest


def _allows(types: frozenset[str], read: str) -> bool:
    first = read[0]
    if first == "{":
        return "object" in types
    if first == "[":
        return "array" in types
    if first == '"':
        return "string" in types
    if read in {"true", "false"}:
        return "boolean" in types
    if read == "null":
        return "null" in types
    is_whole = not set(read) & set(".eE")
    return "number" in types or ("integer" in types and is_whole)
