"""Every way to write a schema down, and what is said of those that cannot be read."""

import dataclasses
import datetime as dt
import typing

import pytest
from pydantic import BaseModel

from vlmkit.errors import BadSchema
from vlmkit.prompts.spellings import adapter_of, type_of


class Model(BaseModel):
    count: int
    mood: typing.Literal["calm", "wild"] = "calm"


@dataclasses.dataclass
class Record:
    count: int
    mood: typing.Literal["calm", "wild"] = "calm"


class Typed(typing.TypedDict):
    count: int
    mood: typing.Literal["calm", "wild"]


TEXT = "count int, mood: calm|wild"
NAMES = {"count": int, "mood": ["calm", "wild"]}


@pytest.mark.parametrize(
    "schema", [Model, Record, Typed, TEXT, NAMES], ids=["model", "dataclass", "typed", "text", "dict"]
)
def test_all_spellings_say_the_same(schema):
    """All spellings say the same."""
    properties = adapter_of(schema).json_schema()["properties"]
    assert properties["count"]["type"] == "integer"
    assert properties["mood"]["enum"] == ["calm", "wild"]


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("int", int),
        ("Text", str),
        ("number", float),
        ("bool", bool),
        ("date", dt.date),
        ("list[int]", list[int]),
        ("list", list[str]),
        ("a|b c", typing.Literal["a", "b c"]),
        ("list[a|b]", list[typing.Literal["a", "b"]]),
        ("int?", int | None),
    ],
)
def test_words_for_types(text, type_):
    """Words for types."""
    assert type_of(text) == type_


def test_a_text_form_has_meanings_any_punctuation_in_them_and_a_type_by_default():
    """A text form has meanings any punctuation in them and a type by default."""
    fields = adapter_of("title, price float? (in EUR, as printed (net)), tags list[a|b]").json_schema()["properties"]
    assert list(fields) == ["title", "price", "tags"]
    assert fields["title"]["type"] == "string"
    assert fields["price"]["description"] == "in EUR, as printed (net)"


def test_a_dict_may_have_any_names():
    """A dict may have any names."""
    assert list(adapter_of({"how many?": int, "größe": "str"}).json_schema()["properties"]) == ["how many?", "größe"]


class Unusable:
    pass


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({}, "no fields"),
        ("", "no fields"),
        (5, "give a pydantic model"),
        (Unusable, "give a pydantic model"),
        ("a foo", "'foo' is not a type"),
        ("a b c int", "is not a type"),
        ("?? int", "is not a field"),
        ({1: int}, "is not a name"),
        ({" ": int}, "is not a name"),
        ({"a": None}, "is not a type"),
        ({"a": []}, "is not a type"),
        ({"a": ["x", 1.5]}, "choices"),
        ({"a": "x| "}, "choices"),
        ({"a": Unusable}, "pydantic cannot use it"),
    ],
)
def test_what_cannot_be_understood_is_said(schema, reason):
    """What cannot be understood is said."""
    with pytest.raises(BadSchema, match="schema") as raised:
        adapter_of(schema)
    assert reason in str(raised.value)
