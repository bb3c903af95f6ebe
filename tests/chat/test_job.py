"""How answers end: by what reason, with a second ask where a call was due, and by whoever gives up."""

import pytest
from scripted_server import ScriptedServer, chat, deltas, sse

import vlmkit as vk
from vlmkit.chat import ChatAdapter, ChatError
from vlmkit.records import Message, ToolCall

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
NAMED = {"type": "function", "function": {"name": "look"}}
CALL = Message.assistant("", [ToolCall(id="c1", name="look", arguments='{"row": 1}')])


def choice(backend, fields):
    return ChatAdapter(backend).complete(fields)["choices"][0]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("stop", "stop"),
        ("end_turn", "stop"),
        ("length", "length"),
        ("max_tokens", "length"),
        ("content_filter", "content_filter"),
        ("tool_calls", "stop"),  # agents would look for calls that are not there
        ("function_call", "stop"),
    ],
)
def test_reasons_of_servers_are_put_in_the_words_of_the_dialect(body, said, reason):
    """Clients know five words, and break over any other."""
    with (
        ScriptedServer([sse(*deltas("a", " b", finish_reason=said))]) as server,
        vk.load(f"openai:m@{server.url}") as backend,
    ):
        assert choice(backend, body())["finish_reason"] == reason


def test_an_answer_that_something_broke_is_no_answer(body):
    """A reason that nobody knows is an error, and clients ask again."""
    with (
        ScriptedServer([sse(*deltas("a", finish_reason="abort"))]) as server,
        vk.load(f"openai:m@{server.url}") as backend,
        pytest.raises(ChatError, match="'abort'") as found,
    ):
        choice(backend, body())
    assert found.value.status == 503


def test_calls_of_a_server_are_passed_on(body):
    """A real server's calls come out as its clients know them."""
    call = {"id": "c9", "type": "function", "function": {"name": "look", "arguments": '{"row": 3}'}}
    parts = [
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, **call}]}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    ]
    with ScriptedServer([sse(*parts), chat()]) as server, vk.load(f"openai:m@{server.url}") as backend:
        found = choice(backend, body(tools=[TOOL]))
        sent = server.requests[0].json
    assert found["message"]["tool_calls"] == [call]
    assert (found["finish_reason"], sent["tools"][0]["function"]["name"]) == ("tool_calls", "look")


@pytest.mark.parametrize(
    ("tool_choice", "reason"), [("auto", "tool_calls"), ("required", "tool_calls"), (NAMED, "stop")]
)
def test_a_named_call_ends_by_stop(fake, body, tool_choice, reason):
    """As OpenAI does it."""
    found = choice(fake(CALL), body(tools=[TOOL], tool_choice=tool_choice))
    assert (len(found["message"]["tool_calls"]), found["finish_reason"]) == (1, reason)


def test_a_call_that_was_due_is_asked_for_once_more(fake, body):
    """The text of the first answer is dropped, and its tokens are counted."""
    backend = fake(["I would rather not.", CALL])
    answer = ChatAdapter(backend).complete(body(tools=[TOOL], tool_choice="required"))
    assert answer["choices"][0]["message"]["content"] is None
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    assert answer["usage"]["completion_tokens"] == 4
    assert "one of the tools" in backend.asks[1].messages[-1].text


def test_a_model_that_never_calls_answers_in_the_end(fake, body):
    """It is asked twice and not more; the reason does not promise a call."""
    backend = fake(["No.", "No!"])
    found = choice(backend, body(tools=[TOOL], tool_choice=NAMED))
    assert (found["message"]["content"], found["finish_reason"], len(backend.asks)) == ("No!", "stop", 2)


def test_without_parallel_calls_there_is_one(fake, body):
    """Some servers take no notice of it, so the rest is left out here."""
    twice = Message.assistant("", [ToolCall(id="c1", name="look"), ToolCall(id="c2", name="look")])
    found = choice(fake(twice), body(tools=[TOOL], parallel_tool_calls=False))
    assert [call["id"] for call in found["message"]["tool_calls"]] == ["c1"]


@pytest.mark.core_model
def test_the_bundled_model_stops_where_it_is_told(tiny, body):
    """Tokens are limited by either name, and a stop text is not part of the answer."""
    whole = choice(tiny, body("Describe the picture.", temperature=0, max_tokens=12))["message"]["content"]
    short = choice(tiny, body("Describe the picture.", temperature=0, max_completion_tokens=2))
    assert short["finish_reason"] == "length"
    assert whole.startswith(short["message"]["content"])
    word = whole.split()[1]
    stopped = choice(tiny, body("Describe the picture.", temperature=0, max_tokens=12, stop=[word]))
    assert (stopped["message"]["content"], stopped["finish_reason"]) == (whole.partition(word)[0], "stop")


@pytest.mark.core_model
def test_a_prompt_beyond_the_context_has_its_code(tiny, body):
    """Programs read it and shorten the conversation."""
    with pytest.raises(ChatError) as found:
        choice(tiny, body("word " * 3000))
    assert (found.value.status, found.value.code) == (400, "context_length_exceeded")
