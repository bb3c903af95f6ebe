"""One of several choices."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.choices import read_choice


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("red", "red"),
        ("RED.", "red"),
        ("'Dark red'", "dark red"),
        ("It is dark red.", "dark red"),
        ("The color is red", "red"),
        ("**none**", "none"),
        ("There is none of them", "none"),
        ("c++", "C++"),
        ("It is C++!", "C++"),
    ],
)
def test_a_choice(text: str, choice: str) -> None:
    """Alone or as the only one in a sentence, longest first."""
    assert read_choice(text, ["red", "dark red", "none", "C++"]) == choice


@pytest.mark.parametrize(
    "text", ["blue", "red or none", "it is not red", "it isn't red", "reddish", "", "neither: red"]
)
def test_no_choice_or_several(text: str) -> None:
    """Also when the only one is denied."""
    with pytest.raises(UnreadableReply, match="expected one of red, dark red, none, got"):
        read_choice(text, ["red", "dark red", "none"])


@given(st.text())
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    """No answer of a model can end a run."""
    readers = (lambda words: read_choice(words, ["a", "b"]),)
    for reader in readers:
        try:
            value = reader(text)
        except UnreadableReply:
            continue
        assert isinstance(value, bool | int | float | str)
