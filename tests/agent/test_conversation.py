"""Conversations: what was said and done, as plain data."""

import json

import pytest

from vlmkit.agent import Conversation
from vlmkit.errors import BadSetting


def test_a_conversation_says_what_became_of_it(finished):
    """In one line, without an address."""
    assert repr(finished) == "Conversation(answered, 2 turns, 2 calls, 'A red square.')"
    assert repr(Conversation()) == "Conversation(going on, 0 turns, 0 calls, no text)"


def test_the_founding_names_say_the_same(finished):
    """Final message, calls, executed calls, turns, completion."""
    assert finished.completed
    assert not Conversation(stopped="max_turns").completed
    assert finished.final_message == {"role": "assistant", "content": "A red square."}
    assert [entry["id"] for entry in finished.tool_calls] == ["call_a", "call_b"]
    assert [step.call_id for step in finished.tool_calls_executed] == ["call_a"]
    assert finished.turns_taken == finished.turns == 2
    assert Conversation().final_message is None


def test_the_question_is_what_a_person_asked_last(finished):
    """Not the message that shows the pictures of the tools."""
    assert finished.question == "What is in row 3?"
    assert Conversation().question == ""


def test_rows_are_those_that_were_looked_at(finished):
    """In the order of the first look; a call that failed looked at none."""
    import dataclasses

    step = finished.steps[0]
    again = [dataclasses.replace(step, rows=rows, status=status)
             for rows, status in (((5, 3), "done"), ((9,), "failed"), ((1,), "done"))]  # fmt: skip
    assert Conversation(steps=[step, *again]).rows == [3, 5, 1]


def test_steps_as_a_table(finished):
    """A row for each call."""
    frame = finished.to_frame()
    assert frame.loc[0].to_dict() == {
        "turn": 1,
        "call": "call_a",
        "tool": "look",
        "arguments": '{"row": 3}',
        "status": "done",
        "text": "row 3\n[picture 1 below]",
        "rows": [3],
        "pictures": 1,
        "seconds": 0.5,
    }
    assert frame["arguments"].tolist() == ['{"row": 3}', "{row"]
    assert list(Conversation().to_frame().columns) == list(frame.columns)


def test_a_conversation_is_saved_and_loaded(finished, tmp_path):
    """All of it comes back, and the file is JSON."""
    path = finished.save(tmp_path / "run.json")
    assert json.loads(path.read_text())["text"] == "A red square."
    loaded = Conversation.load(path)
    assert loaded.to_dict() == finished.to_dict()
    assert loaded.steps == finished.steps
    with pytest.raises(BadSetting, match=r"knows no model. Give it to one: Agent\(model"):
        loaded.go_on("And now?")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "it cannot be read"),
        ("{", "it cannot be read"),
        ("[]", "This is no saved conversation"),
        ('{"format": "other"}', "This is no saved conversation"),
        ('{"format": "vlmkit-conversation-1"}', "This conversation cannot be read: 'messages'"),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path, text, said):
    """The message names the file."""
    path = tmp_path / "run.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(BadSetting, match=f"run.json: {said}"):
        Conversation.load(path)


def test_a_saved_reason_must_be_one(finished):
    """Words of another program are not taken over."""
    with pytest.raises(BadSetting, match="stopped='great': give one of answered"):
        Conversation.from_dict(finished.to_dict() | {"stopped": "great"})
