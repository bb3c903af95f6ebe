"""Types of arguments that are written as plain text."""

import json

import pytest

from vlmkit.chat.tools.schema_types import TEXT, typed, types_of_arguments


def types_of(schema, **further):
    return types_of_arguments(json.dumps({"properties": {"x": schema}, **further}))["x"]


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        ({"type": "integer"}, {"integer"}),
        ({"type": ["integer", "null"]}, {"integer", "null"}),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"string", "null"}),
        ({"enum": ["a", 1, None]}, {"string", "integer", "null"}),
        ({"const": 1.5}, {"number"}),
        ({"$ref": "#/$defs/Place"}, {"object"}),
        ({"$ref": "#/$defs/Loop"}, {"string"}),
        ({"$ref": "#/nowhere"}, {"string"}),
        ({}, {"string"}),
        (True, {"string"}),
        ({"type": 3, "anyOf": "x", "enum": {}}, {"string"}),
    ],
)
def test_types(schema, types):
    """They are gathered from types, alternatives, listed values and references; of what is unknown, text."""
    definitions = {"Place": {"type": "object"}, "Loop": {"$ref": "#/$defs/Loop"}}
    assert types_of(schema, **{"$defs": definitions}) == types


@pytest.mark.parametrize("parameters", ["{", "[]", '{"properties": 3}', "{}"])
def test_schemas_that_are_none(parameters):
    """They have no arguments."""
    assert types_of_arguments(parameters) == {}


@pytest.mark.parametrize(
    ("text", "types", "value"),
    [
        ("007", {"string"}, "007"),
        ("7", {"integer"}, 7),
        ("7.5", {"integer"}, "7.5"),
        ("7", {"number"}, 7),
        ("True", {"boolean"}, True),
        ("1", {"boolean"}, "1"),
        ("None", {"integer", "null"}, None),
        ("null", {"string"}, "null"),
        ("null", {"string", "null"}, None),
        ("12", {"string", "null"}, "12"),
        (" {'a': [1, None]} ", {"object"}, {"a": [1, None]}),
        ("[1, 2", {"array"}, "[1, 2"),
        ("[1] [2]", {"array"}, "[1] [2]"),
        ("", {"integer"}, ""),
        ("two\nlines", {"array", "object"}, "two\nlines"),
    ],
)
def test_values(text, types, value):
    """A value has a type that is allowed where it can be read so; else it is a string, as it is."""
    assert json.loads(typed(text, frozenset(types))) == value


def test_plain_text_is_not_looked_into():
    """Where only text is allowed, nothing is read."""
    assert typed('{"a": 1}', TEXT) == '"{\\"a\\": 1}"'
