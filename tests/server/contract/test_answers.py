"""OpenAI's contract, line by line: lengths, stops, choices, probabilities, schemas and calls."""

import json
import math

import jsonschema
import pytest
from openai_contract import FORMAT, NAMED, SCHEMA, SEEN, TOOLS, Color, text_of

pytestmark = pytest.mark.core_model


@pytest.mark.parametrize(
    "fields",
    [{"max_completion_tokens": 2}, {"max_tokens": 2}, {"max_completion_tokens": 2, "max_tokens": 9}],
    ids=["max_completion_tokens", "max_tokens", "the-first-wins"],
)
def test_an_answer_is_as_long_as_was_asked(sdk, fields):
    """Then its finish reason is length."""
    answer = sdk.chat.completions.create(model="tiny", messages=SEEN, temperature=0, **fields)
    assert (answer.usage.completion_tokens, answer.choices[0].finish_reason) == (2, "length")


def test_an_answer_whose_length_is_not_said_is_as_long_as_the_server_allows(sdk):
    """A list of a hundred numbers has to be longer than that."""
    numbers = {"type": "array", "items": {"type": "integer"}, "minItems": 100}
    schema = {"type": "object", "properties": {"numbers": numbers}, "required": ["numbers"]}
    wanted = {"type": "json_schema", "json_schema": {"name": "numbers", "schema": schema}}
    answer = sdk.chat.completions.create(model="tiny", messages=SEEN, temperature=0, response_format=wanted)
    assert (answer.usage.completion_tokens, answer.choices[0].finish_reason) == (64, "length")


def test_a_schema_may_refer_to_itself(ask):
    """In an answer, and in the arguments of a tool."""
    node = {
        "type": "object",
        "properties": {"value": {"type": "integer"}, "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]}},
        "required": ["value", "next"],
        "additionalProperties": False,
    }
    schema = {"$defs": {"Node": node}, "$ref": "#/$defs/Node"}
    wanted = {"type": "json_schema", "json_schema": {"name": "node", "schema": schema, "strict": True}}
    jsonschema.validate(json.loads(text_of(ask(response_format=wanted, max_completion_tokens=300))), schema)
    tool = {"type": "function", "function": {"name": "link", "parameters": schema, "strict": True}}
    (answer,) = ask(tools=[tool], tool_choice="required", max_completion_tokens=300).choices
    jsonschema.validate(json.loads(answer.message.tool_calls[0].function.arguments), schema)


@pytest.mark.parametrize("as_list", [False, True], ids=["string", "list"])
def test_a_stop_text_ends_the_answer_and_is_in_no_part_of_it(ask, stream, as_list):
    """Neither whole nor streamed."""
    words = text_of(ask()).split()
    stop = ["never written", words[2]] if as_list else words[2]
    answer = ask(stop=stop)
    chunks = stream(stop=stop)
    assert answer.choices[0].finish_reason == chunks[-1].choices[0].finish_reason == "stop"
    assert text_of(answer) == "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert words[2] not in text_of(answer)
    assert text_of(answer).split() == words[:2]


def test_several_choices_are_as_many_answers_with_seeds_one_after_another(ask, stream):
    """Whole and streamed; with temperature 0 they are the same."""
    answer = ask(n=3, temperature=1.5, seed=7)
    texts = [text_of(answer, number) for number in range(3)]
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert texts == [text_of(ask(temperature=1.5, seed=7 + number)) for number in range(3)]
    assert len(set(texts)) > 1
    streamed = ["", "", ""]
    for chunk in stream(n=3, temperature=1.5, seed=7):
        for choice in chunk.choices:
            streamed[choice.index] += choice.delta.content or ""
    assert streamed == texts
    same = ask(n=2, max_completion_tokens=3)
    assert text_of(same, 0) == text_of(same, 1)


def test_sampling_is_as_asked(ask):
    """A seed repeats an answer; one token to choose from is the likeliest; penalties and rewards change it."""
    likeliest = text_of(ask())
    assert text_of(ask(temperature=2, seed=3)) == text_of(ask(temperature=2, seed=3))
    assert text_of(ask(temperature=2, extra_body={"top_k": 1})) == likeliest
    assert text_of(ask(temperature=2, top_p=0)) == likeliest
    for penalty in ({"repetition_penalty": 0.1}, {"frequency_penalty": 2}, {"presence_penalty": -2}):
        assert text_of(ask(temperature=2, seed=3, extra_body=penalty)) != text_of(ask(temperature=2, seed=3))


@pytest.mark.parametrize("most", [0, 1, 5])
def test_probabilities_of_tokens_with_the_likeliest_ones(ask, stream, most):
    """Logarithms, bytes, and the chosen token among the others in order."""
    logprobs = ask(logprobs=True, top_logprobs=most, max_completion_tokens=4).choices[0].logprobs
    answer = ask(max_completion_tokens=4)
    assert b"".join(bytes(token.bytes) for token in logprobs.content).decode() == text_of(answer)
    for token in logprobs.content:
        assert token.logprob <= 0
        found = [each.logprob for each in token.top_logprobs]
        assert len(found) == most
        assert found == sorted(found, reverse=True)
        assert not found or math.isclose(found[0], token.logprob)  # at temperature 0 the likeliest is chosen
    chunks = stream(logprobs=True, top_logprobs=most, max_completion_tokens=4)
    pieces = [choice for chunk in chunks for choice in chunk.choices if choice.logprobs]
    assert all("".join(token.token for token in piece.logprobs.content) == piece.delta.content for piece in pieces)
    streamed = [token for piece in pieces for token in piece.logprobs.content]
    assert [token.token for token in streamed] == [token.token for token in logprobs.content]


def test_an_answer_keeps_to_its_schema(sdk, ask, stream):
    """Also by the client's own helper, and where any object will do."""
    long = {"max_completion_tokens": 200}
    jsonschema.validate(json.loads(text_of(ask(response_format=FORMAT, **long))), SCHEMA)
    chunks = stream(response_format=FORMAT, **long)
    jsonschema.validate(json.loads("".join(chunk.choices[0].delta.content or "" for chunk in chunks)), SCHEMA)
    parsed = sdk.chat.completions.parse(model="tiny", messages=SEEN, response_format=Color, temperature=0)
    assert isinstance(parsed.choices[0].message.parsed, Color)
    object_format = {"type": "json_object"}
    answer = ask(response_format=object_format, **long)
    if answer.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(text_of(answer)), dict)
    assert text_of(answer).lstrip().startswith("{")


@pytest.mark.parametrize(("choice", "finish"), [("required", "tool_calls"), (NAMED, "stop")], ids=["required", "named"])
def test_a_call_that_must_be_made_is_one_that_can_be_read(ask, stream, choice, finish):
    """Whole and streamed alike, with arguments that fit."""
    fields = {"tools": TOOLS, "tool_choice": choice, "max_completion_tokens": 200}
    (answer,) = ask(**fields).choices
    (call, *_) = answer.message.tool_calls
    schemas = {tool["function"]["name"]: tool["function"]["parameters"] for tool in TOOLS}
    jsonschema.validate(json.loads(call.function.arguments), schemas[call.function.name])
    assert (answer.finish_reason, answer.message.content, call.type) == (finish, None, "function")
    assert choice == "required" or call.function.name == "paint"
    chunks = stream(**fields)
    deltas = [each for chunk in chunks for each in chunk.choices[0].delta.tool_calls or ()]
    first = [delta for delta in deltas if delta.index == 0]
    assert (first[0].function.name, first[0].type, bool(first[0].id)) == (call.function.name, "function", True)
    assert all(delta.id is None for delta in first[1:])
    assert "".join(delta.function.arguments for delta in first) == call.function.arguments
    assert chunks[-1].choices[0].finish_reason == finish


def test_tools_may_be_left_alone_and_calls_be_single(ask):
    """With none there are no calls, with parallel false at most one, and no reason without its call."""
    assert ask(tools=TOOLS, tool_choice="none").choices[0].message.tool_calls is None
    single = {"tool_choice": "required", "parallel_tool_calls": False, "max_completion_tokens": 200}
    (answer,) = ask(tools=TOOLS, **single).choices
    assert len(answer.message.tool_calls) == 1
    (answer,) = ask(tools=TOOLS, tool_choice="auto", max_completion_tokens=60).choices
    assert (answer.finish_reason == "tool_calls") is bool(answer.message.tool_calls)
    only = {"mode": "required", "tools": [{"type": "function", "function": {"name": "clock"}}]}
    (answer,) = ask(tools=TOOLS, tool_choice={"type": "allowed_tools", "allowed_tools": only}).choices
    assert {call.function.name for call in answer.message.tool_calls} == {"clock"}
