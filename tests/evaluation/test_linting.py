"""Columns looked through and mended."""

import json

import pandas as pd
import pytest
from package_tree import ROOT

from vlmkit.errors import BadSetting, SetupError
from vlmkit.evaluation.linting import budget_of, estimate_tokens, lint


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
        ((pd.Series([1, 2], dtype=object),), {}, "not texts, such as 1"),
        ((pd.Series(["x"]),), {"rules": ["spelling"]}, "rules are empty"),
        ((pd.Series(["x"]),), {"similarity": 0}, "above 0"),
        ((pd.Series(["x"]),), {"trainer": "flux"}, "'clip'"),
    ],
)
def test_wrong_calls(arguments, options, message):
    """What cannot be looked through says so."""
    with pytest.raises(SetupError, match=message):
        lint(*arguments, **options)


def test_the_estimate_is_no_less_than_a_real_tokenizer_counts():
    """Of the bundled model's tokenizer, which was made for these very words, and knows few others."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer.from_file(str(ROOT / "vlmkit" / "tiny" / "weights" / "tokenizer.json"))
    lines = (ROOT / "datasets" / "scenes" / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    for text in (json.loads(line)["detailed"] for line in lines):
        assert estimate_tokens(text) >= len(tokenizer.encode(text).ids) * 0.95
    counted = budget_of(20, tokenizer)
    assert counted.count("A red circle.") == len(tokenizer.encode("A red circle.").ids)
    assert counted.limit == 20


def test_other_scripts_count_each_letter():
    """A word without spaces is not one token."""
    assert estimate_tokens("日本語のキャプション") >= 10
    assert estimate_tokens("2026-11-21") == 10


def test_budgets():
    """The encoder's own marks are taken off where it is our count; None checks nothing."""
    assert budget_of("clip", None).limit == 75
    assert budget_of("t5-512", str.split).limit == 512
    assert budget_of("t5-512", str.split).count("three words here") == 3
    assert budget_of(None, None) is None
    assert budget_of("clip", None).says("one two") == "about 2 tokens, 75 fit; the rest is cut off in training"


@pytest.mark.parametrize(("trainer", "tokenizer"), [("flux", None), (0, None), (True, None), (None, str.split)])
def test_wrong_limits(trainer, tokenizer):
    """The message lists what there is."""
    with pytest.raises(BadSetting, match="'clip', 't5-256', 't5-512' or a number"):
        budget_of(trainer, tokenizer)
