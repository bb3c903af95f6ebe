"""Conditions on a column: each type compares as people expect, and what cannot be compared says so."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from vlmkit.agent.table.conditions import matching_rows
from vlmkit.errors import ToolError

COLUMNS = {
    "count": pd.Series([1, 2, None, 4], dtype="Int64"),
    "score": pd.Series([0.5, float("nan"), 2.0, float("inf")]),
    "price": pd.Series([Decimal("1.10"), None, Decimal(3), "free"], dtype=object),
    "mixed": pd.Series([Decimal(1), "one", [1, 2], np.arange(3)], dtype=object),
    "ok": pd.Series([True, False, None, True], dtype="boolean"),
    "taken": pd.Series(pd.to_datetime(["2024-05-30", None, "2024-06-01", "2023-01-01"], utc=True)),
    "opens": pd.Series([dt.time(8), dt.time(9), None, dt.time(10)], dtype=object),
    "size": pd.Series(pd.Categorical(["S", "L", None, "M"], categories=["S", "M", "L"], ordered=True)),
    "color": pd.Series(pd.Categorical(["red", "Blue", None, "red"])),
    "caption": pd.Series(["A red circle.", "a dog", None, "Straße"], dtype="string"),
    "tags": pd.Series([["hot dog", "sun"], ["dog"], None, []], dtype=object),
}


@pytest.mark.parametrize(
    ("column", "operator", "value", "rows"),
    [
        ("count", ">=", 2, [1, 3]),
        ("count", "<", 1.5, [0]),
        ("count", "<", "1.5", [0]),
        ("count", "!=", "2", [0, 3]),
        ("score", ">", 1, [2, 3]),
        ("price", "<=", "1.10", [0]),
        ("mixed", "=", 1, [0]),
        ("mixed", "<", 2, [0]),
        ("ok", "=", "yes", [0, 3]),
        ("ok", "!=", True, [1]),
        ("taken", ">", "2024-05-31", [2]),
        ("taken", "=", "2024-05-30T02:00+02:00", [0]),
        ("opens", ">=", "09:00", [1, 3]),
        ("size", ">", "s", [1, 3]),
        ("color", "=", "BLUE", [1]),
        ("color", "!=", "pink", [0, 1, 3]),
        ("caption", "=", "a red circle.", [0]),
        ("caption", "contains", "STRASSE", [3]),
        ("tags", "contains", "Dog", [1]),
        ("tags", "=", "hot dog, sun", [0]),
        ("count", "contains", 4, [3]),
        ("caption", "missing", None, [2]),
        ("tags", "present", None, [0, 1, 3]),
    ],
)
def test_a_condition_picks_rows(column, operator, value, rows):
    """Empty cells meet none but "missing"."""
    series = COLUMNS[column].rename(column)
    assert matching_rows(series, series.tolist(), operator, value) == rows


@pytest.mark.parametrize(
    ("column", "operator", "value", "message"),
    [
        ("count", ">", "many", "'count' takes a whole number, such as 3; 'many' is none"),
        ("count", "=", "", "an empty text compares with nothing"),
        ("taken", "<", "soon", "'taken' takes a date"),
        ("caption", "<", "b", "values of kind 'text', which have no order: use =, !=, contains, missing or present"),
        ("color", ">", "red", "no order"),
        ("size", "<", "XL", "one of 'S', 'M', 'L'"),
        ("ok", "=", "perhaps", "'ok' takes true or false"),
        ("count", ">", None, "say what '>' compares with"),
    ],
)
def test_what_cannot_be_compared_says_what_can(column, operator, value, message):
    """As a text that a model can mend its call by."""
    series = COLUMNS[column].rename(column)
    with pytest.raises(ToolError, match=message):
        matching_rows(series, series.tolist(), operator, value)
