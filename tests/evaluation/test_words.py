"""Words and what texts share, against the plain table and published scores."""

from hypothesis import given
from hypothesis import strategies as st

from vlmkit.evaluation.words import longest_common_subsequence, rouge_l, words_of

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
