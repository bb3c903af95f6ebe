"""Tools of models in this process: through the adapter, in the dialect."""

import json
from dataclasses import replace

import jsonschema
import pytest

from vlmkit.backends import CallMarkup
from vlmkit.chat import ChatAdapter, ChatError
from vlmkit.errors import BadSetting

PAINT = {
    "type": "object",
    "properties": {"color": {"enum": ["red", "blue"]}, "times": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["color"],
    "additionalProperties": False,
}
TOOLS = [
    {"type": "function", "function": {"name": "paint", "description": "paints", "parameters": PAINT}},
    {"type": "function", "function": {"name": "clock", "parameters": {"type": "object", "properties": {}}}},
]
CALL = '<tool_call>\n{"name": "paint", "arguments": {"color": "red"}}\n</tool_call>'


def merged(chunks):
    """Text, reasoning, calls and finish reason of the chunks of one choice."""
    text, reasoning, calls, finish = "", "", {}, None
    for chunk in chunks:
        for choice in chunk["choices"]:
            delta = choice["delta"]
            text += delta.get("content") or ""
            reasoning += delta.get("reasoning_content") or ""
            for call in delta.get("tool_calls", ()):
                known = calls.setdefault(call["index"], {"name": "", "arguments": ""})
                known["name"] += call["function"].get("name") or ""
                known["arguments"] += call["function"].get("arguments") or ""
            finish = choice["finish_reason"] or finish
    return text, reasoning, list(calls.values()), finish


@pytest.fixture
def writing(fake):
    """A model in this process that writes what it is told, in a style."""

    def build(*replies, style="hermes", **markup):
        backend = fake(list(replies))
        backend.info = replace(backend.info, call_markup=CallMarkup(style=style, **markup))
        return backend

    return build


@pytest.mark.core_model
def test_a_call_that_must_be_made_is_made(tiny, body):
    """By the bundled model, with arguments that fit; whole as in pieces."""
    request = body("Describe the picture.", tools=TOOLS, tool_choice="required", temperature=0)
    (choice,) = ChatAdapter(tiny).complete(request)["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in TOOLS}
    jsonschema.validate(json.loads(call["function"]["arguments"]), schemas[call["function"]["name"]])
    text, _, calls, finish = merged(ChatAdapter(tiny).stream(request))
    assert (text, finish) == ("", "tool_calls")
    assert calls == [{"name": call["function"]["name"], "arguments": call["function"]["arguments"]}]


@pytest.mark.core_model
def test_a_named_tool_is_called(tiny, body):
    """The finish reason is then that of the dialect, which is no call."""
    named = {"type": "function", "function": {"name": "clock"}}
    (choice,) = ChatAdapter(tiny).complete(body(tools=TOOLS, tool_choice=named))["choices"]
    assert [call["function"] for call in choice["message"]["tool_calls"]] == [{"name": "clock", "arguments": "{}"}]
    assert choice["finish_reason"] == "stop"


@pytest.mark.core_model
def test_a_model_that_decides(tiny, body, data_url):
    """It calls or answers; an answer is text, and never the call that stands for it."""
    picture = {"type": "image_url", "image_url": {"url": data_url()}}
    for question in ("What is the background?", "Paint it red with a tool.", "How many are in stock?"):
        content = [picture, {"type": "text", "text": question}]
        (choice,) = ChatAdapter(tiny).complete(body(content, tools=TOOLS, temperature=0))["choices"]
        message = choice["message"]
        assert bool(message.get("tool_calls")) is (choice["finish_reason"] == "tool_calls")
        assert not (message["content"] or "").startswith('{"name": ')  # of a tool that there is not


def test_a_person_may_say_how_a_model_writes_calls(writing, body):
    """Where its chat template does not show it, or shows something else."""
    asked = body(tools=TOOLS)
    backend = writing(CALL, CALL, style="plain")
    assert ChatAdapter(backend).complete(asked)["choices"][0]["message"].get("tool_calls") is None
    message = ChatAdapter(backend, call_style="hermes").complete(asked)["choices"][0]["message"]
    assert [call["function"]["name"] for call in message["tool_calls"]] == ["paint"]
    with pytest.raises(BadSetting, match="unknown style 'hermetic'"):
        ChatAdapter(backend, call_style="hermetic")


def test_text_reasoning_and_calls(writing, body):
    """Each in its place, with the marks that the model wrote around them gone, and kept on their way here."""
    backend = writing(f"<think>Red, then.</think>\n\nI paint. {CALL}")
    (choice,) = ChatAdapter(backend).complete(body(tools=TOOLS))["choices"]
    message = choice["message"]
    assert (message["content"], message["reasoning_content"]) == ("I paint. ", "Red, then.")
    assert message["tool_calls"][0]["function"] == {"name": "paint", "arguments": '{"color": "red"}'}
    (ask,) = backend.asks
    assert ask.keep_special_tokens
    assert ask.constraint.kind == "grammar"


def test_without_tools_marks_are_text(writing, body):
    """Where no tool may be called, and reasoning is split off all the same."""
    backend = writing(f"<think>x</think>{CALL}", CALL)
    adapter = ChatAdapter(backend)
    assert adapter.complete(body())["choices"][0]["message"]["content"] == CALL
    assert adapter.complete(body(tools=TOOLS, tool_choice="none"))["choices"][0]["message"]["content"] == CALL
    assert not any(ask.keep_special_tokens or ask.constraint for ask in backend.asks)


def test_only_one_call(writing, body):
    """Where several are not allowed, the answer has the first."""
    backend = writing(CALL + CALL)
    (choice,) = ChatAdapter(backend).complete(body(tools=TOOLS, parallel_tool_calls=False))["choices"]
    assert len(choice["message"]["tool_calls"]) == 1
    assert choice["finish_reason"] == "tool_calls"


def test_a_prompt_that_begins_reasoning(writing, body):
    """The answer begins inside, unless a schema holds all of it."""
    schema = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}}
    backend = writing("So.</think>Two.", '{"n": 2}', begins_with_reasoning=True)
    adapter = ChatAdapter(backend)
    message = adapter.complete(body())["choices"][0]["message"]
    assert (message["content"], message["reasoning_content"]) == ("Two.", "So.")
    assert adapter.complete(body(response_format=schema))["choices"][0]["message"]["content"] == '{"n": 2}'


@pytest.mark.core_model
def test_a_schema_that_cannot_be_enforced(tiny, body):
    """Of a strict tool it is an error; of another one the call is asked for, and what comes is read."""
    odd = {"type": "object", "properties": {"x": {"type": "string", "format": "no-such-format", "pattern": "(?=a)"}}}
    function = {"name": "odd", "parameters": odd}
    with pytest.raises(ChatError) as found:
        ChatAdapter(tiny).complete(
            body(tools=[{"type": "function", "function": {**function, "strict": True}}], tool_choice="required")
        )
    assert (found.value.status, found.value.param, found.value.code) == (400, "tools", "invalid_schema")
    loose = body(tools=[{"type": "function", "function": function}], tool_choice="required", max_tokens=20)
    assert ChatAdapter(tiny).complete(loose)["choices"][0]["finish_reason"] in {"tool_calls", "stop", "length"}


@pytest.mark.core_model
def test_a_strict_tool_is_held_to_its_schema_whoever_decides(tiny, body):
    """The bundled model calls where it decides, too; also a tool whose schema refers to a definition of its own."""
    schema = {"$defs": {"Paint": PAINT}, "$ref": "#/$defs/Paint"}
    tool = {"type": "function", "function": {"name": "paint", "parameters": schema, "strict": True}}
    for choice in ("auto", "required"):
        for seed in range(4):
            asked = body("Paint it.", tools=[tool], tool_choice=choice, temperature=2, seed=seed, max_tokens=200)
            message = ChatAdapter(tiny).complete(asked)["choices"][0]["message"]
            calls = message.get("tool_calls", ())
            assert calls or choice == "auto"
            for call in calls:
                jsonschema.validate(json.loads(call["function"]["arguments"]), PAINT)
