"""What a person writes becomes a value of the column's type, or is refused."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from vlmkit.errors import BadSetting
from vlmkit.frame.cells import cell_type_of, is_list, is_missing, json_value, text_of

COLUMNS = {
    "text": pd.Series(["a"], dtype="string"),
    "integer": pd.Series([1], dtype="Int64"),
    "number": pd.Series([0.5], dtype="Float64"),
    "boolean": pd.Series([True], dtype="boolean"),
    "choice": pd.Series(pd.Categorical(["red"], categories=["red", "blue"])),
    "date": pd.Series(pd.to_datetime(["2024-05-31"])),
    "list": pd.Series([["a", "b"]]),
    "json": pd.Series([{"a": 1}]),
    "time": pd.Series([dt.time(14, 30)]),
    "decimal": pd.Series([Decimal("12.50")], dtype=object),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_every_kind_is_recognized_and_comes_back(kind):
    """Value to what a person edits and back, value to JSON and back; empty is empty."""
    column = COLUMNS[kind]
    cell = cell_type_of(column)
    value = column.iloc[0]
    assert cell.kind == kind
    assert cell.read(cell.write(value)) == value
    assert cell.unpack(cell.pack(value)) == value
    assert cell.unpack(cell.pack(None)) is None
    assert cell.read(None) is None
    made = cell.series([value, None], pd.RangeIndex(2))
    assert made.dtype == column.dtype
    assert made.iloc[0] == value


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("text", "", ""),
        ("integer", " 7 ", 7),
        ("integer", 7.0, 7),
        ("number", "1e3", 1000.0),
        ("boolean", "No", False),
        ("choice", " BLUE", "blue"),
        ("date", "2024-06-01", pd.Timestamp("2024-06-01")),
        ("list", "x, y ,", ["x", "y"]),
        ("list", '["x, y"]', ["x, y"]),
        ("list", "", None),
        ("json", "[1]", [1]),
        ("time", " 14:30", dt.time(14, 30)),
        ("decimal", "0.10", Decimal("0.10")),
        ("decimal", 3, Decimal(3)),
    ],
)
def test_people_write_freely(kind, given, value):
    """Spaces, capitals and either spelling of a list are understood."""
    assert cell_type_of(COLUMNS[kind]).read(given) == value


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        *(("text", 3), ("integer", "3.5"), ("integer", True), ("integer", "9" * 5000), ("number", "much")),
        *(("boolean", "maybe"), ("choice", "green"), ("date", "someday"), ("list", 3), ("list", "[1"), ("json", "{")),
    ],
)
def test_what_does_not_fit_is_refused(kind, given):
    """With the column's name and an example."""
    with pytest.raises(BadSetting, match=r"takes .+ is none"):
        cell_type_of(COLUMNS[kind]).read(given)


def test_a_column_without_room_for_nothing_gets_some():
    """NumPy's integers and booleans cannot be missing; pandas' can."""
    whole = cell_type_of(pd.Series([1, 2]))
    assert whole.series([1, 2], pd.RangeIndex(2)).dtype == np.int64
    assert whole.series([1, None], pd.RangeIndex(2)).dtype == "Int64"
    assert cell_type_of(pd.Series([True])).series([None], pd.RangeIndex(1)).dtype == "boolean"


def test_lists_whose_entries_have_commas_are_written_as_json():
    """What is shown for editing reads back as the same list."""
    cell = cell_type_of(COLUMNS["list"])
    for value in (["a", "b"], ["a, b", "c"], []):
        assert (cell.read(cell.write(value)) or []) == value


def test_times_with_a_zone_keep_it():
    """An edit without one is taken in the column's."""
    cell = cell_type_of(pd.Series(pd.to_datetime(["2024-05-31"]).tz_localize("Europe/Paris")))
    assert str(cell.read("2024-06-01 12:00")) == "2024-06-01 12:00:00+02:00"
    assert cell.unpack(cell.pack(cell.read("2024-06-01"))) == cell.read("2024-06-01")


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
        ({"path": "a.png", "bytes": b"PNG"}, "a.png"),
        ({"path": None, "bytes": b"PNG"}, ""),
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
