"""Reading an answer, station by station."""

from __future__ import annotations

import pytest

from vlmkit.errors import Refused, UnreadableReply
from vlmkit.prompts.reading import (
    drop_thinking,
    mend_surrogates,
    read_text,
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
