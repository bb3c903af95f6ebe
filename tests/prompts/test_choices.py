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


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Option B: red", "red"),
        ("It looks red.", "red"),
        ("“blue”", "blue"),
        ("The main color is blue, as in the sky.", "blue"),
        ("(C++)", "C++"),
        ("Red - the color of the car", "red"),
    ],
)
def test_words_around_the_only_choice_do_not_matter(text: str, choice: str) -> None:
    """As long as they leave nothing open."""
    assert read_choice(text, ["red", "dark red", "none", "C++", "blue"]) == choice


@pytest.mark.parametrize(
    "text",
    [
        "anything but red",
        "everything except red",
        "other than red",
        "red or orange",
        "either red",
        "red, maybe",
        "rather red than blue",
        "red?",
        "never red",
        "without red",
        "unlike red",
        "if red",
        "between red and orange",
    ],
)
def test_what_denies_a_choice_or_leaves_it_open_is_doubt(text: str) -> None:
    """The choice stands there, and is not what is said."""
    with pytest.raises(UnreadableReply, match="expected one of red, blue, got "):
        read_choice(text, ["red", "blue"])


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("No, there isn't one.", "no"),
        ("Yes, not far away.", "yes"),
        ("It is unclear", "unclear"),
        ("NO", "no"),
        ("Yes or no", None),
        ("No problem, yes", None),
    ],
)
def test_yes_and_no_as_choices_may_have_a_reason(text: str, choice: str | None) -> None:
    """As for a yes/no question: the reason of a "no" may deny something."""
    choices = ["yes", "no", "unclear"]
    if choice is None:
        with pytest.raises(UnreadableReply):
            read_choice(text, choices)
    else:
        assert read_choice(text, choices) == choice


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
