"""Functions as tools: their types and docstrings as a JSON schema, and arguments as these types."""

import enum
import functools
from dataclasses import dataclass
from typing import Annotated, Literal

import jsonschema
import pytest
from pydantic import BaseModel, Field

from vlmkit.agent.functions import TypedFunction
from vlmkit.errors import BadSchema, ToolError


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Box:
    left: float
    top: float = 0.0


class Note(BaseModel):
    text: str
    tags: list[str] = []


def find(
    place: Literal["left", "right"],
    rows: list[int],
    color: Color = Color.RED,
    box: Box | None = None,
    note: Annotated[Note | None, Field(description="What was noted.")] = None,
    most: int = Field(3, ge=1, le=5),
):
    """Find something.

    Parameters
    ----------
    place : str
        Where to look.
    note : Note
        Not taken, as its type says it already.
    """
    return place, rows, color, box, note, most


def test_types_and_docstring_become_a_schema():
    """Each argument has its type, its limits, its default, and what is said of it."""
    typed = TypedFunction(find)
    schema = typed.parameters
    jsonschema.Draft202012Validator.check_schema(schema)
    assert typed.description == "Find something."
    assert schema["required"] == ["place", "rows"]
    assert schema["additionalProperties"] is False
    assert "title" not in schema
    assert schema["properties"]["place"] == {
        "description": "Where to look.",
        "enum": ["left", "right"],
        "type": "string",
    }
    assert schema["properties"]["most"] == {"default": 3, "maximum": 5, "minimum": 1, "type": "integer"}
    assert schema["properties"]["note"]["description"] == "What was noted."


def test_arguments_come_in_the_types_of_the_function():
    """JSON becomes what the parameters name, and what is left out keeps its default."""
    given = {"place": "left", "rows": ["1", 2], "color": "blue", "box": {"left": 1}, "note": {"text": "hm"}}
    assert TypedFunction(find)(**given) == ("left", [1, 2], Color.BLUE, Box(1.0), Note(text="hm"), 3)
    assert TypedFunction(find)("right", [0]) == ("right", [0], Color.RED, None, None, 3)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rows": [1]}, "place: Field required"),
        ({"place": "up", "rows": [1]}, "place: Input should be 'left' or 'right', not 'up'"),
        ({"place": "left", "rows": [1], "depth": 1}, "unexpected keyword argument 'depth'"),
        (
            {"place": "left", "rows": ["x"], "most": 9},
            r"rows\.0: .* not 'x'; most: .* less than or equal to 5, not '9'",
        ),
    ],
)
def test_arguments_that_do_not_fit_say_why(given, said):
    """A model is told which argument is wrong and what there is."""
    with pytest.raises(ToolError, match=said) as caught:
        TypedFunction(find)(**given)
    assert "It takes place, rows, color (optional), box (optional)" in str(caught.value)


def test_parameters_may_be_called_like_anything():
    """Names that a model of pydantic uses itself are names like others."""

    def odd(schema: str, json: int, _hidden: int, model_config: str = "x", self: int = 0):
        return schema, json, _hidden, model_config, self

    typed = TypedFunction(odd)
    assert list(typed.parameters["properties"]) == ["schema", "json", "_hidden", "model_config", "self"]
    assert typed(schema="a", json=1, _hidden=2) == ("a", 1, 2, "x", 0)


def test_methods_partials_and_objects_are_functions_too():
    """What can be called with typed arguments can be a tool."""

    class Counter:
        def up(self, by: int):
            return by + 1

        def __call__(self, by: int):
            return by + 2

    def add(a: int, b: int):
        return a + b

    assert [TypedFunction(each)(by="1") for each in (Counter().up, Counter())] == [2, 3]
    typed = TypedFunction(functools.partial(add, b=5))
    assert typed.parameters["required"] == ["a"]
    assert typed(a=1) == 6


async def later(row: int):
    """Nobody waits for it."""


def many(*rows: int):
    """As many as you like."""


def first(row: int, /):
    """By its place only."""


def untyped(row):
    """Any row."""


def unwritten(row: "Nowhere"):  # noqa: F821  that is what is tested
    """Of a type that is not there."""


def unreadable(row: object.__init__):
    """Of a type that is none."""


def locked(row: type(iter([]))):
    """Of a type without JSON."""


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (later, "later: it is an async function"),
        (many, r"many: \*rows: int has no name of its own"),
        (first, "first: row: int has no name of its own"),
        (untyped, "untyped: row has no type. Write it, as row: str"),
        (unwritten, "unwritten: its types cannot be found"),
        (unreadable, "unreadable: "),
        (locked, "locked: .* Give types that JSON can be read as"),
        (dict, "dict: Python does not tell what it takes"),
    ],
)
def test_a_signature_that_no_model_can_use_is_refused(function, said):
    """Before anything runs, and with what to write instead."""
    with pytest.raises(BadSchema, match=said):
        TypedFunction(function)


def test_a_default_that_is_no_json_stays_pythons_own():
    """A model does not see it, and the function gets it."""
    marker = object()

    def look(row: int, at: Annotated[int, Field()] = marker):
        return at

    typed = TypedFunction(look)
    assert "default" not in typed.parameters["properties"]["at"]
    assert typed(row=1) is marker
