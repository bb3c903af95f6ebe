"""Messages: made as servers take them, and legal however they were before."""

import pytest
from scripted_agent import call

from vlmkit.agent.messages import assistant_message, is_about_pictures, legal_messages, result_messages, user_message
from vlmkit.errors import BadSetting

USER = {"role": "user", "content": "Look!"}


def test_pictures_of_tools_follow_all_answers(finished):
    """In one message of the user, as some servers do not show pictures in answers."""
    messages = result_messages(finished.steps)
    assert [message["role"] for message in messages] == ["tool", "tool", "user"]
    assert [message["tool_call_id"] for message in messages[:2]] == ["call_a", "call_b"]
    assert [part["type"] for part in messages[2]["content"]] == ["image_url", "text"]
    assert messages[2]["content"][0]["image_url"]["url"].startswith("data:image/jpeg;base64,")
    assert is_about_pictures(messages[2])
    assert [message["role"] for message in result_messages(finished.steps[1:])] == ["tool"]


def test_a_question_without_pictures_is_a_text(red):
    """As most servers want it."""
    assert user_message("What?") == {"role": "user", "content": "What?"}
    assert [part["type"] for part in user_message("What?", [red, red])["content"]] == ["image_url", "image_url", "text"]


def test_calls_get_ids_that_no_other_call_has():
    """Whatever a model gives: none, the same twice, one that is too long, no text."""
    used = {"call_1"}
    said = {"content": "", "tool_calls": [call("a", {}, each) for each in ("call_2", "call_2", "call_1", "x" * 41)]}
    said["tool_calls"] += [call("a"), {"function": {"name": "a", "arguments": {"row": 1}}}, {"function": None}, "x"]
    kept = assistant_message(said, used)
    ids = [each["id"] for each in kept["tool_calls"]]
    assert ids[0] == "call_2"
    assert len(set(ids)) == len(ids) == 8
    assert used == {"call_1", *ids}
    assert all(len(each) == len("call_") + 24 for each in ids[1:])
    assert [each["function"]["arguments"] for each in kept["tool_calls"][4:]] == ["{}", '{"row": 1}', "", ""]
    assert kept["content"] is None


def test_what_else_a_message_says_is_kept():
    """Servers want back what they gave, such as reasoning and signatures."""
    said = {"content": [{"type": "text", "text": "Hm."}], "reasoning_content": "…", "refusal": None}
    said["tool_calls"] = [call("a", {}, "call_1") | {"extra_content": {"signature": "s"}}]
    kept = assistant_message(said, set())
    assert (kept["content"], kept["reasoning_content"]) == ("Hm.", "…")
    assert kept["tool_calls"][0]["extra_content"] == {"signature": "s"}


def test_a_call_without_an_answer_gets_one():
    """Behind the answers that there are, and before whatever comes next."""
    asked = {"role": "assistant", "content": None, "tool_calls": [call("a", {}, "x"), call("b", {}, "y")]}
    answer = {"role": "tool", "tool_call_id": "y", "content": "2"}
    lost = {"role": "tool", "tool_call_id": "x", "content": "No result was kept."}
    assert legal_messages([USER, asked, answer, USER])[2:] == [answer, lost, USER]
    assert legal_messages([asked, answer])[1:] == [answer, lost]
    assert legal_messages([USER]) == [USER]


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ("Look!", "give a list of messages"),
        (USER, "give a list of messages"),
        (3, "give a list of messages"),
        (["Look!"], r"messages\[0\]: it has no role"),
        ([USER, {"role": "robot"}], r"messages\[1\]: it has no role. Give one of 'system'"),
        ([{"role": "tool", "tool_call_id": "x"}], r"messages\[0\]: no call before it waits for an answer to 'x'"),
    ],
)
def test_what_are_no_messages_is_refused(messages, said):
    """With the place of what is wrong."""
    with pytest.raises(BadSetting, match=said):
        legal_messages(messages)
