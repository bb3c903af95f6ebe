"""The one number of an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.numbers import read_float, read_integer


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("3.", 3),
        ("There are 3 circles.", 3),
        ("Three", 3),
        ("There are twelve of them", 12),
        ("3 circles; so the answer is 3", 3),
        ("one of them is blue: 4", 4),
        ("1,234,567 pixels", 1234567),
        ("-7", -7),
        ("−7 °C", -7),
        ("3.50", 3.5),
        ("about 2.5e-3 m", 0.0025),
        ("50%", 50),
        ("12cm", 12),
        ("**7**", 7),
        ("(7)", 7),
        ("0", 0),
        ("zero", 0),
    ],
)
def test_the_one_number_of_an_answer(text: str, number: float) -> None:
    """In digits or as a word, within a sentence or alone; digits stand above words."""
    assert read_float(text) == number
    if number == int(number):
        assert read_integer(text) == number
        assert isinstance(read_integer(text), int)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "many",
        "3 or 4",
        "3-4",
        "1/2",
        "1,5",
        "12,34",
        "1.2.3",
        "one or two",
        "no one",
        "MP3",
        "nan",
        "1e9999",
        "inf",
    ],
)
def test_no_number_or_several(text: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(UnreadableReply, match="expected a"):
        read_float(text)


@pytest.mark.parametrize("text", ["3.5", "9223372036854775808", "-9999999999999999999", "1e300"])
def test_not_a_whole_number_or_too_large_for_a_column(text: str) -> None:
    """A column of Int64 must take every value that is read."""
    assert isinstance(read_float(text), float)
    with pytest.raises(UnreadableReply, match="expected a whole number"):
        read_integer(text)


def test_whole_numbers_are_exact() -> None:
    """No way over floating point, which would round this one."""
    assert read_integer("9007199254740993") == 9007199254740993
    assert read_integer("9,223,372,036,854,775,807") == 2**63 - 1


@given(st.text())
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    """No answer of a model can end a run."""
    readers = (read_integer, read_float)
    for reader in readers:
        try:
            value = reader(text)
        except UnreadableReply:
            continue
        assert isinstance(value, bool | int | float | str)


@given(st.integers(-(2**63) + 1, 2**63 - 1))
def test_every_integer_of_a_column_can_be_read(number: int) -> None:
    """Plain, grouped, and in a sentence."""
    assert read_integer(f"{number}") == read_integer(f"{number:,}") == read_integer(f"I see {number}.") == number
