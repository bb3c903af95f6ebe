"""Figures of text against the packages they come from."""

import sys

import pytest
import sacrebleu

from tests.evaluation.test_words import REFERENCES, TEXTS
from vlmkit.errors import MissingExtra
from vlmkit.evaluation.texts import TEXT_MEASURES, score_texts


def figures(scores):
    return {figure.name: value for figure, value in zip(scores.figures, scores.values(), strict=True)}


def test_bleu_and_chrf_are_sacrebleus():
    """BLEU from the rows' counts is the one of the whole corpus; chrF is the mean over rows."""
    found = figures(score_texts(TEXTS, [row[:1] for row in REFERENCES], measures=list(TEXT_MEASURES)))
    firsts = [row[0] for row in REFERENCES]
    assert found["bleu"] == pytest.approx(sacrebleu.corpus_bleu(TEXTS, [firsts]).score)
    assert found["bleu"] == pytest.approx(56.63393741917188)
    assert found["chrf"] == pytest.approx((100.0 + 72.92139450034186 + 37.9660505277249 + 83.07520712121371) / 4)
    assert found["cider_d"] == pytest.approx(4.900557396189337)
    assert found["exact"] == 1 / 4


def test_a_missing_text_scores_nothing():
    """It is a row like any other, and lowers every figure by its share."""
    found = figures(score_texts([TEXTS[0], None], [["A red circle on a white background."]] * 2, measures=["exact"]))
    assert found == {"exact": 0.5}
    lost = figures(score_texts([None, None], [["a"], [""]], measures=list(TEXT_MEASURES)))
    assert set(lost.values()) == {0.0}


def test_without_sacrebleu_the_message_says_what_to_install(monkeypatch):
    """The measures of our own work without it."""
    monkeypatch.setitem(sys.modules, "sacrebleu.metrics", None)
    with pytest.raises(MissingExtra, match=r"vlmkit\[evaluation\]"):
        score_texts(["a"], [["a"]], measures=["chrf"])
    assert figures(score_texts(["a"], [["a"]], measures=["rouge_l"])) == {"rouge_l": 1.0}
