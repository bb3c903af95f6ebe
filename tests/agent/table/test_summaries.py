"""Summaries of columns: right for each kind, and short for any column."""

import datetime as dt
import json
from decimal import Decimal

import pandas as pd
import pytest

from vlmkit.agent.table.summaries import group_rows, summarize_cells


def test_numbers_have_quartiles():
    """Missing and infinite ones are counted apart."""
    told = summarize_cells([1, 2, 3, 4, None, float("inf")], "number", most_values=3)
    assert (told["rows"], told["missing"], told["infinite"]) == (6, 1, 1)
    assert (told["minimum"], told["median"], told["maximum"], told["mean"]) == (1, 2.5, 4, 2.5)
    assert told["distinct"] == 5
    assert "values" not in told


def test_few_numbers_are_counted_one_by_one():
    """The most frequent first."""
    told = summarize_cells([5, 3, 5], "integer", most_values=20)
    assert told["values"] == [{"value": 5, "rows": 2}, {"value": 3, "rows": 1}]


def test_moments_are_counted_by_year_or_month():
    """By month within one year."""
    days = [pd.Timestamp("2024-05-31"), pd.Timestamp("2024-05-01"), dt.date(2024, 7, 1)]
    told = summarize_cells(days[:2], "date", most_values=5)
    assert told["rows_by_month"] == {"2024-05": 2}
    assert (told["first"], told["last"]) == ("2024-05-01T00:00:00", "2024-05-31T00:00:00")
    told = summarize_cells([dt.date(2000 + year, 1, 1) for year in range(9)], "date", most_values=5)
    assert len(told["rows_by_year"]) == 5
    assert told["periods_left_out"] == 4


def test_entries_of_lists_are_counted():
    """Each by itself; so are groups."""
    tags = [["dog", "sun"], ["dog"], None]
    assert summarize_cells(tags, "list", most_values=5)["values"][0] == {"value": "dog", "rows": 2}
    assert group_rows(tags) == {"dog": [0, 1], "sun": [0], None: [2]}


def test_texts_of_which_each_is_another_are_not_listed():
    """A few show what they are like, words tell how long they are, and hostile ones stay short."""
    told = summarize_cells([f"{'x ' * 9000}{row}" for row in range(100)], "text", most_values=20)
    assert (told["distinct"], len(told["values"]), told["values_left_out"]) == (100, 5, 95)
    assert told["words"]["median"] == 9001
    assert len(json.dumps(told)) < 2000


def test_truths_are_truths():
    """Not ones and zeros."""
    told = summarize_cells([True, False, True], "boolean", most_values=5)
    assert told["values"] == [{"value": True, "rows": 2}, {"value": False, "rows": 1}]


@pytest.mark.parametrize(
    ("cells", "kind"), [([Decimal(1), "free"], "decimal"), ([dt.date(2024, 1, 1), dt.time(8)], "date")]
)
def test_a_column_of_anything_is_counted(cells, kind):
    """Where not every cell is what the first one is."""
    assert summarize_cells(cells, kind, most_values=5)["distinct"] == 2


def test_an_empty_column_has_nothing_more():
    """Only how many rows there are."""
    assert summarize_cells([None, pd.NA], "text", most_values=5) == {"rows": 2, "missing": 2}
