"""CIDEr-D against figures that coco-caption's own code computes."""

import pytest

from vlmkit.evaluation.cider import cider_d

TEXTS = [
    "a red circle on a white background",
    "a blue cross and a green star on a gray background",
    "three yellow squares",
    "a purple triangle a purple triangle a purple triangle on a pink background",
]
REFERENCES = [
    ["a red circle on a white background", "one red disc on white"],
    ["a blue star and a green cross on a gray background", "a star and a cross"],
    ["two yellow squares on a black background", "yellow squares"],
    ["a purple triangle on a pink background", "a triangle in purple on pink"],
]


def test_several_references():
    """Scores of pycocoevalcap 1.2, row by row."""
    expected = [5.682687442519746, 3.179824093318352, 2.772637292533479, 1.6071545317706426]
    assert cider_d(TEXTS, REFERENCES) == pytest.approx(expected, rel=1e-9)


def test_one_reference():
    """Scores of pycocoevalcap 1.2: the same words are worth ten, those of others less than their share."""
    expected = [10.0, 5.034722222222223, 1.7888033880368197, 2.7787039744983066]
    assert cider_d(TEXTS, [row[:1] for row in REFERENCES]) == pytest.approx(expected, rel=1e-9)


def test_one_row_has_nothing_rare_in_it():
    """As the metric is defined, one row alone is worth nothing."""
    assert cider_d(TEXTS[:1], REFERENCES[:1]) == [0.0]
