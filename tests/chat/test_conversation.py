"""Messages become turns: four roles, calls with their results, pictures where they stand."""

import pytest

from vlmkit.chat import ChatAdapter, ChatError, ChatLimits, read_request


def turns(*messages, **limits):
    return read_request({"model": "m", "messages": list(messages)}, limits=ChatLimits(**limits)).turns


def called(*ids, **message):
    calls = [{"id": each, "type": "function", "function": {"name": "look", "arguments": "{}"}} for each in ids]
    return {"role": "assistant", "content": None, "tool_calls": calls, **message}


def refusal(*messages, **limits):
    with pytest.raises(ChatError) as found:
        turns(*messages, **limits)
    return found.value


def test_a_developer_speaks_as_the_system():
    """The newer name of the role is another word for the older one."""
    found = turns({"role": "developer", "content": "Be brief."}, {"role": "user", "content": "Hi"})
    assert [turn.role for turn in found] == ["system", "user"]


def test_content_may_be_text_parts_or_nothing():
    """Parts stay in their order; a refusal that was said before is text."""
    found = turns(
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "input_text", "text": "b"}]},
        {"role": "assistant", "content": None, "refusal": "No."},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "Never."}]},
        {"role": "user", "content": None},
    )
    assert [turn.content for turn in found] == [("a", "b"), ("No.",), ("Never.",), ()]


@pytest.mark.parametrize("texts", [[], [""], [" ", "\n"]], ids=["none", "empty", "blank"])
def test_a_picture_may_be_shown_without_a_word(fake, data_url, texts):
    """A blank text beside it, as forms send it, says as little."""
    parts = [{"type": "text", "text": text} for text in texts]
    parts.insert(1, {"type": "image_url", "image_url": {"url": data_url(3)}})
    backend = fake("A circle.")
    answer = ChatAdapter(backend).complete({"model": "m", "messages": [{"role": "user", "content": parts}]})
    (message,) = backend.asks[0].messages
    assert (len(message.content), len(message.pictures)) == (1, 1)
    assert answer["choices"][0]["message"]["content"] == "A circle."


def test_pictures_stand_where_they_were(data_url):
    """A picture may be in any message of a user or a tool, as a link or as its bare address."""
    picture = {"type": "image_url", "image_url": {"url": data_url(3)}}
    bare = {"type": "input_image", "image_url": data_url(4)}
    found = turns(
        {"role": "user", "content": [picture, {"type": "text", "text": "and"}, bare]},
        called("c1"),
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "seen"}, picture]},
    )
    assert [type(part).__name__ for part in found[0].content] == ["LinkedPicture", "str", "LinkedPicture"]
    message = found[2].message(64, lossless=False)
    assert (message.text, len(message.pictures), message.tool_call_id) == ("seen", 1, "c1")


def test_a_system_message_has_no_picture(data_url):
    """The place is named, and where the picture may stand."""
    picture = {"type": "image_url", "image_url": {"url": data_url()}}
    error = refusal({"role": "system", "content": [picture]})
    assert (error.param, "role 'user'" in str(error)) == ("messages[0]", True)


def test_every_call_has_its_result():
    """A call without result, and a result without call, are refused as OpenAI does."""
    user, result = {"role": "user", "content": "x"}, {"role": "tool", "tool_call_id": "c1", "content": "1"}
    assert len(turns(user, called("c1"), result, user)) == 4
    missing = refusal(user, called("c1", "c2"), result, user)
    assert (missing.param, "c2 have no result" in str(missing)) == ("messages[1]", True)
    assert refusal(user, called("c1")).param == "messages[1]"
    assert refusal(user, result).param == "messages[1].tool_call_id"
    assert refusal(user, called("c1"), result, result).param == "messages[3].tool_call_id"


def test_results_of_older_clients_find_their_call():
    """Role function names the tool and no id; without a call before it, one is put there."""
    asked = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": '{"row": 1}'}}
    found = turns({"role": "user", "content": "x"}, asked, {"role": "function", "name": "look", "content": "1"})
    assert found[2].tool_call_id == found[1].tool_calls[0].id
    assert found[1].tool_calls[0].parsed_arguments == {"row": 1}
    alone = turns({"role": "function", "name": "look", "content": "1"})
    assert [turn.role for turn in alone] == ["assistant", "tool"]


def test_broken_arguments_are_accepted_back(fake):
    """What a model wrote is no reason to refuse the conversation; the model sees it under one name."""
    broken = called("c1")
    broken["tool_calls"][0]["function"]["arguments"] = '{"city": "Be'
    messages = [{"role": "user", "content": "x"}, broken, {"role": "tool", "tool_call_id": "c1", "content": "1"}]
    backend = fake("fine")
    ChatAdapter(backend).complete({"model": "m", "messages": messages})
    assert backend.asks[0].messages[1].tool_calls[0].parsed_arguments == {"raw": '{"city": "Be'}


def test_arguments_may_be_an_object():
    """Some clients send the object in place of its text."""
    sent = called("c1")
    sent["tool_calls"][0]["function"]["arguments"] = {"row": 2}
    found = turns(sent, {"role": "tool", "tool_call_id": "c1", "content": "1"})
    assert found[0].tool_calls[0].arguments == '{"row": 2}'


def test_there_are_limits(data_url):
    """Of messages, and of pictures in one message and in all."""
    user = {"role": "user", "content": "x"}
    picture = {"type": "image_url", "image_url": {"url": data_url()}}
    assert refusal(user, user, user, most_messages=2).param == "messages"
    several = {"role": "user", "content": [picture, picture]}
    assert refusal(several, most_pictures_a_message=1).param == "messages[0].content[1]"
    assert refusal(several, several, most_pictures=3).param == "messages[1].content[1]"


def test_half_a_character_does_not_reach_the_model():
    """JSON can carry what no text can."""
    assert turns({"role": "user", "content": "a\ud800b"})[0].content == ("a\ufffdb",)
