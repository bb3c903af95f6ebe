"""Cells become plain values of one type."""

import json
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.exporters.values import (
    clean_text,
    plain_reader,
    plain_value,
    split_tags,
    table_of_records,
    tags_of,
    to_json,
)

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@given(PLAIN)
def test_plain_values_stay(value):
    """What JSON holds already comes through it unchanged."""
    assert json.loads(to_json(plain_value(value))) == plain_value(value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (pd.NA, None),
        (pd.NaT, None),
        (float("nan"), None),
        (float("inf"), None),
        (np.array([[1, 2]]), [[1, 2]]),
        (np.array(["a"]), ["a"]),
        ({"b", "a"}, ["a", "b"]),
        (pd.Timestamp("2024-02-29 12:00"), "2024-02-29T12:00:00"),
        (datetime(2024, 1, 1, tzinfo=UTC), "2024-01-01T00:00:00+00:00"),
        (date(2024, 1, 1), "2024-01-01"),
        ("half \ud83d", "half \ufffd"),
        (1 + 2j, "(1+2j)"),
    ],
)
def test_odd_cells_become_plain(value, plain):
    """Numbers of numpy, missing values, arrays, moments, and what is none of these as text."""
    found = plain_value(value)
    assert found == plain
    assert type(found) is type(plain)


def test_a_column_has_one_type():
    """Mixed cells become texts, whole numbers among fractions become fractions."""
    mixed = pd.Series(["a", 1, None, [1, "b"]], dtype=object)
    assert list(map(plain_reader(mixed), mixed)) == ["a", "1", None, '[1, "b"]']
    numbers = pd.Series([1, 0.5, None], dtype=object)
    assert [type(each) for each in map(plain_reader(numbers), numbers)] == [float, float, type(None)]


def test_tags_are_single_and_whole():
    """Lists, sets and texts with commas; a comma inside a tag would split it."""
    assert tags_of(["a dog", "a dog", " ", None, "x, y"]) == ("a dog", "x y")
    assert tags_of("a dog,, cat ") == ("a dog", "cat")
    assert tags_of(pd.NA) == ()
    assert split_tags(" a , b,") == ["a", "b"]


def test_records_become_typed_columns():
    """Missing values are known in each; lists are not taken for a matrix."""
    table = table_of_records([{"a": 1, "b": True, "c": [1, 2]}, {"a": None, "d": "x", "c": [3, 4]}, {"e": 1.5}], ["z"])
    assert list(table.columns) == ["z", "a", "b", "c", "d", "e"]
    assert [str(table[name].dtype) for name in "abde"] == ["Int64", "boolean", "string", "Float64"]
    assert table["c"][0] == [1, 2]
    assert str(table_of_records([{"n": 1 << 70}])["n"].dtype) == "Float64"


def test_half_characters_are_shown_as_such():
    """A text that no encoding can hold becomes one that every encoding can."""
    assert clean_text("a\ud83db").encode("utf-8") == "a\ufffdb".encode()
