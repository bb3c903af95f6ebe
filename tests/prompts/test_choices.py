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
        "It used to be red",
        "the opposite of red",
        "far from red",
        "no longer red",
        "previously red",
        "a lack of red",
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
        ("Red (not blue)", "red"),
        ("red, not blue", "red"),
        ("not red but blue", "blue"),
        ("It's not blue, it's red.", "red"),
        ("Option B: red", "red"),
        ("B) red", "red"),
        ("2. red", "red"),
        ("“Red”", "red"),
        ("Answer: red", "red"),
        ("The answer is: **red**", "red"),
        ("dark-red", "dark red"),
        ("Dark_Red", "dark red"),
        ("Red. There are no other colors.", "red"),
        ("Red, because it is not blue.", "red"),
        ('{"color": "red"}', "red"),
        ("red red", "red"),
        ("Red rather than blue", "red"),
        ("Red instead of blue", "red"),
        ("I would say red", "red"),
        ("The image shows a red circle", "red"),
        ("Red! I am sure.", "red"),
        ("red - because it looks so", "red"),
        ("Red. Not blue.", "red"),
        ("Reds", "red"),
        ("\\boxed{red}", "red"),
        ("<answer>red</answer>", "red"),
        ("the red", "red"),
        ("Red\n\nThe ball has no stripes.", "red"),
    ],
)
def test_a_choice_among_other_words(text: str, choice: str) -> None:
    """Alone or as the only one in a sentence, longest first."""
    assert read_choice(text, ["red", "dark red", "none", "C++", "blue"]) == choice


@pytest.mark.parametrize(
    "text",
    [
        "green",
        "red or blue",
        "it is not red",
        "it isn't red",
        "reddish",
        "",
        "neither: red",
        "anything but red",
        "all but red",
        "everything except red",
        "non-red",
        "red-brown",
        "infra-red",
        "red/green",
        "red/blue",
        "not red",
        "not red or blue",
        "neither red nor blue",
        "red?",
        "red or green",
        "other than red",
        "no red",
        "without red",
        "red and green",
        "red & pink",
        "not only red",
        "Red. No, blue.",
        "Red. No.",
        "Red. Not really.",
        "Red, or maybe blue",
        "red is wrong",
        "red is not it",
        "not red, blue",
        "Red. Wait, blue",
        "I don't know, red",
        "red: false",
        '{"red": 0.9, "blue": 0.1}',
        '{"red": false}',
        "red: 0.1",
        "unclear, red",
        "not sure, red",
        "Red... actually green-ish. But not sure",
        "It is hardly red",
        "more blue than red",
        "Either red",
        "pink (not red)",
    ],
)
def test_choices_in_doubt(text: str) -> None:
    """Also when the only one is denied."""
    with pytest.raises(UnreadableReply, match="expected one of red, dark red, none, C"):
        read_choice(text, ["red", "dark red", "none", "C++", "blue"])


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("A", "A"),
        ("a", "A"),
        ("A.", "A"),
        ("(B)", "B"),
        ("B) a cat", "B"),
        ("Answer: A", "A"),
        ("It is A.", "A"),
        ("The answer is B: a cat", "B"),
        ("Option C", "C"),
        ("**B**", "B"),
        ("a cat", None),
        ("A cat is on it", None),
        ("It is a cat", None),
        ("A or B", None),
    ],
)
def test_letters_are_no_articles(text: str, choice: str | None) -> None:
    """A letter counts as a choice where it stands alone."""
    choices = ["A", "B", "C"]
    if choice is not None:
        assert read_choice(text, choices) == choice
        return
    with pytest.raises(UnreadableReply):
        read_choice(text, choices)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("1", "1"),
        ("1.5", None),
        ("10", None),
        ("-1", None),
        ("2 dogs", "2"),
        ("3+", "3+"),
        ("It's 2.", "2"),
        ("1 or 2", None),
        ("2%", None),
    ],
)
def test_numbers_are_no_parts_of_numbers(text: str, choice: str | None) -> None:
    """Neither of decimals, nor of longer ones, nor of negative ones."""
    choices = ["1", "2", "3+"]
    if choice is not None:
        assert read_choice(text, choices) == choice
        return
    with pytest.raises(UnreadableReply):
        read_choice(text, choices)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("a dog", "dog"),
        ("Dogs", "dog"),
        ("Two dogs", None),
        ("indoors", "indoor"),
        ("Indoor. There are no windows.", "indoor"),
        ("no", "no"),
        ("No.", "no"),
        ("yes", "yes"),
        ("Not visible.", "not visible"),
        ("The dog is not visible", None),
        ("Yes, there is", "yes"),
        ("hot-dog", None),
        ("The dog's tail", None),
        ("indoor and not outdoor", "indoor"),
        ("Indoor, not outdoor.", "indoor"),
        ("Outdoors, since there is no roof", None),
    ],
)
def test_words_that_deny_can_be_choices(text: str, choice: str | None) -> None:
    """Plurals, compounds, and choices that are negations themselves."""
    choices = ["dog", "cat", "indoor", "outdoor", "no", "yes", "not visible"]
    if choice is not None:
        assert read_choice(text, choices) == choice
        return
    with pytest.raises(UnreadableReply):
        read_choice(text, choices)
