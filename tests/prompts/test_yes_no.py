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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Yes, there is no doubt about it.", True),
        ("Yes, it is not raining.", True),
        ("Yes - a dog sits there.", True),
        ("Yes. There is no one else.", True),
        ("Yes, there is a no-smoking sign.", True),
        ('Yes, the sign says "NO".', True),
        ("yes yes", True),
        ("Yes!", True),
        ("Yes, house no. 5 is visible.", True),
        ("Yes: the dog.", True),
        ("Yes, the dog does not wear a collar.", True),
        ("The answer is yes.", True),
        ("yes, I can see it", True),
        ("Yes, all of the people wait for a bus.", True),
        ("No, there are no dogs in the image.", False),
        ("No there isn't.", False),
        ("No, it's a cat.", False),
        ("No – only a cat.", False),
        ("No\n\nThere is no dog.", False),
        ("NO", False),
        ("No, nobody is there.", False),
        ("No it is not.", False),
        ("No, the image shows a cat, not a dog.", False),
        ("Definitely yes", True),
        ("I think no.", False),
        ("I'd say yes, there is.", True),
        ("Well, no - none.", False),
        ("Indeed, yes.", True),
    ],
)
def test_what_explains_an_answer_does_not_change_it(text: str, value: bool) -> None:
    """A reason may deny something else, and quote anything."""
    assert read_yes_or_no(text) is value


@pytest.mark.parametrize(
    "text",
    [
        "Yes and no.",
        "No problem! Yes, there is one.",
        "No, wait, yes.",
        "True/False",
        "Yes\n\nNo",
        "No doubt: yes",
        "No. 5 is on the door",
        "Yes or no",
        "yes/no",
        "No worries",
        "No dogs are visible",
        "Yes, no.",
        "Yes, maybe",
        "No, but I am not sure",
        "Yes... no",
        "Yes? No?",
        "Yes?",
        "No one",
        "yes, or no?",
        "No, yes",
        "True, false",
        "Yes, I mean no",
        "No question, it is",
        "Yes, but it is hard to say",
        "Yes, no wait",
        "Absolutely not",
        "Definitely yes and no",
        "I think so",
    ],
)
def test_what_takes_an_answer_back_is_doubt(text: str) -> None:
    """A second answer, a hedge, a "no" that belongs to a noun, a question."""
    with pytest.raises(UnreadableReply, match="expected yes or no, got "):
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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Yes", True),
        ("YES, there is a dog.", True),
        ("**Yes**", True),
        ("Answer: yes", True),
        ("True", True),
        ("Yes, there is no doubt", True),
        ("Yes, it is not raining.", True),
        ("Yes, there are no dogs.", True),
        ("Yes. There is a dog", True),
        ("I'd say yes", True),
        ("I would say yes.", True),
        ("yes!", True),
        ("Yes, yes.", True),
        ("The answer is yes.", True),
        ("Is there a dog? Yes.", True),
        ("There is a dog, so yes.", True),
        ("There is a dog, so the answer is yes.", True),
        ("It's true", True),
        ("Yep", True),
        ("Yeah, there is", True),
        ("Definitely yes", True),
        ("Probably yes", True),
        ("Yes - a small one", True),
        ("Yes, but it is small", True),
        ("Sure, yes.", True),
        ("Of course, yes", True),
        ("Y", True),
        ("\\boxed{yes}", True),
        ("<answer>Yes</answer>", True),
        ("Yes, that is true", True),
        ("“Yes”", True),
        ("Yes there is", True),
        ("Yes because I see it", True),
        ("Yes, a dog is visible.", True),
        ("Well, yes", True),
        ("Yes, there is actually a dog.", True),
        ("True.", True),
        ("true", True),
        ("Yes, nobody is there", True),
        ("Yes, no dogs are visible.", True),
        ("no.", False),
        ("No, not at all", False),
        ('"no"', False),
        ("The answer is no.", False),
        ("false", False),
        ("No, there are no dogs in the image.", False),
        ("No. There is no dog.", False),
        ("No, there is a cat instead.", False),
        ("No, but there is a cat.", False),
        ("Nope", False),
        ("No there is not", False),
        ("no", False),
        ("NO!", False),
        ("No - only cats", False),
        ("No; it is a cat.", False),
        ("No, that is not true", False),
        ("No, I don't see one", False),
        ("No\n", False),
        ("False.", False),
        ("There are no dogs, so no.", False),
        ("No, it is false", False),
        ("No, no.", False),
        ("N", False),
        ("No. The dog is missing", False),
        ("No, it's not.", False),
    ],
)
def test_an_answer_beside_its_explanation(text: str, value: bool) -> None:
    """The first word decides, unless it is only politeness; what is explained behind it may deny other things."""
    assert read_yes_or_no(text) is value


@pytest.mark.parametrize(
    "text",
    [
        "maybe",
        "I have no idea",
        "There is a dog",
        "Nothing",
        "yesterday",
        "not sure",
        "1",
        "Yes and no.",
        "No, wait, yes.",
        "True/False",
        "Yes\n\nNo",
        "No. 5 is on the door",
        "No 5",
        "yes or no",
        "Yes/No",
        "Yes, no",
        "Yes... no",
        "No yes",
        "not yes",
        "not true",
        "It is not true",
        "No problem!",
        "No dogs are visible",
        "No text",
        "No idea",
        "No one is there",
        "Yes, but no",
        "Yes. Actually, no",
        "Yes, actually not",
        "Yes, wait",
        "Yes?",
        "No?",
        "maybe yes",
        "Yes, maybe",
        "Yes, or maybe not",
        "yes/no",
        "Yes | No",
        "true or false",
        "Yes, but it is not a dog",
        "Yes. No, there is no cat.",
        "No. Yes.",
        "Yes, not really",
        "No, that is true",
        "Yes, the statement is false",
        "Yes and no",
        "Neither yes nor no",
        "I cannot say yes or no",
        "yes-ish",
        "Noyes",
        "Yes, if it is a dog",
        "It depends",
        "no-brainer",
        "Yes, I mean no",
        "",
        "?",
        "No.5",
        "Nobody",
        "Yes or maybe no",
        "Is there? ",
        "No worries",
        "No, except for one",
        "No, apart from the cat",
        "No - other than the dog on the left",
        "No, well, maybe one",
        "No, perhaps two of them",
        "no, I'm wrong, there is one",
        "Yes. I was wrong, there is none",
        "Yes 90%, no 10%",
        "Yes: 60 %, no: 40 %",
        "No (55%), yes (45%)",
    ],
)
def test_what_is_neither_or_is_taken_back(text: str) -> None:
    """Neither, both, one that is taken back, and a "no" that belongs to a noun."""
    with pytest.raises(UnreadableReply, match="expected yes or no, got "):
        read_yes_or_no(text)
