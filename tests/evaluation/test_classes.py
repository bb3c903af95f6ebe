"""Figures of classes and tags, worked out by hand."""

import pytest

from vlmkit.evaluation.classes import plain, score_classes, score_tags


def figures(scores):
    return {(figure.name, figure.label): value for figure, value in zip(scores.figures, scores.values(), strict=True)}


def test_classes():
    """A missing answer is wrong and is nobody's; macro F1 is the mean over the classes, as scikit-learn has it."""
    found = figures(score_classes(["Red", "red", "blue", None, "green"], ["red", "blue", "blue", "blue", "red"]))
    assert found["accuracy", None] == pytest.approx(2 / 5)
    assert found["precision", "red"] == pytest.approx(1 / 2)
    assert found["recall", "red"] == pytest.approx(1 / 2)
    assert found["precision", "blue"] == 1
    assert found["recall", "blue"] == pytest.approx(1 / 3)
    assert found["f1", "green"] == 0
    assert found["macro_f1", None] == pytest.approx((0.5 + 0.5 + 0) / 3)


def test_truth_values_are_classes():
    """True and False are told apart from the words."""
    found = figures(score_classes([True, False, True], [True, False, False]))
    assert found["accuracy", None] == pytest.approx(2 / 3)
    assert found["recall", False] == pytest.approx(1 / 2)


def test_tags_are_counted_together():
    """Order, case and repetition of tags mean nothing; no tags can be the right answer."""
    found = figures(score_tags([["Star", "red", "red"], [], None, ["cross"]], [["red", "star"], [], ["red"], ["star"]]))
    assert found["exact", None] == pytest.approx(2 / 4)
    assert found["precision", None] == pytest.approx(2 / 3)
    assert found["recall", None] == pytest.approx(2 / 4)
    assert found["f1", None] == pytest.approx(4 / 7)


def test_plain_texts():
    """Unicode's ways of writing a letter are one."""
    assert plain("Cafe\u0301\u00a0NOIR.") == plain("caf\u00e9 noir")
    assert plain(3) == 3


def test_thousands_of_classes_take_little_memory():
    """Rows are counted by class, not laid out in a matrix."""
    names = [f"species {number % 3000}" for number in range(6000)]
    scores = score_classes(names, names[1:] + names[:1])
    assert len(scores.figures) == 2 + 3 * 3000
    assert scores.resampled(draws=3, seed=0)[:, 0].tolist() == [0, 0, 0]
