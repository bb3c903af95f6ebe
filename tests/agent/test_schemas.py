"""Schemas of arguments as APIs take them, and arguments checked against them."""

import json
import socket

import jsonschema
import pytest

from vlmkit.agent.schemas import clean_schema, enforceable_schema, schema_faults

ROW = {"type": "integer"}


@pytest.mark.parametrize(
    ("schema", "cleaned"),
    [
        ({}, {"type": "object", "properties": {}}),
        ({"type": None, "$schema": "x"}, {"type": "object", "properties": {}}),
        ({"properties": {"row": ROW}}, {"type": "object", "properties": {"row": ROW}}),
        (
            {
                "anyOf": [
                    {"properties": {"row": ROW}, "required": ["row"]},
                    {"properties": {"name": {"type": "string"}}},
                ]
            },
            {"type": "object", "properties": {"row": ROW, "name": {"type": "string"}}},
        ),
        (
            {"properties": {"row": ROW}, "required": ["row"], "oneOf": [{"properties": {"row": {"type": "string"}}}]},
            {"type": "object", "properties": {"row": {"anyOf": [ROW, {"type": "string"}]}}, "required": ["row"]},
        ),
        (
            {"allOf": [{"properties": {"a": {}}, "required": ["a"]}, {"properties": {"b": {}}, "required": ["b"]}]},
            {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "b"]},
        ),
    ],
)
def test_the_root_is_an_object(schema, cleaned):
    """Alternatives there are offered together."""
    assert clean_schema(schema) == cleaned


def test_references_at_the_root_are_followed():
    """And go on leading somewhere below it."""
    place = {"type": "object", "properties": {"row": {"$ref": "#/$defs/Row"}}, "required": ["row"]}
    cleaned = clean_schema({"$ref": "#/$defs/Place", "$defs": {"Place": place, "Row": ROW}})
    assert cleaned["required"] == ["row"]
    assert "$ref" not in cleaned
    jsonschema.validate({"row": 1}, cleaned)
    circle = {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}
    assert clean_schema(circle)["properties"] == {}
    assert clean_schema({"$ref": "http://elsewhere/x"})["properties"] == {}


def test_what_no_grammar_holds_is_left_out():
    """Words of a schema, and not arguments that are called like them."""
    schema = {
        "type": "object",
        "properties": {
            "not": {"type": "string", "format": "color"},
            "when": {"type": "string", "format": "date", "not": {"const": ""}},
            "rows": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True},
        },
        "if": {},
        "then": {},
        "required": ["not"],
        "examples": [{"not": 1}],
    }
    kept = enforceable_schema(schema)
    assert kept == {
        "type": "object",
        "properties": {
            "not": {"type": "string"},
            "when": {"type": "string", "format": "date"},
            "rows": {"type": "array", "items": {"type": "integer"}},
        },
        "required": ["not"],
        "examples": [{"not": 1}],
    }
    assert json.dumps(schema) != json.dumps(kept)


def test_faults_name_the_argument():
    """The first few of them, none of them long."""
    schema = {"type": "object", "properties": {"rows": {"type": "array", "items": ROW}, "color": {"enum": ["x" * 900]}}}
    schema["required"] = ["rows"]
    assert schema_faults(schema, {"rows": [1]}) == ""
    assert schema_faults(schema, {}) == "'rows' is a required property"
    assert schema_faults(schema, {"rows": [1, "x"]}) == "rows.1: 'x' is not of type 'integer'"
    assert len(schema_faults(schema, {"rows": list("abcdef"), "color": "y"})) < 1000


@pytest.mark.parametrize("schema", [{"type": 7}, {"$ref": "#/$defs/None"}, {"pattern": "("}, {"properties": 3}])
def test_a_schema_that_is_none_finds_nothing(schema):
    """The tool checks again."""
    assert schema_faults(schema, {"row": 1}) == ""


def test_a_schema_fetches_nothing(monkeypatch):
    """Whatever address a server names in it."""
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection was made"))
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection was made"))
    assert schema_faults({"$ref": "http://127.0.0.1:9/schema.json"}, {"row": 1}) == ""
    assert schema_faults({"$schema": "http://127.0.0.1:9/schema.json", "type": "object"}, {"row": 1}) == ""
