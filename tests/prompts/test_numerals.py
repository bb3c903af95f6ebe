"""The grammar of numbers, below the decision which of them is the answer."""

from __future__ import annotations

from fractions import Fraction

import pytest

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.numerals import numerals_of, plain_number_text, words_of


def values(text: str) -> list[Fraction]:
    """Numbers of a text, in order."""
    plain = plain_number_text(text)
    return [numeral.value for numeral in numerals_of(plain, words_of(plain))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 cats, three dogs and a hundred and one birds", [2, 3, 101]),
        ("the 3rd of 4, the first and the twenty-first", [4]),
        ("an MP3 player and 2 B-52 bombers in 3D", [2]),
        ("minus two and -3", [-2, -3]),
        ("two thirds, one half, 3½ and 2 3/4", [Fraction(2, 3), Fraction(1, 2), Fraction(7, 2), Fraction(11, 4)]),
        ("1,000,000 or 1.000.000 or 1\u202f000\u202f000 or 1_000_000 or 1'000'000", [10**6] * 5),
        ("2.5 million and $3bn and 4k", [2_500_000, 3 * 10**9, 4000]),
        ("no number at all", []),
        ("", []),
    ],
)
def test_each_number_of_a_text(text: str, expected: list[Fraction]) -> None:
    """Names, ordinals and places in a list are none."""
    assert values(text) == expected


@pytest.mark.parametrize(
    "text", ["1.2.3", "2:30", "3/4", "5-6", "0x1f", "7×8", "9²", "三", "ⅷ", "±1", "0,123", "1e99999", "3zillion"]
)
def test_what_follows_no_rule_is_said(text: str) -> None:
    """Half of a number is never taken for the whole."""
    with pytest.raises(UnreadableReply):
        values(text)


def test_markup_goes_and_digits_become_ascii() -> None:
    """Of any script; format characters that nobody sees go, too."""
    assert plain_number_text("**٣** <b>४</b> \\boxed{5}\u200b") == "3  4   5 "
