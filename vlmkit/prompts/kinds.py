"""What a value may be, as a small tree made from a JSON schema: it writes prompt lines, names columns, mends values.

pydantic says in JSON Schema (draft 2020-12) what any of its types accepts; reading that, and not the types, makes one
way for all of them. Values are checked leaf by leaf, so that one row's value never breaks the others' column.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from vlmkit.errors import BadSchema, UnreadableReply
from vlmkit.prompts.json_text import WrittenNumber
from vlmkit.prompts.value_kinds import VALUE_KINDS, ValueKind, kind_of_json
from vlmkit.untrusted import shortened

__all__ = ["Kind", "fitted", "kind_of"]

_ENFORCED = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "maxLength", "minLength", "pattern")
_COUNTED = ("minItems", "maxItems")
_NOTHING = frozenset({"", "null", "none", "n/a", "na", "unknown"})


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One node of a schema.

    Attributes
    ----------
    base : str
        ``"string"``, ``"integer"``, ``"number"``, ``"boolean"``, ``"array"`` or ``"object"``.
    choices : tuple
        The only values there are; texts or whole numbers.
    format : str or None
        ``"date"``, ``"date-time"``, ``"time"``, ``"duration"``, ``"decimal"``.
    limits : mapping of str to object
        Bounds, by the keywords of JSON Schema.
    item : Kind or None
        Of an array.
    fields : mapping of str to Kind
        Of an object, in order.
    meaning : str
        Description and unit, for the prompt.
    nullable : bool
    is_set : bool
        Of an array: whether its items have no order.
    """

    base: str
    choices: tuple[Any, ...] = ()
    format: str | None = None
    limits: Mapping[str, Any] = field(default_factory=dict)
    item: Kind | None = None
    fields: Mapping[str, Kind] = field(default_factory=dict)
    meaning: str = ""
    nullable: bool = False
    is_set: bool = False

    def lines(self, indent: str = "") -> Iterator[str]:
        """Lines of a prompt that ask for an object's fields."""
        for name, kind in self.fields.items():
            meaning = f" ({kind.meaning})" if kind.meaning else ""
            yield f"{indent}- {name}: {kind.words()}{meaning}"
            inner = kind.item if kind.item and kind.item.fields else kind
            yield from inner.lines(indent + "  ")

    def words(self) -> str:
        """What a value may be, in words."""
        return self._plain_words() + (", or null if unknown" if self.nullable else "")

    def columns(self, name: str) -> Iterator[tuple[str, Kind]]:
        """Columns this becomes: one, or one for each field of an object, prefixed with its name."""
        if not self.fields:
            yield name, self
        for inner, kind in self.fields.items():
            yield from kind.columns(f"{name}_{inner}" if name else inner)

    @property
    def dtype(self) -> type:
        """Python type of a column's values."""
        if self.choices:
            return str if all(isinstance(choice, str) for choice in self.choices) else int
        return list if self.base == "array" else self.value_kind.dtype

    @property
    def value_kind(self) -> ValueKind:
        """Row of a value that is not an array, not an object, and not one of several choices.

        Raises
        ------
        BadSchema
            It is one of these.
        """
        found = kind_of_json(self.base, self.format)
        if found is None:
            raise BadSchema(f"schema: a value of type {self.base} has parts, and is none itself.")
        return found

    def schema(self) -> dict[str, Any]:
        """JSON schema that a backend enforces: every field required, no others."""
        plain = self._plain_schema()
        return {"anyOf": [plain, {"type": "null"}]} if self.nullable else plain

    def mended(self, value: Any) -> Any:
        """A value with what is meant for sure put right: case of choices, numbers and answers in words.

        Raises
        ------
        UnreadableReply
            A text that cannot be the number or the answer it should be.
        """
        if self.nullable and (value is None or (isinstance(value, str) and value.strip().casefold() in _NOTHING)):
            return None
        if isinstance(value, Mapping) and self.fields:
            return dict(self._mended_entry(str(key), inner) for key, inner in value.items())
        if isinstance(value, list) and self.item:
            return [self.item.mended(inner) for inner in value]
        return self._mended_leaf(value)

    def _mended_entry(self, key: str, value: Any) -> tuple[str, Any]:
        plain = _plain(key)
        name = next((name for name in self.fields if _plain(name) == plain), None)
        return (key, value) if name is None else (name, self.fields[name].mended(value))

    def _mended_leaf(self, value: Any) -> Any:
        if isinstance(value, WrittenNumber) and self.format == "decimal":
            return Decimal(value.text)
        return self._mended_text(value.strip()) if isinstance(value, str) else value

    def _mended_text(self, text: str) -> Any:
        if self.choices:
            return next((c for c in self.choices if str(c).casefold() == text.casefold()), text)
        found = kind_of_json(self.base, self.format)
        return text if found is None else found.read(text)

    def _plain_words(self) -> str:
        if self.choices:
            return "one of " + ", ".join(json.dumps(choice, ensure_ascii=False) for choice in self.choices)
        if self.item is not None:
            if self.item.fields:
                return "list of objects with these fields"
            return f"list of any of {self.item.words()[7:]}" if self.item.choices else f"list of {self.item.words()}"
        if self.fields:
            return "object with these fields"
        return self.value_kind.words + self._range_words()

    def _range_words(self) -> str:
        low, above = self.limits.get("minimum"), self.limits.get("exclusiveMinimum")
        high, below = self.limits.get("maximum"), self.limits.get("exclusiveMaximum")
        if low is not None and high is not None:
            return f" from {low:g} to {high:g}"
        longest = self.limits.get("maxLength")
        said = (
            (" from {:g} up", low), (" above {:g}", above), (" up to {:g}", high), (" below {:g}", below),
            (" of at most {} characters", longest),
        )  # fmt: skip
        return "".join(words.format(limit) for words, limit in said if limit is not None)

    def _plain_schema(self) -> dict[str, Any]:
        if self.choices:
            return {"enum": list(self.choices)}
        if self.item is not None:
            return {"type": "array", "items": self.item.schema(), **self.limits}
        if self.fields:
            fields = {name: kind.schema() for name, kind in self.fields.items()}
            return {
                "type": "object",
                "properties": fields,
                "required": list(fields),
                "additionalProperties": False,
            }
        return {**self.value_kind.enforced, **self.limits}


def kind_of(schema: Mapping[str, Any]) -> Kind:
    """Tree of a JSON schema as pydantic writes it.

    Parameters
    ----------
    schema : mapping

    Raises
    ------
    BadSchema
        A part that cannot become columns: a union, a mapping with free keys, a model that contains itself.
    """
    return _Reader(schema.get("$defs", {})).read(schema, "the schema", ())


class _Reader:
    """Walks a JSON schema, following references."""

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions

    def read(self, schema: Mapping[str, Any], where: str, inside: tuple[str, ...]) -> Kind:
        reference = schema.get("$ref")
        if reference is not None:
            if reference in inside:
                raise BadSchema(f"schema: {where} contains itself; a column cannot. Leave it out, or make it a text.")
            target = self._definitions[reference.rpartition("/")[2]]
            beside = {key: value for key, value in schema.items() if key in {"description", "unit"}}
            # What is said of a field goes before what its type says of itself.
            return self.read({**target, **beside}, where, (*inside, reference))
        if "anyOf" in schema:
            return self._either(schema, where, inside)
        choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
        if choices is not None:
            return self._choice(schema, choices, where)
        return self._typed(schema, where, inside)

    def _typed(self, schema: Mapping[str, Any], where: str, inside: tuple[str, ...]) -> Kind:
        kind = schema.get("type")
        if kind == "array" and "items" in schema:
            item = self.read(schema["items"], f"an item of {where}", inside)
            limits, meaning = _limits(schema, _COUNTED), _meaning(schema)
            return Kind(base=kind, item=item, limits=limits, meaning=meaning, is_set=bool(schema.get("uniqueItems")))
        if kind == "object" and schema.get("properties"):
            fields = {name: self.read(part, repr(name), inside) for name, part in schema["properties"].items()}
            return Kind(base=kind, fields=fields, meaning=_meaning(schema))
        form = _leaf(schema, where).json.get("format")
        return Kind(base=str(kind), format=form, limits=_limits(schema, _ENFORCED), meaning=_meaning(schema))

    def _either(self, schema: Mapping[str, Any], where: str, inside: tuple[str, ...]) -> Kind:
        parts = [part for part in schema["anyOf"] if part.get("type") != "null"]
        if len(parts) != 1 or len(parts) == len(schema["anyOf"]):
            raise BadSchema(
                f"schema: {where} may be one of several types; a column has one. Choose one, or make it str."
            )
        inner = self.read(parts[0], where, inside)
        return Kind(**{**vars(inner), "nullable": True, "meaning": _meaning(schema) or inner.meaning})

    @staticmethod
    def _choice(schema: Mapping[str, Any], choices: list[Any], where: str) -> Kind:
        kinds = {type(choice) for choice in choices}
        if kinds not in ({str}, {int}):
            raise BadSchema(f"schema: the choices of {where} must be all texts or all whole numbers, not {choices!r}.")
        if len({str(choice).casefold() for choice in choices}) < len(choices):
            raise BadSchema(f"schema: two choices of {where} are the same but for their case; answers could be either.")
        kind = "string" if kinds == {str} else "integer"
        return Kind(base=kind, choices=tuple(choices), meaning=_meaning(schema))


def _leaf(schema: Mapping[str, Any], where: str) -> ValueKind:
    found = kind_of_json(str(schema.get("type")), schema.get("format"))
    if found is None or schema.get("writeOnly") or schema.get("format") == "binary":
        types = ", ".join(kind.spellings[0] for kind in VALUE_KINDS.values() if kind.spellings)
        raise BadSchema(
            f"schema: {where} cannot become a column ({_short(schema)}). A field may be {types}, choices, a list of "
            "these, or a model of these."
        )
    return found


def _plain(name: str) -> str:
    return name.casefold().replace(" ", "_")


def _limits(schema: Mapping[str, Any], keywords: tuple[str, ...]) -> dict[str, Any]:
    return {keyword: schema[keyword] for keyword in keywords if keyword in schema}


def _meaning(schema: Mapping[str, Any]) -> str:
    unit, meaning = schema.get("unit"), " ".join(str(schema.get("description", "")).split())
    return "; ".join(part for part in (f"in {unit}" if unit else "", meaning) if part)


def _short(schema: Mapping[str, Any]) -> str:
    text = json.dumps({key: value for key, value in schema.items() if key not in {"$defs", "title"}})
    return shortened(text, 80)


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
