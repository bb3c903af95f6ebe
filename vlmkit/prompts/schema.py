"""A schema: what is asked for as one JSON object, and how that object becomes the values of columns.

However it is written down, a pydantic type adapter for one JSON object is made of it.

The short text form, as in ``"count int, colors list[str], background: white|black|gray"``: fields between commas, each
a name, a colon or a space, and a type: ``str``, ``int``, ``float``, ``decimal``, ``bool``, ``date``, ``time``,
``datetime``, choices between bars, or ``list[…]`` of one of these. A question mark at the end allows NA; words in
parentheses say what the field means.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, Optional, get_type_hints

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticUserError
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import TypedDict, is_typeddict

from vlmkit.errors import BadSchema, UnreadableReply
from vlmkit.prompts.json_text import find_object, value_spans
from vlmkit.prompts.kinds import Kind, fitted, kind_of
from vlmkit.prompts.value_kinds import VALUE_KINDS
from vlmkit.records import Constraint
from vlmkit.untrusted import quoted, shortened

__all__ = ["Schema", "adapter_of", "type_of"]

_WORDS = {word: kind.dtype for kind in VALUE_KINDS.values() for word in kind.spellings}
_FIELD = re.compile(r"\s*(?P<name>\w+)\s*(?:[:\s]\s*(?P<type>[^()]*?))?\s*(?:\((?P<meaning>.*)\))?\s*", re.DOTALL)
_HOW = 'Write it as in "count int, colors list[str], background: white|black|gray".'


def adapter_of(schema: object) -> TypeAdapter[Any]:
    """What validates an answer to a schema.

    Parameters
    ----------
    schema : pydantic model, dataclass, TypedDict, mapping of names to types, or text

    Raises
    ------
    BadSchema
        It is none of these, has no fields, or a field's type cannot be understood.
    """
    shape = _shape_of(schema)
    try:
        return TypeAdapter(shape)
    except (PydanticUserError, NameError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise BadSchema(f"schema {_name(schema)}: pydantic cannot use it: {reason}") from error


def type_of(spelling: object) -> Any:
    """A field's type from how it was written: a type, a word, choices between bars, or a list of choices.

    Raises
    ------
    BadSchema
        It cannot be understood.
    """
    if isinstance(spelling, str):
        return _type_of_text(spelling)
    if isinstance(spelling, list | tuple) and spelling:
        return _choices(spelling)
    if spelling is None or isinstance(spelling, list | tuple | Mapping | int | float):
        raise BadSchema(
            f"schema: {spelling!r} is not a type. Give str, int, float, bool, a list of choices, or a type."
        )
    return spelling


def _shape_of(schema: object) -> Any:
    if isinstance(schema, str):
        return _typed_dict(dict(_fields_of_text(schema)), schema)
    if isinstance(schema, Mapping):
        return _typed_dict({name: type_of(spelling) for name, spelling in schema.items()}, schema)
    if is_typeddict(schema):
        # Made anew, because pydantic takes the standard library's own kind only from Python 3.12 on.
        return _typed_dict(get_type_hints(schema, include_extras=True), schema)
    if isinstance(schema, type) and (issubclass(schema, BaseModel) or dataclasses.is_dataclass(schema)):
        return schema
    raise BadSchema(
        f"schema {_name(schema)}: give a pydantic model, a dataclass, a TypedDict, a dict of names and types, a list "
        f"of choices, or a text. {_HOW}"
    )


def _typed_dict(fields: dict[Any, Any], schema: object) -> Any:
    if not fields:
        raise BadSchema(f"schema {schema!r}: it has no fields; name at least one.")
    for name in fields:
        if not isinstance(name, str) or not name.strip():
            raise BadSchema(f"schema: {name!r} is not a name for a field; give a text, which becomes its column.")
    # Unlike a model's, the keys of a TypedDict may be any text.
    make: Any = TypedDict
    return make("Schema", fields)


def _choices(values: Iterable[object]) -> Any:
    names = tuple(values)
    if not all(isinstance(name, str | int) and str(name).strip() for name in names):
        raise BadSchema(f"schema: the choices {list(names)!r} must be texts or whole numbers, none of them empty.")
    return Literal[names]


def _fields_of_text(text: str) -> Iterable[tuple[str, Any]]:
    for part in _split(text, ","):
        match = _FIELD.fullmatch(part)
        if match is None:
            raise BadSchema(f"schema {text!r}: {part.strip()!r} is not a field. {_HOW}")
        kind = _type_of_text(match["type"] or "str")
        yield match["name"], Annotated[kind, Field(description=match["meaning"])] if match["meaning"] else kind


def _type_of_text(text: str) -> Any:
    text = text.strip()
    if text.endswith("?"):
        inner = _type_of_text(text[:-1])
        return Optional[inner]  # noqa: UP045  the bar cannot join a Literal made at run time with None in 3.11
    if listed := re.fullmatch(r"list\s*\[(.*)\]", text, re.DOTALL):
        return list.__class_getitem__(_type_of_text(listed[1]))
    if text == "list":
        return list[str]
    if "|" in text:
        return _choices([choice.strip() for choice in text.split("|")])
    if text.casefold() not in _WORDS:
        raise BadSchema(f"schema: {text!r} is not a type; types are {', '.join(_WORDS)}. {_HOW}")
    return _WORDS[text.casefold()]


def _split(text: str, separator: str) -> list[str]:
    """Split at separators outside of brackets and parentheses; what is empty is left out."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part for part in parts if part.strip()]


def _name(schema: object) -> str:
    return schema.__name__ if isinstance(schema, type) else repr(schema)


_ADVICE = "Ask a model that follows schemas better."


class Schema:
    """Fields asked for together.

    Parameters
    ----------
    schema : pydantic model, dataclass, TypedDict, mapping of names to types, or text
        As `vlmkit.prompts.schema` reads it.
    prefix : str, default ""
        Stands before the names of the columns.

    Attributes
    ----------
    kind : Kind
        The whole object.
    columns : dict of str to Kind
        What it becomes; nested fields have the name of the field they are in before theirs. A field with an alias is
        asked for, and its column is named, by the alias; an answer may have either name.
    constraint : Constraint
        What a backend enforces.

    Raises
    ------
    BadSchema
        It cannot be understood, or cannot become columns.
    """

    def __init__(self, schema: object, *, prefix: str = "") -> None:
        self._adapter: TypeAdapter[Any] = adapter_of(schema)
        self.kind = _described(self._adapter, by_alias=True)
        self._own_names = _described(self._adapter, by_alias=False)
        _check_names(self.kind, self._own_names)
        if not self.kind.fields:
            raise BadSchema("schema: it has no fields that could become columns; name at least one.")
        self._prefix = prefix
        columns = [(f"{prefix}{name}", kind) for name, kind in self.kind.columns("")]
        self.columns = dict(columns)
        if len(self.columns) < len(columns):
            raise BadSchema("schema: two fields become the same column; rename one of them.")
        text = json.dumps(self.kind.schema(), ensure_ascii=False, separators=(",", ":"))
        self.constraint = Constraint(kind="json_schema", text=text)

    def lines(self) -> str:
        """The fields, a line each, as they stand in the prompt."""
        return "\n".join(self.kind.lines())

    def read(self, text: str) -> dict[str, Any]:
        """Values by column.

        Parameters
        ----------
        text : str
            An answer; the object may have prose around it.

        Returns
        -------
        dict
            JSON values; dates and times are ISO texts, decimals texts of their digits; what is unknown is None.

        Raises
        ------
        UnreadableReply
            No object or several, a field that is missing, or a value that is not of its type or that no column holds.
        """
        found = self.kind.mended(find_object(text))
        try:
            value = self._adapter.validate_python(found, by_alias=True, by_name=True)
            dumped = self._adapter.dump_python(value, mode="json", by_alias=False)
        except ValidationError as error:
            raise UnreadableReply(_explained(error), _ADVICE) from error
        except Exception as error:  # a validator may be anybody's code, and raise anything
            problem = f"the answer does not fit the schema: {type(error).__name__}: {quoted(str(error))}."
            raise UnreadableReply(problem, _ADVICE) from error
        values = fitted(self.kind, _as_asked(self.kind, self._own_names, dumped), "the object")
        return {f"{self._prefix}{name}": inner for name, inner in _flat(self.kind, values, "")}

    def write(self, values: Mapping[str, Any]) -> str:
        """Answer that has these values.

        Parameters
        ----------
        values : mapping of str to object
            By column; what is not there is null.
        """
        bare = {name.removeprefix(self._prefix): value for name, value in values.items()}
        return json.dumps(_nested(self.kind, bare, ""), ensure_ascii=False)

    def spans(self, text: str) -> dict[str, tuple[int, int]]:
        """Where in an answer each column's value stands.

        Parameters
        ----------
        text : str
        """
        return {f"{self._prefix}{'_'.join(path)}": span for path, span in value_spans(text).items()}


class _JsonSchema(GenerateJsonSchema):
    """pydantic's description of types, with a decimal as the number it is."""

    def decimal_schema(self, schema: Any) -> dict[str, Any]:
        """A number with its bounds, and not a number or a text."""
        described: dict[str, Any] = dict(VALUE_KINDS["decimal"].json)
        self.update_with_validations(described, schema, self.ValidationsMapping.numeric)
        return {key: float(value) if isinstance(value, Decimal) else value for key, value in described.items()}


def _described(adapter: TypeAdapter[Any], *, by_alias: bool) -> Kind:
    try:
        return kind_of(adapter.json_schema(by_alias=by_alias, schema_generator=_JsonSchema))
    except PydanticInvalidForJsonSchema as error:
        reason = str(error).partition("\n")[0]
        raise BadSchema(f"schema: a field has a type without a JSON form: {reason}") from error


def _check_names(asked: Kind, own: Kind) -> None:
    """Whether each field has one name that is asked for, and one of its own, all the way down."""
    if len(asked.fields) != len(own.fields):
        raise BadSchema("schema: two fields have the same alias; an answer could be either. Rename one of them.")
    pairs = list(zip(asked.fields.items(), own.fields.items(), strict=True))
    if asked.item is not None and own.item is not None:
        _check_names(asked.item, own.item)
    for (_, inner), (_, own_inner) in pairs:
        _check_names(inner, own_inner)


def _as_asked(asked: Kind, own: Kind, value: Any) -> Any:
    """A value under the names that were asked for, from one under the fields' own."""
    if isinstance(value, list) and asked.item is not None and own.item is not None:
        return [_as_asked(asked.item, own.item, inner) for inner in value]
    if not asked.fields or not isinstance(value, Mapping):
        return value
    pairs = list(zip(asked.fields.items(), own.fields.items(), strict=True))
    lost = next((name for (name, _), (own_name, _) in pairs if own_name not in value), None)
    if lost is not None:  # such as pydantic's Field(exclude=True)
        raise UnreadableReply(f"{lost}: the schema's own type leaves this field out of what it gives.", _ADVICE)
    return {name: _as_asked(inner, own_inner, value[own_name]) for (name, inner), (own_name, own_inner) in pairs}


def _nested(kind: Kind, values: Mapping[str, Any], name: str) -> Any:
    if not kind.fields:
        return _plain(kind, values.get(name))
    return {key: _nested(inner, values, f"{name}{'_' if name else ''}{key}") for key, inner in kind.fields.items()}


def _plain(kind: Kind, value: Any) -> Any:
    """A table's cell as JSON has it."""
    if isinstance(value, Decimal):  # JSON's numbers are what the prompt asks for
        return int(value) if value == value.to_integral_value() else float(value)
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10] if kind.dtype is dt.date else value.isoformat()
    if hasattr(value, "tolist"):  # numpy's scalars and arrays
        return value.tolist()
    return value


def _flat(kind: Kind, value: Any, name: str) -> list[tuple[str, Any]]:
    if not kind.fields:
        return [(name, value)]
    inside = value if isinstance(value, Mapping) else {}
    pairs: list[tuple[str, Any]] = []
    for inner, inner_kind in kind.fields.items():
        pairs += _flat(inner_kind, inside.get(inner), f"{name}_{inner}" if name else inner)
    return pairs


def _explained(error: ValidationError) -> str:
    """What is wrong with an answer, field by field, short enough for a cell and for the model to read."""
    problems = []
    for problem in error.errors(include_url=False)[:3]:
        where = ".".join(map(str, problem["loc"])) or "the object"
        found = "" if problem["type"] == "missing" else f", got {shortened(repr(problem['input']), 40)}"
        problems.append(f"{where}: {problem['msg']}{found}")
    return f"the answer does not fit the schema: {'; '.join(problems)}."
