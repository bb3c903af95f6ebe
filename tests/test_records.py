"""The nouns are frozen, keyword-only, and quiet about pixels."""

import dataclasses
import inspect

import pytest

from vlmkit import records
from vlmkit.records import Ask, ImageRef, Message, Picture, Sampling, ToolCall, one_question

NOUNS = [noun for name in records.__all__ if dataclasses.is_dataclass(noun := getattr(records, name))]


@pytest.mark.parametrize("noun", NOUNS)
def test_nouns_are_frozen_and_keyword_only(noun):
    """A record can be shared between threads and never depends on the order of its fields."""
    assert noun.__dataclass_params__.frozen
    parameters = inspect.signature(noun).parameters.values()
    assert all(parameter.kind is parameter.KEYWORD_ONLY for parameter in parameters)
    assert "__slots__" in vars(noun)


def test_a_record_cannot_be_changed():
    """Assignment fails."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        Sampling().seed = 3


def test_reprs_leave_pixels_out():
    """Ten megabytes of JPEG do not end in a log line."""
    picture = Picture(data=b"\xff\xd8secret", media_type="image/jpeg", width=4, height=2, digest="ab")
    assert "secret" not in repr(Ask(messages=one_question("What is it?", [picture])))
    assert "secret" not in repr(ImageRef(source=b"secret", label="<bytes 6>"))


def test_sampling_is_greedy_unless_told():
    """Tables are reproducible by default."""
    assert Sampling().temperature == 0.0


PICTURE = Picture(data=b"", media_type="image/jpeg", width=4, height=2, digest="ab")


def test_one_question_is_a_conversation():
    """System text, what was said before, then pictures before the prompt; an empty system text is none."""
    before = (Message.user("Which?", [PICTURE]), Message.assistant("A dog."))
    ask = Ask(messages=one_question("And this?", [PICTURE], system="Be brief.", before=before))
    assert [message.role for message in ask.messages] == ["system", "user", "assistant", "user"]
    assert ask.messages[-1].content == (PICTURE, "And this?")
    assert (ask.prompt, ask.system, ask.pictures) == ("And this?", "Be brief.", (PICTURE, PICTURE))
    assert one_question("And this?", system="") == (Message.user("And this?"),)


def test_text_and_pictures_of_a_message_keep_their_order():
    """However they alternate."""
    message = Message(role="user", content=("Is ", PICTURE, "it?"))
    assert (message.text, message.pictures) == ("Is it?", (PICTURE,))
    assert Ask(messages=(Message.assistant(),)).prompt == ""


def test_a_result_leads_back_to_its_tool():
    """By the call's id; of two calls with the same id the later one counts."""
    calls = [ToolCall(id="c", name=name) for name in ("look", "count")]
    messages = tuple(Message.assistant("", [call]) for call in calls)
    ask = Ask(messages=messages)
    assert (ask.called_tool("c"), ask.called_tool("x")) == ("count", None)


@pytest.mark.parametrize(
    ("arguments", "parsed"),
    [('{"row": 1}', {"row": 1}), ('{"row": ', {"raw": '{"row": '}), ("[1]", {"raw": "[1]"}), ("", {"raw": ""})],
)
def test_arguments_are_kept_where_they_are_no_object(arguments, parsed):
    """A model may write anything, and a conversation must go on."""
    assert ToolCall(id="c", name="look", arguments=arguments).parsed_arguments == parsed
