"""Words of numbers, and words that change one."""

from __future__ import annotations

import pytest

from vlmkit.prompts.number_words import AMBIGUOUS, BOUND_AFTER, BOUND_BEFORE, NEGATIONS, SCALES, SMALL, TENS, VAGUE


def test_every_number_below_a_hundred_has_its_words() -> None:
    """Twenty small ones and eight tens, misspelled ones beside them."""
    assert sorted(SMALL.values()) == list(range(20))
    assert sorted(set(TENS.values())) == list(range(20, 100, 10))


def test_no_word_is_a_number_and_doubtful() -> None:
    """Or it could never be read."""
    assert not VAGUE & {*SMALL, *TENS, *SCALES}


@pytest.mark.parametrize("words", ["at least", "no fewer than", "up to", "twice", "over"])
def test_bounds_before_a_number(words: str) -> None:
    """They stand right before it."""
    assert BOUND_BEFORE.search(words)


@pytest.mark.parametrize(
    "words", ["or more", "and counting", "pm", "grand", "is not right", "times as many", "squared"]
)
def test_what_changes_the_number_before_it(words: str) -> None:
    """It stands right behind it."""
    assert BOUND_AFTER.match(words)


@pytest.mark.parametrize("words", ["dogs", "of them", "people are there", "cm", "times", "or so"])
def test_what_is_counted_changes_nothing(words: str) -> None:
    """Units and company."""
    assert not BOUND_AFTER.match(words)


def test_talk_of_more_and_negations() -> None:
    """In the middle of a sentence."""
    assert AMBIGUOUS.search("three and a few more")
    assert not AMBIGUOUS.search("three and that is all")
    assert NEGATIONS.search("there aren't")
    assert not NEGATIONS.search("a knot")
