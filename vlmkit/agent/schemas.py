"""Schemas of arguments: as models and servers take them, and arguments checked against them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vlmkit.extras import open_by_name
from vlmkit.untrusted import shortened

__all__ = ["clean_schema", "enforceable_schema", "schema_faults"]

_ALTERNATIVES = ("anyOf", "oneOf", "allOf")
# What llguidance cannot hold a model to (https://github.com/guidance-ai/llguidance/blob/main/docs/json_schema.md).
_NOT_ENFORCEABLE = frozenset({"not", "if", "then", "else", "uniqueItems", "dependentRequired", "dependentSchemas"})
_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"},
)
_OF_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_OF_VALUES = frozenset({"const", "enum", "default", "examples", "required"})
_MOST_REFERENCES = 100  # one after the other; more go round in a circle
_MOST_FAULTS = 3
_MOST_CHARACTERS = 300


def clean_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema of arguments as every API takes it: an object, without alternatives at its root.

    Hosted APIs refuse alternatives there; their properties are offered together then, of which those that all
    alternatives require are required. Arguments are checked against the schema as it was.

    Parameters
    ----------
    schema : mapping
    """
    kept = {key: value for key, value in schema.items() if key != "$schema"}
    if isinstance(kept.get("$ref"), str):
        kept = _meant(kept, kept) | {key: value for key, value in kept.items() if key != "$ref"}
    for word in _ALTERNATIVES:
        if isinstance(alternatives := kept.pop(word, None), list):
            _take_together(kept, [_meant(each, kept) for each in alternatives], is_every=word == "allOf")
    properties = kept.get("properties")
    return {**kept, "type": "object", "properties": properties if isinstance(properties, dict) else {}}


def _meant(schema: Any, root: Mapping[str, Any]) -> dict[str, Any]:
    """What a reference within the schema leads to; nothing where it leads nowhere."""
    for _ in range(_MOST_REFERENCES):
        if not isinstance(schema, Mapping) or not isinstance(schema.get("$ref"), str):
            return dict(schema) if isinstance(schema, Mapping) else {}
        target: Any = root
        for part in schema["$ref"].removeprefix("#").strip("/").split("/"):
            target = target.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(target, Mapping) else None
        schema = None if target is root else target
    return {}


def _take_together(kept: dict[str, Any], alternatives: list[dict[str, Any]], *, is_every: bool) -> None:
    properties: dict[str, Any] = dict(kept.get("properties") or {})
    for name, schema in (item for each in alternatives for item in (each.get("properties") or {}).items()):
        known = properties.get(name, schema)
        properties[name] = schema if known == schema else {"anyOf": [known, schema]}
    kept["properties"] = properties
    needed = _needed(alternatives, is_every=is_every) | set(kept.get("required") or ())
    if required := [name for name in properties if name in needed]:
        kept["required"] = required


def _needed(alternatives: list[dict[str, Any]], *, is_every: bool) -> set[str]:
    required = [set(each.get("required") or ()) for each in alternatives]
    if is_every:
        return set().union(*required)
    return set.intersection(*required) if required else set()


def enforceable_schema(schema: Any) -> Any:
    """A schema without what an answer cannot be held to while it is written.

    Parameters
    ----------
    schema : mapping
    """
    if isinstance(schema, list):
        return [enforceable_schema(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {key: _enforceable(key, value) for key, value in schema.items() if _can_be_held_to(key, value)}


def _can_be_held_to(key: str, value: Any) -> bool:
    return key not in _NOT_ENFORCEABLE and (key != "format" or value in _FORMATS)


def _enforceable(key: str, value: Any) -> Any:
    if key in _OF_VALUES:
        return value
    if key in _OF_SCHEMAS and isinstance(value, Mapping):  # its keys are names, and no words of a schema
        return {name: enforceable_schema(each) for name, each in value.items()}
    return enforceable_schema(value)


def schema_faults(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
    """What is wrong with arguments of a call; empty where nothing is.

    Parameters
    ----------
    schema : mapping
        One that is none finds no faults.
    arguments : mapping

    Raises
    ------
    MissingExtra
        The package that reads schemas is not installed.
    """
    validator_for = open_by_name("jsonschema.validators:validator_for", extra="agent")
    registry = open_by_name("referencing:Registry", extra="agent")()
    try:
        # With an empty registry nothing is fetched, whatever address a server's schema names.
        validator = validator_for(dict(schema))(dict(schema), registry=registry)
        faults = list(_first(validator.iter_errors(dict(arguments))))
    except Exception:  # noqa: BLE001  a stranger's schema may be broken in any way, and the tool checks again
        return ""
    return "; ".join(shortened(f"{_place(fault)}{fault.message}", _MOST_CHARACTERS) for fault in faults)


def _first(faults: Iterator[Any]) -> Iterator[Any]:
    for _, fault in zip(range(_MOST_FAULTS), faults, strict=False):
        yield fault


def _place(fault: Any) -> str:
    place = ".".join(map(str, fault.absolute_path))
    return f"{place}: " if place else ""
