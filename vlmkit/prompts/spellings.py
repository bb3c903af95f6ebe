"""Many ways to write a schema down, one thing made of each: a pydantic type adapter for one JSON object.

The short text form, as in ``"count int, colors list[str], background: white|black|gray"``: fields between commas, each
a name, a colon or a space, and a type: ``str``, ``int``, ``float``, ``decimal``, ``bool``, ``date``, ``time``,
``datetime``, choices between bars, or ``list[…]`` of one of these. A question mark at the end allows NA; words in
parentheses say what the field means.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Optional, get_type_hints

from pydantic import BaseModel, Field, TypeAdapter
from pydantic.errors import PydanticUserError
from typing_extensions import TypedDict, is_typeddict

from vlmkit.errors import BadSchema
from vlmkit.prompts.value_kinds import VALUE_KINDS

__all__ = ["adapter_of", "type_of"]

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
