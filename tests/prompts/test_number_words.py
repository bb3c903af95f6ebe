"""The tables of number words agree with each other."""

from vlmkit.prompts.number_words import (
    COUNTING,
    FRACTIONS,
    HALVED,
    NO_UNITS,
    ORDINALS,
    SCALES,
    TENS,
    TOUCHING_SCALES,
    UNITS,
)


def test_no_word_is_worth_two_things():
    """A word is in one table only."""
    tables = [set(UNITS), set(TENS), set(SCALES), set(FRACTIONS), set(ORDINALS), set(COUNTING)]
    assert sum(map(len, tables)) == len(set().union(*tables))
    assert not set(TOUCHING_SCALES) & NO_UNITS


def test_words_are_worth_what_they_say():
    """Counted up from zero; tens in tens; scales by powers of ten, but for a dozen."""
    assert [int(UNITS[word]) for word in ("zero", "one", "twelve", "nineteen")] == [0, 1, 12, 19]
    assert [int(TENS[word]) for word in ("twenty", "forty", "fourty", "ninety")] == [20, 40, 40, 90]
    worth = {"dozen": 12, "thousand": 10**3, "万": 10**4, "lakh": 10**5, "million": 10**6, "億": 10**8, "bn": 10**9}
    assert {word: int(SCALES[word]) for word in worth} == worth
    assert "left" in HALVED
