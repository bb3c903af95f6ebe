"""Yes or no."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.yes_no import read_yes_or_no


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Yes", True),
        ("no.", False),
        ("YES, there is a dog.", True),
        ("No, not at all", False),
        ("**Yes**", True),
        ('"no"', False),
        ("Answer: yes", True),
        ("The answer is no.", False),
        ("True", True),
        ("false", False),
    ],
)
def test_yes_or_no(text: str, value: bool) -> None:
    """The first word decides."""
    assert read_yes_or_no(text) is value


@pytest.mark.parametrize("text", ["maybe", "I have no idea", "There is a dog", "Nothing", "yesterday", "not sure", "1"])
def test_neither_yes_nor_no(text: str) -> None:
    """A "no" further on may mean anything."""
    with pytest.raises(UnreadableReply, match="expected yes or no, got '"):
        read_yes_or_no(text)


@given(st.text())
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    """No answer of a model can end a run."""
    readers = (read_yes_or_no,)
    for reader in readers:
        try:
            value = reader(text)
        except UnreadableReply:
            continue
        assert isinstance(value, bool | int | float | str)
