"""What a comparison shows."""

import sys

import pandas as pd
import pytest

from vlmkit.errors import BadSetting, MissingExtra
from vlmkit.evaluation.comparison import Comparison, agreement_of


@pytest.fixture
def comparison():
    """Two pairs with an interval, and one whose figures are unknown."""
    frame = pd.DataFrame(
        {
            "model": ["m", "m", "m"],
            "exact": [0.5, 0.75, float("nan")],
            "exact_low": [0.4, 0.7, float("nan")],
            "exact_high": [0.6, 0.8, float("nan")],
            "completion_tokens": pd.array([5.0, 9.0, None], dtype="Float64"),
        },
        index=["a", "b", "c"],
    )
    quality = pd.DataFrame({"column": ["a"], "measure": ["exact"]})
    return Comparison(frame=frame, quality=quality, agreement=pd.DataFrame(), answers=pd.DataFrame())


def test_it_shows_its_frame(comparison):
    """As text and as HTML."""
    assert repr(comparison) == repr(comparison.frame)
    assert comparison._repr_html_() == comparison.frame.to_html()


def test_plots(comparison, monkeypatch):
    """A point with its interval for each pair that has one; the axes say what they are."""
    monkeypatch.setenv("MPLBACKEND", "Agg")
    axes = comparison.plot()
    assert axes.get_xlabel() == "exact"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c"]
    (points,) = axes.containers
    assert points.lines[0].get_xdata().tolist()[:2] == [0.5, 0.75]
    across = comparison.plot("exact", against="completion_tokens")
    assert (across.get_xlabel(), across.get_ylabel()) == ("completion_tokens", "exact")
    with pytest.raises(BadSetting, match="there are exact, exact_low"):
        comparison.plot("bleu")
    sys.modules["matplotlib.pyplot"].close("all")


def test_plots_need_an_extra(comparison, monkeypatch):
    """The message says which, before anything else is looked at."""
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    for measure in (None, "bleu"):
        with pytest.raises(MissingExtra, match=r"vlmkit\[evaluation\]"):
            comparison.plot(measure)


def test_agreement_by_kind():
    """Kappa of categories, alpha of numbers, likeness of texts; together where there are three."""
    colors = pd.Series(["red", "blue", "red", None], dtype="category")
    other = pd.Series(["red", "blue", "blue", "red"], dtype="category")
    found = agreement_of({"a": colors, "b": other, "c": colors})
    assert found["measure"].tolist() == ["cohen_kappa"] * 3 + ["krippendorff_alpha"]
    assert found["rows"].tolist() == [3, 3, 3, 4]
    assert found["value"].tolist()[1] == 1
    numbers = agreement_of({"a": pd.Series([1, 2, 5], dtype="Int64"), "b": pd.Series([1, 2, 4], dtype="Int64")})
    assert numbers["measure"].tolist() == ["krippendorff_alpha"]
    texts = agreement_of({"a": pd.Series(["a red cat", None]), "b": pd.Series(["a red dog", "x"])})
    assert texts[["measure", "value", "rows"]].to_numpy().tolist() == [["rouge_l", 2 / 3, 1]]
    tags = agreement_of({"a": pd.Series([["x", "y"]]), "b": pd.Series([["y", "x"]])})
    assert tags["value"].tolist() == [1.0]
