"""Tokens counted by rule, or by a tokenizer."""

import json

import pytest
from package_tree import ROOT

from vlmkit.errors import BadSetting
from vlmkit.evaluation.lengths import budget_of, estimate_tokens


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
