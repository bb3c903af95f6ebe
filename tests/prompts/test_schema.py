"""From a schema to values, or to the reason why not."""

import dataclasses
import datetime as dt
import json
import re
import typing
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic.alias_generators import to_camel

from vlmkit.errors import BadSchema, UnreadableReply
from vlmkit.prompts.schema import Schema, adapter_of, type_of


class Size(BaseModel):
    width: float
    unit: Literal["cm", "m"] = "cm"


class Scene(BaseModel):
    count: int = Field(ge=0)
    size: Size | None
    taken: dt.date | None
    tags: list[str]

    @field_validator("count")
    @classmethod
    def is_even(cls, value):
        if value % 2:
            message = "must be even"
            raise ValueError(message)
        return value


def test_an_answer_becomes_the_values_of_columns():
    """An answer becomes the values of columns."""
    answer = 'Sure: {"count": 2, "size": {"width": 3}, "taken": "2020-01-02", "tags": ["a"], "more": 1}'
    assert Schema(Scene).read(answer) == {
        "count": 2,
        "size_width": 3.0,
        "size_unit": "cm",
        "taken": "2020-01-02",
        "tags": ["a"],
    }


def test_what_is_unknown_is_none_in_every_column_it_has():
    """What is unknown is none in every column it has."""
    values = Schema(Scene).read('{"count": 0, "size": null, "taken": "unknown", "tags": []}')
    assert values == {"count": 0, "size_width": None, "size_unit": None, "taken": None, "tags": []}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"size": null, "taken": null, "tags": []}', "count: Field required"),
        ('{"count": 3, "size": null, "taken": null, "tags": []}', "must be even"),
        ('{"count": -2, "size": null, "taken": null, "tags": []}', "greater than or equal to 0, got -2"),
        ('{"count": 2, "size": null, "taken": "yesterday", "tags": []}', "taken"),
        ('{"count": 2, "size": null, "taken": null, "tags": "a, b"}', "tags: Input should be a valid list"),
        ("I see two.", "expected one JSON object"),
    ],
)
def test_an_answer_that_does_not_fit_says_where(answer, reason):
    """An answer that does not fit says where."""
    with pytest.raises(UnreadableReply) as raised:
        Schema(Scene).read(answer)
    assert reason in str(raised.value)


def test_the_constraint_is_the_schema_as_json():
    """The constraint is the schema as json."""
    assert json.loads(Schema("a int").constraint.text)["properties"] == {"a": {"type": "integer"}}
    assert Schema("a int").constraint == Schema({"a": int}).constraint


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"a": Callable[[], int]}, "without a JSON form"),
        ({"size": Size, "size_width": int}, "same column"),
    ],
)
def test_a_schema_that_cannot_be_asked_for_is_said(schema, reason):
    """A schema that cannot be asked for is said."""
    with pytest.raises(BadSchema, match=reason):
        Schema(schema)


class Inner(BaseModel):
    """With an alias of its own."""

    z: int = Field(alias="zz")


class Aliased(BaseModel):
    """Every way to give a field another name."""

    model_config = ConfigDict(alias_generator=to_camel)
    shot_type: str
    total: float = Field(alias="grandTotal")
    either: int = Field(validation_alias=AliasChoices("first", "second"))
    path: int = Field(validation_alias=AliasPath("deep", 0))
    written: int = Field(serialization_alias="out")
    inner: Inner
    many: list[Inner]


def test_fields_with_aliases_are_asked_for_and_read_by_them():
    """Their own names are read, too; what is written can be read again."""
    schema = Schema(Aliased)
    assert list(schema.columns) == ["shotType", "grandTotal", "first", "path", "written", "inner_zz", "many"]
    expected = {
        "shotType": "close", "grandTotal": 1.5, "first": 2, "path": 3, "written": 4, "inner_zz": 5, "many": [{"zz": 6}],
    }  # fmt: skip
    by_alias = (
        '{"shotType": "close", "grandTotal": 1.5, "second": 2, "deep": [3], "written": 4, "inner": {"zz": 5}, '
        '"many": [{"zz": 6}]}'
    )
    by_name = (
        '{"shot_type": "close", "total": 1.5, "either": 2, "path": 3, "written": 4, '
        '"inner": {"z": 5}, "many": [{"z": 6}]}'
    )
    assert schema.read(by_alias) == schema.read(by_name) == schema.read(schema.write(expected)) == expected


def test_two_fields_of_one_alias_cannot_be_told_apart():
    """Which is said before anything is asked."""

    class Twice(BaseModel):
        one: int = Field(alias="x")
        two: int = Field(alias="x")

    with pytest.raises(BadSchema, match="same alias"):
        Schema(Twice)


@pytest.mark.parametrize(
    ("kind", "answer", "value"),
    [
        (Decimal, "12.50", "12.50"),
        (Decimal, "0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"),
        (Decimal, '"about 1,250.50 dollars"', "1250.5"),
        (Annotated[Decimal, Field(ge=0)], '"12.5"', "12.5"),
        (list[Decimal], "[1.10, 2]", ["1.10", "2"]),
        (set[int], "[10, 9, 9]", [9, 10]),
        (frozenset[str], '["b", "a"]', ["a", "b"]),
        (dt.time, '"10:30"', "10:30:00"),
        (dt.time | None, '"10:30 PM"', "22:30:00"),
        (dt.timedelta, '"PT1H30M"', "PT1H30M"),
        (UUID, '"12345678-1234-5678-1234-567812345678"', "12345678-1234-5678-1234-567812345678"),
        (tuple[int, ...], "[1, 2]", [1, 2]),
        (Decimal | None, "null", None),
    ],
)
def test_types_beyond_json_become_what_a_column_holds(kind, answer, value):
    """Decimals are their digits, sets are lists in order, times and durations are texts."""
    assert Schema({"x": kind}).read(f'{{"x": {answer}}}') == {"x": value}


def test_times_and_decimals_are_asked_for_and_enforced():
    """From a text, too; bounds are those of a number, and a time has no offset."""
    schema = Schema("price decimal, opens time?")
    assert schema.lines() == "- price: decimal number\n- opens: time as HH:MM:SS, or null if unknown"
    assert {name: kind.dtype for name, kind in schema.columns.items()} == {"price": Decimal, "opens": dt.time}
    properties = json.loads(schema.constraint.text)["properties"]
    assert properties["price"] == {"type": "number"}
    time, _ = properties["opens"]["anyOf"]
    assert re.search(time["pattern"], "14:30:00")
    assert not re.search(time["pattern"], "14:30:00Z")
    bounded = Schema({"x": Annotated[Decimal, Field(gt=Decimal("0.5"), max_digits=3)]})
    assert bounded.constraint.text.count('"exclusiveMinimum":0.5') == 1
    assert schema.write({"price": Decimal("12.50"), "opens": dt.time(9)}) == '{"price": 12.5, "opens": "09:00:00"}'
    for price, opens in (("12", '"9:00Z"'), ('"much"', "null"), ("1e60", "null")):
        answer = f'{{"price": {price}, "opens": {opens}}}'
        with pytest.raises(UnreadableReply):
            schema.read(answer)


@pytest.mark.parametrize("kind", [SecretStr, bytes, dict[str, int], complex | int, float | str])
def test_types_that_no_column_holds_are_said(kind):
    """Before anything is asked; a secret would be written as stars."""
    with pytest.raises(BadSchema):
        Schema({"x": kind})


class Strange(BaseModel):
    """Validators are anybody's code."""

    n: int
    many: list[int] = []

    @field_validator("n")
    @classmethod
    def fails_in_its_own_way(cls, value):
        """Raise what no validator should, or give what no column holds."""
        if value == 13:
            raise RuntimeError(value)
        return 10**30 if value == 30 else 1 // value


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"n": 13}', "RuntimeError: '13'"),
        ('{"n": 0}', "ZeroDivisionError"),
        ('{"n": 30}', "n: expected a whole number of 64 bits"),
        ('{"n": 1, "many": [99999999999999999999]}', "an item of many: expected a whole number of 64 bits"),
        ('{"n": 1, "many": [NaN]}', "NaN where a number should be"),
    ],
)
def test_whatever_one_answer_does_is_its_own_fault(answer, reason):
    """No row ends the run of the others."""
    with pytest.raises(UnreadableReply) as raised:
        Schema(Strange).read(answer)
    assert reason in str(raised.value)


def test_halves_of_characters_are_mended():
    """As in answers that are plain text."""
    assert Schema("s str, l list").read('{"s": "nice \\ud83d cat", "l": ["\\ude00"]}') == {
        "s": "nice \ufffd cat",
        "l": ["\ufffd"],
    }


def test_a_field_that_its_type_never_gives_is_no_silent_gap():
    """It is left out by the type itself, whatever the model answers; an empty cell would say that it is unknown."""

    class Hidden(BaseModel):
        shown: int
        secret: int = Field(exclude=True)

    with pytest.raises(UnreadableReply, match="secret: the schema's own type leaves this field out"):
        Schema(Hidden).read('{"shown": 1, "secret": 2}')


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
