"""Words and what texts share, against the plain table and published scores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.evaluation.words import cider_d, longest_common_subsequence, rouge_l, words_of

WORDS = st.lists(st.sampled_from("abcde"), max_size=12)


def by_table(first, second):
    """The textbook's dynamic programming."""
    table = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for i, left in enumerate(first):
        for j, right in enumerate(second):
            table[i + 1][j + 1] = table[i][j] + 1 if left == right else max(table[i][j + 1], table[i + 1][j])
    return table[-1][-1]


@given(WORDS, WORDS)
def test_bits_count_what_the_table_counts(first, second):
    """The bit-parallel length is the textbook's."""
    assert longest_common_subsequence(first, second) == by_table(first, second)


def test_rouge_l_is_that_of_the_rouge_score_package():
    """F-measures that rouge-score 0.1.2 gives, without stemming; the best reference counts."""
    cross = "a blue cross and a green star on a gray background"
    star = "a blue star and a green cross on a gray background"
    assert rouge_l(cross, [star]) == 0.8181818181818182
    assert round(rouge_l(cross, ["a star and a cross"]), 12) == 0.375
    assert rouge_l(cross, ["a star and a cross", star]) == 0.8181818181818182
    assert rouge_l("", [star]) == 0.0


def test_words_are_of_any_language():
    """Letters are not only those of English, and an apostrophe stands inside a word."""
    assert words_of("Größe: 3 Vögel – isn’t it? 猫") == ["größe", "3", "vögel", "isn’t", "it", "猫"]


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
