"""Reading an answer, station by station."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import Refused, UnreadableReply
from vlmkit.prompts.reading import (
    drop_thinking,
    mend_surrogates,
    read_choice,
    read_float,
    read_integer,
    read_text,
    read_yes_or_no,
    strip_space,
)
from vlmkit.records import Reply


def reply(text: str, finish_reason: str = "stop") -> Reply:
    return Reply(text=text, finish_reason=finish_reason, model="fake:x")


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<think>hm</think>A cat.", "A cat."),
        ("<THINK>a\nb</think>\nA<thinking>c</thinking>B", "\nAB"),
        ("opened by the template</think>A cat.", "A cat."),
        ("A cat.<think>never ended", "A cat."),
        ("I think so.", "I think so."),
    ],
)
def test_thinking_is_dropped(text: str, rest: str) -> None:
    """Whether the tags are whole, opened by the template, or cut off."""
    assert drop_thinking(text) == rest


def test_halves_of_characters_are_mended() -> None:
    """A pair becomes its character, a lone half the replacement mark, all else stays."""
    assert mend_surrogates("\ud83d\ude00 a\ud800b é") == "😀 a\ufffdb é"
    assert mend_surrogates("\ufeffa") == "\ufeffa"


def test_space_is_stripped() -> None:
    """At the ends only."""
    assert strip_space(" \n a  b\t") == "a  b"


def test_the_stations_in_a_row() -> None:
    """What is left after all of them is the answer."""
    assert read_text(reply(" <think>x</think>\n A \ud800cat. ")) == "A \ufffdcat."


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (reply(""), r"the model answered nothing\. Ask in other words"),
        (reply(" \n"), "answered nothing"),
        (reply("<think>hm</think> "), r"answered only '<think>hm</think>'"),
        (reply("<think>and so on", "length"), r"answered only .*The answer was cut off: raise max_tokens\."),
    ],
)
def test_an_empty_answer_is_a_fault(answer: Reply, message: str) -> None:
    """Its cause is in the message."""
    with pytest.raises(UnreadableReply, match=message):
        read_text(answer)


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


def test_a_long_answer_is_shortened_in_the_message() -> None:
    """An error column is no place for an essay."""
    with pytest.raises(UnreadableReply) as caught:
        read_integer("word\n " * 200)
    assert len(str(caught.value)) < 200
    assert "word word word" in str(caught.value)
    assert "…" in str(caught.value)


@given(st.text())
def test_any_text_is_a_value_or_a_fault(text: str) -> None:
    """No answer of a model can end a run."""
    readers = (read_integer, read_float, read_yes_or_no, lambda words: read_choice(words, ["a", "b"]))
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


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("Sure! Here is a detailed description of the image:\n\nA red circle.", "A red circle."),
        ("Here's a caption for this picture: A red circle.", "A red circle."),
        ("Certainly, here are the tags you asked for:\nred, circle", "red, circle"),
        ("Of course! A red circle.", "A red circle."),
        ("The following is a description of the scene: A red circle.", "A red circle."),
        ("Here is a dog: it sleeps.", "Here is a dog: it sleeps."),
        ("Sure signs of spring.", "Sure signs of spring."),
        ("Surely: a red circle.", "Surely: a red circle."),
        ("This is a dog at 10:30.", "This is a dog at 10:30."),
        ("A description of a city: Rome.", "A description of a city: Rome."),
    ],
)
def test_an_announcement_is_no_answer(text: str, answer: str) -> None:
    """What names an answer and ends in a colon goes; a sentence about the picture stays."""
    assert read_text(Reply(text=text, finish_reason="stop", model="fake:x")) == answer


def test_an_announcement_alone_is_nothing() -> None:
    """It promises, and that was all."""
    with pytest.raises(UnreadableReply, match="only 'Sure! Here is a description"):
        read_text(Reply(text="Sure! Here is a description of the image:", finish_reason="stop", model="fake:x"))


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that.",
        "I’m sorry, I cannot help with identifying people.",
        "I cannot identify the person in this image.",
        "Sorry, I am unable to view images.",
        "As an AI language model, I cannot see images.",
        "Unfortunately, I'm not able to process this picture.",
        "I can't provide a description of this image.",
        "I must decline to describe this.",
    ],
)
def test_an_excuse_is_a_refusal(text: str) -> None:
    """It would look like a caption in the table."""
    with pytest.raises(Refused, match="the model declined: "):
        read_text(Reply(text=text, finish_reason="stop", model="fake:x"))


@pytest.mark.parametrize(
    "text",
    [
        "I cannot see any dogs.",
        "I can't identify any text in the sign.",
        "A sign says: I'm sorry, but I can't help.",
        "Unfortunately, it rains.",
        "I am a teapot.",
        "No.",
    ],
)
def test_an_answer_that_sounds_alike_is_none(text: str) -> None:
    """What is not there is an answer, too."""
    assert read_text(Reply(text=text, finish_reason="stop", model="fake:x")) == text
