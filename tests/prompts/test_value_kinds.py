"""A kind of value is one row: from its word in a schema to what files hold."""

import datetime as dt
import json
from decimal import Decimal

import pytest
from pydantic import TypeAdapter

from vlmkit.prompts.kinds import kind_of
from vlmkit.prompts.schema import type_of
from vlmkit.prompts.value_kinds import VALUE_KINDS, kind_of_json, kind_of_type

KINDS = [kind for kind in VALUE_KINDS.values() if kind.spellings]
VALUES = {
    "text": "a",
    "boolean": True,
    "integer": 3,
    "number": 0.5,
    "decimal": Decimal("12.50"),
    "datetime": dt.datetime.fromisoformat("2024-05-31T14:30:00"),
    "date": dt.date(2024, 5, 31),
    "time": dt.time(14, 30),
}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_its_words_are_its_type(kind):
    """Each spelling leads to the type, and the type, by way of pydantic, back to the kind."""
    assert {type_of(word) for word in kind.spellings} == {kind.dtype}
    assert kind_of_type(kind.dtype) is kind
    if kind.name != "decimal":  # which pydantic describes as a number or a text; `Schema` says otherwise
        assert kind_of(TypeAdapter(kind.dtype).json_schema()).value_kind is kind


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_value_goes_to_json_and_back(kind):
    """What an outcome keeps is JSON, and Python's value comes of it."""
    value = VALUES[kind.name]
    held = kind.fit(kind.write(value) if kind.write else value)
    assert json.loads(json.dumps(held)) == held
    assert kind.parse(held) == value
    assert type(kind.parse(held)) is kind.dtype


def test_narrower_types_stand_before_those_that_include_them():
    """A moment is a date, and a truth value a whole number."""
    names = list(VALUE_KINDS)
    assert names.index("datetime") < names.index("date")
    assert names.index("boolean") < names.index("integer")


@pytest.mark.parametrize("value", ["14:30Z", "14:30+02:00", "25:00", "noon", "", 14, None])
def test_what_is_no_time_of_day(value):
    """Nor is one with an offset, which cannot be told elsewhere without its day."""
    with pytest.raises((ValueError, TypeError)):
        VALUE_KINDS["time"].fit(value)


@pytest.mark.parametrize(
    ("value", "held"), [("1E+2", "100"), (Decimal("-0.10"), "-0.10"), (0.1, "0.1"), (7, "7"), ("9" * 38, "9" * 38)]
)
def test_a_decimal_keeps_its_digits(value, held):
    """And is written without an exponent."""
    assert VALUE_KINDS["decimal"].fit(value) == held


@pytest.mark.parametrize("value", ["9" * 39, "NaN", "Infinity", "1E+999999999", "1E-999999999", "many", True, ""])
def test_what_is_no_decimal_of_a_column(value):
    """At once, however large its exponent is."""
    with pytest.raises((ValueError, TypeError)):
        VALUE_KINDS["decimal"].fit(value)


def test_an_unknown_format_is_none():
    """A text with one is a text; a list is not a value."""
    assert kind_of_json("string", "uuid") is VALUE_KINDS["text"]
    assert kind_of_json("array") is None
    assert kind_of_type(list) is None
