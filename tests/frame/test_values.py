"""What a cell is, whatever library its value comes from."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from vlmkit.frame.values import is_list, is_missing, json_value, text_of


@pytest.mark.parametrize(
    "value", [None, pd.NA, pd.NaT, float("nan"), np.float32("nan"), np.datetime64("NaT", "ns"), Decimal("NaN")]
)
def test_missing_values_are_known(value):
    """One test for all of them; their text is empty."""
    assert is_missing(value)
    assert text_of(value) == ""


@pytest.mark.parametrize("value", ["", 0, False, 0.0, [], (), {}, np.array([]), dt.date(2024, 5, 31), [None], object()])
def test_empty_values_are_not_missing(value):
    """No tags is an answer, and so is zero."""
    assert not is_missing(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [([1], True), ((1,), True), ({1}, True), (np.array([1]), True), (np.array(1), False), ("ab", False), ({}, False)],
)
def test_lists_are_known(value, expected):
    """A text is one value, and so is a mapping."""
    assert is_list(value) is expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (["a", 1.5, None], "a, 1.5, "),
        ({"a": [1, 2]}, "a: 1, 2"),
        (0.123456789, "0.123457"),
        (2.0, "2.0"),
        (True, "True"),
    ],
)
def test_values_are_written_for_people(value, text):
    """Lists with commas, numbers with six digits."""
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (pd.Timestamp("2024-05-31 14:30"), "2024-05-31T14:30:00"),
        (dt.date(2024, 5, 31), "2024-05-31"),
        (dt.time(14, 30), "14:30:00"),
        (Decimal("1E+2"), "100"),
        (np.int64(3), 3),
        (np.float64(0.5), 0.5),
        (True, True),
        ("a", "a"),
    ],
)
def test_a_cell_as_json_has_it(value, written):
    """Of Python's own types."""
    assert json_value(value) == written
    assert type(json_value(value)) is type(written)
