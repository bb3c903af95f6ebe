"""One group of rows, with a list of references and a column that failed whole."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from vlmkit.errors import BadSetting
from vlmkit.evaluation import evaluate
from vlmkit.evaluation.judging import Judging, judge_group, kind_of, score_numbers

JUDGING = Judging(
    kinds={"tags": "tags", "text": "text"},
    text_measures=["exact"],
    within=1,
    against=None,
    draws=20,
    confidence=0.9,
    seed=0,
)


def test_each_column_is_judged_as_its_kind():
    """Lists are tags in one column and references in the other."""
    table = pd.DataFrame({"tags": [["a"], ["b"]], "text": ["x", None], "text_error": [None, "Refused: no"]})
    truth = {"tags": pd.Series([["a"], ["b", "c"]]), "text": pd.Series([["y", "X."], ["z"]])}
    figures = judge_group(table, truth, JUDGING).set_index(["column", "measure"])
    assert figures.loc[("tags", "recall"), "value"] == 2 / 3
    assert figures.loc[("text", "exact"), "value"] == 1 / 2
    assert figures.loc[("text", "exact"), ["missing", "failed"]].tolist() == [1, 1]


def test_a_group_without_a_truth_has_no_figures():
    """They are NaN, of no rows, and that is said."""
    table = pd.DataFrame({"text": ["x"]})
    figures = judge_group(table, {"text": pd.Series([None], dtype=object)}, JUDGING)
    assert figures["value"].isna().all()
    assert figures[["rows", "no_truth"]].to_numpy().tolist() == [[0, 1]]


def test_numbers():
    """A missing number is neither exact nor near; errors are of the rows that have one."""
    scores = score_numbers([1, 3, None, 0], [1, 2, 5, 3], within=1)
    found = {figure.name: value for figure, value in zip(scores.figures, scores.values(), strict=True)}
    assert found["exact"] == pytest.approx(1 / 4)
    assert found["within_1"] == pytest.approx(2 / 4)
    assert found["mae"] == pytest.approx(4 / 3)
    assert found["rmse"] == pytest.approx((10 / 3) ** 0.5)
    assert found["mean_error"] == pytest.approx(-2 / 3)


def test_no_number_at_all_has_no_error():
    """What is unknown is NaN, not zero."""
    scores = score_numbers([None], [1], within=0.5)
    assert np.isnan(scores.values()[2:]).all()
    assert scores.figures[1].name == "within_0.5"


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
