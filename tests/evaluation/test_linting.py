"""Columns looked through and mended."""

import pandas as pd
import pytest

from vlmkit.errors import SetupError
from vlmkit.evaluation.linting import lint


@pytest.fixture
def captions():
    """One good caption, and some faults, under labels of their own."""
    texts = [
        "A cat sits here.",
        "Sure! Here is a caption: **A dog** runs.",
        None,
        "A bird sings. It flies over the",
        "Hm.",
    ]
    return pd.DataFrame({"caption": pd.array(texts, dtype="string")}, index=list("abcde"))


def rules_by_row(findings):
    return {row: sorted(set(group["rule"])) for row, group in findings.groupby("row")}


def test_findings_say_what_where_and_whether_it_can_be_mended(captions):
    """A row for each place; good captions have none."""
    findings = lint(captions, "caption")
    assert list(findings.columns) == ["row", "column", "rule", "start", "end", "text", "message", "fixable"]
    assert rules_by_row(findings) == {"b": ["markdown", "preamble"], "c": ["empty"], "d": ["cut_off"]}
    bold = findings[findings["rule"] == "markdown"].iloc[0]
    assert captions.loc["b", "caption"][bold["start"] : bold["end"]] == bold["text"] == "**A dog**"
    assert findings.set_index("row")["fixable"].to_dict() == {"b": True, "c": False, "d": True}


def test_mending(captions):
    """A table for a table, a Series for a Series, of the same type; what was given stays as it was."""
    before = captions.copy()
    mended = lint(captions, "caption", fix=True)
    assert mended["caption"].fillna("NA").tolist() == ["A cat sits here.", "A dog runs.", "NA", "A bird sings.", "Hm."]
    assert mended["caption"].dtype == captions["caption"].dtype
    pd.testing.assert_series_equal(lint(captions["caption"], fix=True), mended["caption"])
    pd.testing.assert_frame_equal(captions, before)
    assert rules_by_row(lint(mended, "caption")) == {"c": ["empty"]}


def test_what_a_person_wrote_is_never_mended(captions):
    """It is looked at all the same."""
    captions["caption_status"] = ["auto", "edited", "auto", "accepted", "auto"]
    assert lint(captions, "caption", fix=True)["caption"].equals(captions["caption"])
    assert "b" in rules_by_row(lint(captions, "caption"))


def test_answers_that_hit_the_limit_are_cut_off(captions):
    """The provenance says so, whatever the text looks like."""
    captions["caption_finish_reason"] = ["length", "stop", None, "stop", "stop"]
    assert rules_by_row(lint(captions, "caption", rules=["cut_off"])) == {"a": ["cut_off"], "d": ["cut_off"]}


def test_chosen_rules_alone(captions):
    """Only these look, and only these mend."""
    assert set(lint(captions, "caption", rules=["markdown"])["rule"]) == {"markdown"}
    mended = lint(captions, "caption", rules=["markdown"], fix=True)
    assert mended.loc["b", "caption"] == "Sure! Here is a caption: A dog runs."


def test_too_long_for_a_trainer():
    """Cut at the last sentence that fits; a single long sentence is left to a person."""
    sentence = "A small red circle stands near a large blue square on white."
    series = pd.Series([" ".join([sentence + f" Number {n}." for n in range(9)]), "word " * 90, sentence])
    findings = lint(series, rules=["too_long"], trainer="clip")
    assert findings["fixable"].tolist() == [True, False]
    assert findings["message"].str.contains("75 fit").all()
    mended = lint(series, rules=["too_long"], trainer="clip", fix=True)
    assert mended[0].endswith(".")
    assert len(mended[0]) < len(series[0])
    assert mended[1:].equals(series[1:])
    assert lint(series, rules=["too_long"]).empty


def test_near_duplicates_name_the_first():
    """By its label."""
    text = "the quick brown fox jumps over the lazy dog and runs far away into the dark green woods"
    series = pd.Series([text, "Something else.", text + "."], index=["x", "y", "z"])
    findings = lint(series, rules=["near_duplicate"])
    assert findings[["row", "message"]].to_numpy().tolist() == [["z", "nearly the same as row 'x'"]]


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((["a list"],), {}, "a DataFrame and a column"),
        ((pd.DataFrame({"a": ["x"]}),), {}, "which column"),
        ((pd.DataFrame({"a": ["x"]}), "b"), {}, "no column 'b'"),
        ((pd.Series([1, 2], dtype=object),), {}, "no texts, such as 1"),
        ((pd.Series(["x"]),), {"rules": ["spelling"]}, "rules are empty"),
        ((pd.Series(["x"]),), {"similarity": 0}, "above 0"),
        ((pd.Series(["x"]),), {"trainer": "flux"}, "'clip'"),
    ],
)
def test_wrong_calls(arguments, options, message):
    """What cannot be looked through says so."""
    with pytest.raises(SetupError, match=message):
        lint(*arguments, **options)
