"""What a column is decides how it is judged."""

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest

from vlmkit.errors import BadSetting
from vlmkit.evaluation import evaluate
from vlmkit.evaluation.kinds import kind_of


@pytest.mark.parametrize(
    ("column", "truth", "kind"),
    [
        (pd.Series([1, None], dtype="Int64"), pd.Series([1, 2]), "number"),
        (pd.Series([0.5]), pd.Series([1]), "number"),
        (pd.Series([True, None], dtype="boolean"), pd.Series([True, False]), "category"),
        (pd.Series(["a"]).astype("category"), pd.Series(["a"]), "category"),
        (pd.Series([["a"], None]), pd.Series([["a"], []]), "tags"),
        (pd.Series(["a"], dtype="string"), pd.Series([["a", "b"]]), "text"),
        (pd.Series([None], dtype="string"), pd.Series(["a"]), "text"),
        (pd.Series([None], dtype=object), pd.Series([3]), "number"),
        (pd.Series([Decimal("0.5"), pd.NA], dtype=object), pd.Series([1, 2]), "number"),
        (pd.Series([dt.time(14, 30), pd.NA], dtype=object), pd.Series(["14:30:00", "9:00"]), "text"),
    ],
)
def test_kinds(column, truth, kind):
    """By the values; of an empty column by those of the truth."""
    assert kind_of(column, truth) == kind


def test_numbers_are_not_compared_with_words():
    """The message names the column and a value."""
    with pytest.raises(BadSetting, match=r"'count'.*'two'"):
        kind_of(pd.Series([1], name="count"), pd.Series(["two"]))


def test_decimals_and_times_are_judged():
    """Decimals by how far off they are, times by whether they are the same, also as texts."""
    table = pd.DataFrame({"price": [Decimal("1.50"), Decimal(2), pd.NA], "opens": [dt.time(9), pd.NA, dt.time(8, 30)]})
    truth = {"price": [Decimal("1.5"), 3.0, 1], "opens": ["09:00:00", dt.time(9), dt.time(8, 30)]}
    figures = evaluate(table, truth=truth, text_measures=["exact"], draws=10)
    found = {(row.column, row.measure): row.value for row in figures.itertuples()}
    assert found["price", "mae"] == 0.5
    assert found["price", "exact"] == pytest.approx(1 / 3)
    assert found["opens", "exact"] == pytest.approx(2 / 3)
