"""How answers end: by what reason, with a second ask where a call was due, and by whoever gives up."""

import json
from dataclasses import replace

import pytest
from scripted_server import ScriptedServer, chat, deltas, sse

import vlmkit as vk
from vlmkit.backends import Abilities, CallMarkup
from vlmkit.chat import ChatAdapter, ChatError
from vlmkit.records import Message, ToolCall

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
NAMED = {"type": "function", "function": {"name": "look"}}
COUNT = {
    "type": "function",
    "function": {
        "name": "count",
        "description": "counts shapes",
        "parameters": {"type": "object", "properties": {"shape": {"type": "string"}}, "required": ["shape"]},
    },
}
N = {"n": {"type": "integer", "minimum": 0, "maximum": 9}}
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


@pytest.mark.core_model
@pytest.mark.parametrize("tool_choice", ["required", {"type": "function", "function": {"name": "count"}}])
def test_the_bundled_model_calls_what_it_must(tiny, body, tool_choice):
    """A grammar keeps it to the tool and to the schema of its arguments, whole and streamed."""
    request = body("How many circles?", tools=[COUNT], tool_choice=tool_choice, temperature=0)
    adapter = ChatAdapter(tiny)
    answer = adapter.complete(request)
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert (call["function"]["name"], answer["choices"][0]["message"]["content"]) == ("count", None)
    assert set(json.loads(call["function"]["arguments"])) == {"shape"}
    deltas = [choice["delta"] for chunk in adapter.stream(request) for choice in chunk["choices"]]
    pieces = [each["function"]["arguments"] for delta in deltas for each in delta.get("tool_calls", ())]
    assert "".join(pieces) == call["function"]["arguments"]
    assert answer["usage"]["prompt_tokens"] > 0


@pytest.mark.core_model
def test_the_bundled_model_may_call_or_answer_in_json(tiny, body):
    """Where it makes no call, it is asked once more, for an answer by the schema."""
    wanted = {"type": "json_schema", "json_schema": {"schema": {"type": "object", "required": ["n"], "properties": N}}}
    found = choice(tiny, body("How many circles?", tools=[COUNT], response_format=wanted, temperature=0, max_tokens=60))
    assert found["message"].get("tool_calls") or "n" in json.loads(found["message"]["content"])


@pytest.mark.core_model
def test_a_schema_that_cannot_be_enforced_is_refused_only_where_it_is_strict(tiny, body):
    """Others are read out of the answer as they come."""
    odd = {"type": "object", "properties": {"shape": {"type": "string", "format": "nonsense"}}}
    loose = {"type": "function", "function": {"name": "count", "parameters": odd}}
    strict = {"type": "function", "function": {**loose["function"], "strict": True}}
    assert choice(tiny, body(tools=[loose], tool_choice="required", max_tokens=9))["finish_reason"]
    with pytest.raises(ChatError) as found:
        choice(tiny, body(tools=[strict], tool_choice="required"))
    assert (found.value.status, found.value.param, found.value.code) == (400, "tools", "invalid_schema")


def written(fake, text, style="hermes"):
    """A scripted model that writes its calls into the text, as those in this process do."""
    backend = fake(text, abilities=Abilities(tools=True))
    backend.info = replace(backend.info, call_markup=CallMarkup(style=style))
    return backend


def test_calls_in_the_text_are_read_out_of_it(fake, body):
    """Thoughts, text and calls are told apart."""
    text = '<think>Hm.</think>Let me see.\n<tool_call>{"name": "look", "arguments": {"row": 1}}</tool_call>'
    found = choice(written(fake, text), body(tools=[TOOL]))
    assert found["message"]["reasoning_content"] == "Hm."
    assert found["message"]["content"].strip() == "Let me see."
    assert json.loads(found["message"]["tool_calls"][0]["function"]["arguments"]) == {"row": 1}
    assert found["finish_reason"] == "tool_calls"


def test_calls_in_the_text_are_text_where_none_is_wanted(fake, body):
    """No tools, or the choice of none: nothing is taken out of the answer."""
    text = '<tool_call>{"name": "look", "arguments": {}}</tool_call>'
    for fields in ({}, {"tools": [TOOL], "tool_choice": "none"}):
        found = choice(written(fake, text), body(**fields))
        assert (found["message"]["content"], found["finish_reason"]) == (text, "stop")


def test_an_answer_is_cut_behind_the_only_call_that_is_allowed(fake, body):
    """What the model would go on to write is not waited for."""
    call = '<tool_call>{"name": "look", "arguments": {}}</tool_call>'
    answer = ChatAdapter(written(fake, f"{call} and {call} and more")).complete(
        body(tools=[TOOL], parallel_tool_calls=False)
    )
    assert len(answer["choices"][0]["message"]["tool_calls"]) == 1
    assert answer["choices"][0]["finish_reason"] == "tool_calls"
    assert answer["usage"]["completion_tokens"] > 0
