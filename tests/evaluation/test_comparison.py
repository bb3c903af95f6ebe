"""What a comparison shows."""

import math
import sys

import pandas as pd
import pytest

from vlmkit.errors import BadSetting, MissingExtra
from vlmkit.evaluation.comparison import Comparison, agreement_of, cohen_kappa, krippendorff_alpha


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


N = None
# Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011, example C: four observers, twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]


def test_alpha_of_the_paper():
    """0.743 of names, 0.849 of numbers."""
    assert krippendorff_alpha(OBSERVERS) == pytest.approx(0.743, abs=0.0005)
    assert krippendorff_alpha(OBSERVERS, level="interval") == pytest.approx(0.849, abs=0.0005)


def test_kappa_of_fifty_proposals():
    """Two readers, 20 times both yes, 15 times both no, 5 and 10 times not the same: 0.4."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert cohen_kappa(first, second) == pytest.approx(0.4)
    assert cohen_kappa([*first, None], [*second, "yes"]) == pytest.approx(0.4)


def test_agreement_has_its_ends():
    """Full agreement is 1, less than chance is below 0."""
    assert cohen_kappa("abab", "abab") == krippendorff_alpha(["abab", "abab"]) == 1
    assert cohen_kappa("abab", "baba") == -1
    assert krippendorff_alpha(["abab", "baba"]) < 0


@pytest.mark.parametrize("answers", [["aaaa", "aaaa"], [[None], ["a"]], ["", ""]])
def test_where_chance_explains_everything_there_is_no_figure(answers):
    """One word from everybody, or no row in common."""
    assert math.isnan(cohen_kappa(*answers))
    assert math.isnan(krippendorff_alpha(answers))
