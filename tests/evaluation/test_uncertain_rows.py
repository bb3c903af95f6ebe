"""The worst rows first."""

import pandas as pd
import pytest

from vlmkit.errors import SetupError
from vlmkit.evaluation.uncertain_rows import uncertainty


@pytest.fixture
def answers():
    """A row that failed, a gap, two confidences, and one that nobody knows."""
    return pd.DataFrame(
        {
            "color": pd.array(["red", "blue", None, None, "red"], dtype="string"),
            "color_confidence": pd.array([0.9, 0.4, None, None, None], dtype="Float64"),
            "color_error": pd.array([None, None, "TimedOut: late", None, None], dtype="string"),
            "other": ["red", "green", "red", "red", "red"],
            "third": ["red", "yellow", "red", "blue", "Red."],
        },
        index=list("abcde"),
    )


def test_errors_gaps_and_low_confidence(answers):
    """In this order; what is unknown comes last, and each says why."""
    told = uncertainty(answers)
    assert told.index.tolist() == ["c", "d", "b", "a", "e"]
    assert told["uncertainty"].tolist()[:4] == pytest.approx([1, 1, 0.6, 0.1])
    assert told["uncertainty"].isna().tolist() == [False] * 4 + [True]
    assert told["uncertain_about"].tolist()[:3] == ["color failed", "color is missing", "confidence of color"]
    assert "uncertainty" not in answers.columns


def test_disagreement(answers):
    """Answers to one question: the share that the commonest does not have; gaps are of no account."""
    told = uncertainty(answers, among=["color", "other", "third"])
    assert told["uncertainty"].to_dict() == pytest.approx({"b": 2 / 3, "d": 0.5, "a": 0, "c": 0, "e": 0})
    assert told.loc["b", "uncertain_about"] == "color, other, third disagree"
    assert pd.isna(told.loc["a", "uncertain_about"])


def test_the_greatest_reason_counts(answers):
    """Confidence and disagreement together."""
    told = uncertainty(answers, "color", among=["color", "third"])
    assert told["uncertainty"].to_dict() == pytest.approx({"c": 1, "d": 1, "b": 0.6, "a": 0.1, "e": 0})
    assert told.loc["b", "uncertain_about"] == "confidence of color"


def test_texts_disagree_in_part():
    """Captions share words; tags and numbers are the same or not."""
    table = pd.DataFrame(
        {"a": ["a red circle on white"], "b": ["a red square on white"], "c": [["x", "y"]], "d": [["Y", "x"]]}
    )
    assert uncertainty(table, among=["a", "b"])["uncertainty"].item() == pytest.approx(0.2)
    assert uncertainty(table, among=["c", "d"])["uncertainty"].item() == 0


def test_wrong_calls(answers):
    """Nothing to tell by, one alone, no such column, twice."""
    with pytest.raises(SetupError, match="confidence=True"):
        uncertainty(answers[["other"]])
    with pytest.raises(SetupError, match="agrees with itself"):
        uncertainty(answers, among=["other"])
    with pytest.raises(SetupError, match="no column 'colour'"):
        uncertainty(answers, "colour")
    with pytest.raises(SetupError, match="drop or rename"):
        uncertainty(uncertainty(answers))
