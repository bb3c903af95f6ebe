"""Figures that must hold."""

import pandas as pd
import pytest

from vlmkit.errors import BadSetting
from vlmkit.evaluation.evaluating import evaluate
from vlmkit.evaluation.quality import assert_quality


@pytest.fixture
def table():
    """Three of four right, in two places."""
    return pd.DataFrame({"n": [1, 2, 3, 9], "t": [1, 2, 3, 4], "place": ["in", "in", "out", "out"]})


def test_good_answers_pass(table):
    """Nothing is said, from the figures or from the table itself."""
    assert (
        assert_quality(evaluate(table, truth={"n": "t"}), at_least={"n.exact": 0.75}, at_most={"n.mae": 1.25}) is None
    )
    assert assert_quality(table, truth={"n": "t"}, at_least={"n.exact": 0.75}) is None


def test_bad_answers_say_how_bad(table):
    """Every figure out of bounds is named, with its interval and rows."""
    with pytest.raises(AssertionError, match=r"n\.exact is 0\.75 \(.* 4 rows, 0 without .* at least 0\.9") as caught:
        assert_quality(table, truth={"n": "t"}, at_least={"n.exact": 0.9}, at_most={"n.mae": 1})
    assert "n.mae is 1.25" in str(caught.value)


def test_each_group_must_hold(table):
    """One bad group is enough, and is named."""
    with pytest.raises(AssertionError, match=r"where place is 'out' is 0\.5"):
        assert_quality(table, truth={"n": "t"}, by="place", at_least={"n.exact": 0.75})


def test_an_unknown_figure_does_not_pass(table):
    """NaN is not good enough."""
    table["n"] = pd.array([None] * 4, dtype="Int64")
    with pytest.raises(AssertionError, match=r"n\.mae is nan"):
        assert_quality(table, truth={"n": "t"}, at_most={"n.mae": 1})


def test_wrong_calls(table):
    """No truth, no bound, no such figure."""
    figures = evaluate(table, truth={"n": "t"})
    with pytest.raises(BadSetting, match="pass truth="):
        assert_quality(table, at_least={"n.exact": 1})
    with pytest.raises(BadSetting, match="nothing to hold to"):
        assert_quality(figures)
    with pytest.raises(BadSetting, match=r"there are n\.exact, n\.within_1"):
        assert_quality(figures, at_least={"n.exakt": 1})


def test_an_interval_says_what_twelve_rows_are_worth(table):
    """Also where all are right, or no row differs; an unknown one is called so."""
    right = pd.DataFrame({"n": [1] * 12, "t": [1] * 12})
    with pytest.raises(AssertionError, match=r"n\.exact is 1 \(0\.7575 to 1, 12 rows"):
        assert_quality(right, truth={"n": "t"}, at_most={"n.exact": 0.5})
    with pytest.raises(AssertionError, match=r"n\.mae is 0 \(interval unknown, 12 rows"):
        assert_quality(right, truth={"n": "t"}, at_least={"n.mae": 1})
