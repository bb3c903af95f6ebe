"""What an argument must be, and what is said where it is not."""

import math

import numpy as np
import pytest

from vlmkit.arguments import check_choice, check_whole, did_you_mean, is_number, is_whole
from vlmkit.errors import BadSetting


def test_a_near_word_is_named():
    """As many as are wanted, written as the caller writes them; or a sentence that always helps."""
    known = ["brief", "detailed", "briefer"]
    assert did_you_mean("breif", known) == " Did you mean 'brief'?"
    assert did_you_mean("breif", known, most=2) == " Did you mean 'brief' or 'briefer'?"
    assert did_you_mean("breif", known, write=str.upper) == " Did you mean BRIEF?"
    assert did_you_mean("zzz", known) == did_you_mean(7, known) == ""
    assert did_you_mean("zzz", known, otherwise="Styles are brief.") == " Styles are brief."


@pytest.mark.parametrize(
    ("value", "least", "whole", "number"),
    [
        (3, None, True, True), (3, 3, True, True), (2, 3, False, True), (np.int64(3), 1, True, True),
        (True, None, False, False), (1.0, None, False, True), (math.nan, None, False, False),
        (math.inf, None, False, False), ("3", None, False, False), (None, None, False, False),
    ],
)  # fmt: skip
def test_numbers(value, least, whole, number):
    """True is not 1; a number that cannot be counted with is none."""
    assert (is_whole(value, least), is_number(value)) == (whole, number)


def test_a_wrong_number_says_what_is_right():
    """With the argument's name and its value."""
    check_whole("rows", 1)
    with pytest.raises(BadSetting, match=r"rows=1: give a whole number from 2 up\."):
        check_whole("rows", 1, "a whole number from 2 up", least=2)


def test_a_choice_is_that_very_value():
    """1 is not True."""
    check_choice("x", True, (True, False))
    with pytest.raises(BadSetting):
        check_choice("x", 1, (True, False))
