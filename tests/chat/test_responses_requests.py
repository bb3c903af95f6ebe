"""Requests of the Responses API say the same as chat requests, in other words."""

import pytest

from vlmkit.backends import Abilities
from vlmkit.chat import ChatAdapter, ChatError, read_responses_request
from vlmkit.errors import PromptTooLong

TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}, "strict": True}


def read(**fields):
    return read_responses_request({"model": "m", "input": "Hi", **fields})


def refusal(**fields):
    with pytest.raises(ChatError) as found:
        read(**fields)
    assert found.value.status == 400
    return found.value


def test_fields_have_their_counterparts():
    """Limits, tools, choices and formats arrive as in a chat request."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    chat = read(
        instructions="Be brief.",
        max_output_tokens=5,
        temperature=0.5,
        top_p=0.5,
        tools=[TOOL],
        tool_choice={"type": "function", "name": "look"},
        parallel_tool_calls=False,
        text={"format": {"type": "json_schema", "name": "n", "schema": schema}},
        include=["message.output_text.logprobs"],
        top_logprobs=2,
        stream=True,
    ).chat
    assert [(turn.role, turn.content) for turn in chat.turns] == [("system", ("Be brief.",)), ("user", ("Hi",))]
    assert (chat.sampling.max_tokens, chat.sampling.temperature, chat.sampling.top_p) == (5, 0.5, 0.5)
    assert (chat.tools[0].name, chat.tool_choice, chat.strict_tools) == ("look", "look", {"look"})
    assert (chat.parallel_tool_calls, chat.token_probabilities, chat.alternatives) == (False, True, 2)
    assert '"n"' in chat.constraint.text
    assert chat.is_streamed


def test_items_become_messages(fake, data_url):
    """Calls in a row are one message of the assistant, their results follow it, thoughts are left out."""
    picture = {"type": "input_image", "image_url": data_url(3), "detail": "auto"}
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "Look."}, picture]},
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "I do.", "annotations": []}],
        },
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": '{"row": 1}'},
        {"type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "5"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "6"}]},
    ]
    backend = fake("Fine.")
    ChatAdapter(backend).respond({"model": "m", "input": items})
    user, assistant, first, second = backend.asks[0].messages
    assert (user.text, len(user.pictures)) == ("Look.", 1)
    assert (assistant.text, [call.id for call in assistant.tool_calls]) == ("I do.", ["c1", "c2"])
    assert [(each.role, each.tool_call_id, each.text) for each in (first, second)] == [
        ("tool", "c1", "5"),
        ("tool", "c2", "6"),
    ]


def test_a_text_behind_calls_belongs_to_them(fake):
    """As models write it, and as clients send it back: the results follow both."""
    items = [
        {"role": "user", "content": "Look."},
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I do."}]},
        {"type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "5"},
        {"type": "function_call_output", "call_id": "c2", "output": "6"},
        {"role": "assistant", "content": "It is 5."},
        {"role": "user", "content": "And 6?"},
    ]
    backend = fake("Fine.")
    ChatAdapter(backend).respond({"model": "m", "input": items})
    roles = [(message.role, message.text) for message in backend.asks[0].messages]
    assert roles[1:] == [
        ("assistant", "I do."),
        ("tool", "5"),
        ("tool", "6"),
        ("assistant", "It is 5."),
        ("user", "And 6?"),
    ]
    assert [call.id for call in backend.asks[0].messages[1].tool_calls] == ["c1", "c2"]


def called(**fields):
    return {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}", **fields}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0]"),
        ({"input": [{"role": "user", "content": [{"type": "input_file"}]}]}, "input[0].content[0].type"),
        ({"instructions": 5}, "instructions"),
        ({"input": ["Hi"]}, "input[0]"),
        ({"text": "json"}, "text"),
        ({"include": "all"}, "include"),
        (
            {"instructions": "x", "input": [{"type": "function_call_output", "call_id": "c", "output": "5"}]},
            "input[0].call_id",
        ),
        ({"input": [{"role": "user", "content": "x"}, called(), called(name=None)]}, "input[2].name"),
        ({"input": [called(), called(call_id=None)]}, "input[1].call_id"),
        ({"input": [called()]}, "input[0]"),
        ({"input": [{"role": "assistant", "content": "x", "tool_calls": 5}, called()]}, "input[0]"),
        ({"input": [called(), {"role": "assistant", "content": 5}]}, "input[0].content[0].text"),
        ({"input": "Hi", "tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tools": [{**TOOL, "name": "a b"}]}, "tools[0].name"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"text": {"format": {"type": "json_schema", "name": "n"}}}, "text.format.schema"),
        ({"temperature": 3}, "temperature"),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(fields, param):
    """The path is the one in this request, and not in the chat request that it becomes."""
    assert refusal(**fields).param == param


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_the_model_refuses_has_the_names_of_this_request(fake, streamed):
    """A prompt that is too long is about the input."""
    chat = ChatAdapter(fake(PromptTooLong("9000 tokens, and it reads 8192.")))
    if streamed:
        last = list(chat.stream_response({"model": "m", "input": "Hi"}))[-1]
        assert (last["type"], last["response"]["error"]["code"]) == ("response.failed", "invalid_prompt")
    else:
        with pytest.raises(ChatError) as found:
            chat.respond({"model": "m", "input": "Hi"})
        assert (found.value.param, found.value.code) == ("input", "context_length_exceeded")


@pytest.mark.parametrize("ask", ["respond", "stream_response"])
def test_what_the_model_cannot_do_has_the_names_of_this_request(fake, ask):
    """Found when it is made ready for the model."""
    wanted = {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}}
    with pytest.raises(ChatError) as found:
        getattr(ChatAdapter(fake("Hi", abilities=Abilities())), ask)({"model": "m", "input": "Hi", "text": wanted})
    assert (found.value.param, "text.format: " in str(found.value)) == ("text.format", True)


def test_a_body_is_an_object():
    """Other JSON is refused in words."""
    with pytest.raises(ChatError, match="JSON object"):
        read_responses_request([])
