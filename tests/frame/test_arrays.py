"""Values become arrays of an honest type."""

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest

from vlmkit.frame.arrays import float_array, integer_array, text_array, typed_array
from vlmkit.prompts import Field


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (str, ["a", None, ""], "string"),
        (int, [2**63 - 1, None, -5], "Int64"),
        (float, [0.5, None, 3.0], "Float64"),
        (bool, [True, None, False], "boolean"),
    ],
)
def test_types_hold_their_values_and_na(dtype, values, expected):
    """Every value comes back exactly, what is missing is NA, and the dtype does not change for it."""
    series = pd.Series(typed_array(Field(name="x", dtype=dtype), values))
    assert series.dtype == expected
    assert [None if pd.isna(value) else value for value in series] == values
    for few in ([None, None], []):
        assert pd.Series(typed_array(Field(name="x", dtype=dtype), few)).dtype == expected


def test_choices_are_a_category_in_their_own_order():
    """Also the choices nobody gave, so that counts have a row for them."""
    series = pd.Series(typed_array(Field(name="x", choices=("low", "mid", "high")), ["high", None, "low"]))
    assert list(series.cat.categories) == ["low", "mid", "high"]
    assert series.value_counts().loc["mid"] == 0
    assert series.isna().tolist() == [False, True, False]


def test_arrays_of_numbers():
    """Missing values are NA, not NaN in a column of floats."""
    assert integer_array([1, None]).dtype == "Int64"
    assert float_array([1.5, None]).dtype == "Float64"


def test_a_file_name_that_is_no_unicode_is_kept():
    """Such a name must still open its file afterwards."""
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    series = pd.Series(text_array([name, None]))
    assert series.dtype == "string"
    assert series[0] == name
    assert series.isna().tolist() == [False, True]


def test_dates_are_days_and_reach_far_back():
    """Further than nanoseconds do; a table's own dates are kept."""
    series = pd.Series(typed_array(Field(name="x", dtype=dt.date), ["1503-01-01", None, pd.Timestamp("2020-02-29")]))
    assert series.dtype == "datetime64[s]"
    assert series.dt.year.fillna(0).tolist() == [1503, 0, 2020]
    for few in ([None, None], []):
        assert pd.Series(typed_array(Field(name="x", dtype=dt.date), few)).dtype == "datetime64[s]"


def test_moments_are_naive_unless_one_has_an_offset():
    """Then all are in UTC: a column has one time zone."""
    field = Field(name="x", dtype=dt.datetime)
    naive = pd.Series(typed_array(field, ["2020-01-01T10:00:00", None, "2020-01-01T10:00:00.5"]))
    assert naive.dtype == "datetime64[us]"
    mixed = pd.Series(typed_array(field, ["2020-01-01T10:00:00", "2020-01-01T10:00:00+02:00"]))
    assert str(mixed.dtype) == "datetime64[us, UTC]"
    assert mixed.dt.hour.tolist() == [10, 8]
    assert pd.Series(typed_array(field, [None])).dtype == "datetime64[us]"


@pytest.mark.parametrize(
    ("dtype", "texts", "values"),
    [
        (dt.time, ["14:30:00", None, "08:00"], [dt.time(14, 30), dt.time(8)]),
        (Decimal, ["12.50", None, "-3"], [Decimal("12.50"), Decimal(-3)]),
    ],
)
def test_times_and_decimals_are_python_s_own(dtype, texts, values):
    """Exact, to be compared and sorted; what is missing is NA, and a table's own values are kept."""
    field = Field(name="x", dtype=dtype)
    series = pd.Series(typed_array(field, texts))
    assert series.dtype == object
    assert series.isna().tolist() == [False, True, False]
    assert series.dropna().tolist() == values
    assert series.sort_values().iloc[0] == min(values)
    assert pd.Series(typed_array(field, values)).tolist() == values
    assert len(typed_array(field, [])) == 0
    with pytest.raises((TypeError, ValueError)):
        typed_array(field, ["many"])


def test_lists_stay_lists():
    """Also where all are as long; they can be exploded, and an empty one is not a missing one."""
    field = Field(name="x", dtype=list)
    series = pd.Series(typed_array(field, [["a", "b"], None, [], ["c", "d"]]))
    assert series[0] == ["a", "b"]
    assert series.isna().tolist() == [False, True, False, False]
    assert series.explode().dropna().tolist() == ["a", "b", "c", "d"]
    assert len(typed_array(field, [])) == 0
    with pytest.raises(TypeError, match="'a' is not a list"):
        typed_array(field, ["a"])


def test_whole_numbers_can_be_choices():
    """In their order."""
    series = pd.Series(typed_array(Field(name="x", dtype=int, choices=(2, 1)), [1, None, 2]))
    assert list(series.cat.categories) == [2, 1]
    assert series.cat.codes.tolist() == [1, -1, 0]
