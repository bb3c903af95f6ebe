"""OpenAI's contract, line by line: its own Python client against a real server and the bundled model."""

import asyncio
import base64
import functools
import io
import json
import math
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import jsonschema
import openai
import pytest
from chat_clients import until
from dripping import Dripping
from openai import AsyncOpenAI, OpenAI
from openai.types import Model
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from PIL import Image
from pydantic import BaseModel, TypeAdapter

import vlmkit as vk
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import RateLimited, Refused, ServerFault

pytestmark = pytest.mark.core_model

SCHEMA = {
    "type": "object",
    "properties": {"color": {"enum": ["red", "blue"]}, "times": {"type": "integer", "minimum": 0, "maximum": 9}},
    "required": ["color", "times"],
    "additionalProperties": False,
}
NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}
TOOLS = [
    {"type": "function", "function": {"name": "paint", "description": "Paints it.", "parameters": SCHEMA}},
    {"type": "function", "function": {"name": "clock", "parameters": NOTHING}},
]
FLAT_TOOLS = [{"type": "function", "strict": True, **TOOLS[0]["function"]}]
FORMAT = {"type": "json_schema", "json_schema": {"name": "color", "schema": SCHEMA}}
NAMED = {"type": "function", "function": {"name": "paint"}}
SPACED = "mlx:org/name b"


class Color(BaseModel):
    """What an answer shall be."""

    color: str
    times: int


def picture_url(color="teal", size=(48, 32)):
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def image_part(color="teal"):
    return {"type": "image_url", "image_url": {"url": picture_url(color), "detail": "low"}}


def user(*parts):
    return [{"role": "user", "content": list(parts) or "Describe the picture."}]


def text_part(text="Describe the picture."):
    return {"type": "text", "text": text}


SEEN = user(text_part(), image_part())


@pytest.fixture(scope="module")
def slow():
    """A backend that writes one answer at a time, slowly."""
    return Dripping(words=2000, slots=1)


@pytest.fixture(scope="module")
def address(slow):
    """Where the server is; all its models can be loaded at once."""
    models = {"tiny": "tiny", SPACED: "fake:echo", "slow": slow}
    server = vk.serve(models, max_loaded=3, largest_request_bytes=2**20, max_answer_tokens=64)
    try:
        yield server.url
    finally:
        server.stop()


@pytest.fixture(scope="module")
def sdk(address):
    """The client as its users have it, but for its own second tries."""
    with OpenAI(base_url=address, api_key="none", max_retries=0, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def ask(sdk):
    """One whole answer of the bundled model, which the client's own class takes without any leniency."""

    def asked(messages=None, **fields):
        given = {"model": "tiny", "temperature": 0, "max_completion_tokens": 12, **fields}
        raw = sdk.chat.completions.with_raw_response.create(messages=messages or SEEN, **given)
        return ChatCompletion.model_validate_json(raw.content, strict=True)

    return asked


@pytest.fixture(scope="module")
def stream(sdk):
    """All chunks of one streamed answer."""

    def asked(messages=None, **fields):
        given = {"model": "tiny", "temperature": 0, "max_completion_tokens": 12, "stream": True, **fields}
        with sdk.chat.completions.create(messages=messages or SEEN, **given) as chunks:
            found = list(chunks)
        for chunk in found:
            ChatCompletionChunk.model_validate_json(chunk.model_dump_json(), strict=True)
        return found

    return asked


def refused(call, kind=openai.BadRequestError):
    """The error that a call of the client ends with, all four keys of which are there."""
    with pytest.raises(kind) as caught:
        call()
    error = caught.value
    assert {"message", "type", "param", "code"} <= error.body.keys()
    assert isinstance(error.code, str | None)
    assert error.response.headers["x-request-id"]
    return error


def text_of(answer, number=0):
    return answer.choices[number].message.content


# Fields of a request: served, ignored or refused by name.


def test_an_answer_has_everything_that_the_client_knows(ask):
    """The model's name is the one that was asked for."""
    answer = ask()
    (choice,) = answer.choices
    assert answer.id.startswith("chatcmpl-")
    assert (answer.object, answer.model) == ("chat.completion", "tiny")
    assert abs(answer.created - time.time()) < 600
    assert (choice.index, choice.message.role, choice.message.refusal, choice.logprobs) == (0, "assistant", None, None)
    assert choice.message.content
    assert choice.message.tool_calls is None
    assert choice.finish_reason in {"stop", "length"}
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens > usage.prompt_tokens > 0
    assert answer.system_fingerprint.startswith("vlmkit-")


@pytest.mark.parametrize(
    "messages",
    [
        pytest.param([{"role": "system", "content": "Be brief."}, *user()], id="system"),
        pytest.param([{"role": "developer", "content": [text_part("Be brief.")]}, *user()], id="developer"),
        pytest.param([*SEEN, {"role": "assistant", "content": "A circle."}, *user()], id="assistant"),
        pytest.param([*user(), {"role": "assistant", "content": None, "refusal": "No."}, *user()], id="refusal"),
        pytest.param(
            [
                *user(),
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "a", "type": "function", "function": {"name": "clock", "arguments": "{}"}}],
                },
                {"role": "tool", "tool_call_id": "a", "content": "noon"},
            ],
            id="tool",
        ),
        pytest.param(
            [
                *user(),
                {"role": "assistant", "content": None, "function_call": {"name": "clock", "arguments": "{}"}},
                {"role": "function", "name": "clock", "content": "noon"},
            ],
            id="function",
        ),
        pytest.param(user(image_part("red"), text_part(), image_part("blue")), id="pictures-anywhere"),
        pytest.param(user({"type": "image_url", "image_url": picture_url()}, text_part()), id="picture-as-a-string"),
        pytest.param(user({"type": "refusal", "refusal": "No."}, text_part()), id="refusal-part"),
        pytest.param(user(image_part()), id="picture-alone"),
        pytest.param(user(text_part(" "), image_part()), id="picture-and-a-blank"),
        pytest.param([{"role": "user", "content": None}, *user()], id="null"),
    ],
)
def test_messages_of_every_role_and_form_are_answered(ask, messages):
    """Contents are a text, parts or null."""
    assert ask(messages, max_completion_tokens=2).choices[0].message.content


@pytest.mark.parametrize(
    "fields",
    [
        {"store": True},
        {"metadata": {"a": "b"}},
        {"user": "me"},
        {"service_tier": "auto"},
        {"prompt_cache_key": "a"},
        {"safety_identifier": "a"},
        {"reasoning_effort": "low"},
        {"verbosity": "low"},
        {"modalities": ["text"]},
        {"prediction": {"type": "content", "content": "a"}},
        {"frequency_penalty": 0, "presence_penalty": 0, "logit_bias": {}},
        {"keep_alive": "5m", "ttl": 5, "num_ctx": 4096},
        {"top_k": -1, "repetition_penalty": 1.0, "min_p": 0},
        {"n": None, "stop": None, "seed": None, "tools": None, "logprobs": None, "response_format": None},
        {"response_format": {"type": "text"}},
        {"never_heard_of": {"a": [1]}},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_is_not_about_the_answer_does_not_change_it(ask, fields):
    """Clients send such fields always."""
    assert text_of(ask(max_completion_tokens=6, extra_body=fields)) == text_of(ask(max_completion_tokens=6))


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"messages": []}, "messages", None),
        ({"messages": [{"role": "nobody", "content": "a"}]}, "messages[0].role", None),
        ({"messages": [{"role": "user"}]}, "messages[0].content", None),
        ({"messages": user(text_part(), {"type": "input_audio", "input_audio": {}})}, "messages[0].content[1]", None),
        ({"messages": user(text_part(), {"type": "file", "file": {}})}, "messages[0].content[1]", None),
        ({"messages": user(text_part(), {"type": "video"})}, "messages[0].content[1]", None),
        ({"messages": user({"type": "image_url", "image_url": {}})}, "messages[0].content[0].image_url.url", None),
        ({"max_completion_tokens": 0}, "max_completion_tokens", None),
        ({"max_tokens": 0}, "max_tokens", None),
        ({"max_tokens": "5"}, "max_tokens", None),
        ({"temperature": 5}, "temperature", None),
        ({"top_p": 2}, "top_p", None),
        ({"n": 0}, "n", None),
        ({"n": 9}, "n", None),
        ({"stop": ["a"] * 17}, "stop", None),
        ({"seed": 1.5}, "seed", None),
        ({"frequency_penalty": 3}, "frequency_penalty", None),
        ({"presence_penalty": -3}, "presence_penalty", None),
        ({"logit_bias": {"5": 10}}, "logit_bias", "unsupported_parameter"),
        ({"min_p": 0.2}, "min_p", "unsupported_parameter"),
        ({"modalities": ["text", "audio"]}, "modalities", "unsupported_parameter"),
        ({"audio": {"voice": "alloy", "format": "wav"}}, "audio", "unsupported_parameter"),
        ({"functions": [{"name": "a"}]}, "functions", "unsupported_parameter"),
        ({"function_call": "auto"}, "function_call", "unsupported_parameter"),
        ({"web_search_options": {}}, "web_search_options", "unsupported_parameter"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", None),
        ({"top_logprobs": 2}, "top_logprobs", None),
        ({"response_format": {"type": "xml"}}, "response_format.type", None),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema", "invalid_schema"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "none"}}}},
            "response_format",
            "invalid_schema",
        ),
        ({"tools": [{"type": "custom", "custom": {"name": "a"}}]}, "tools[0].type", None),
        ({"tools": [TOOLS[0], TOOLS[0]]}, "tools", None),
        ({"tools": [{"type": "function", "function": {"name": "auto"}}]}, "tools[0].function.name", None),
        (
            {"tools": [{"type": "function", "function": {"name": "a", "parameters": {"type": "array"}}}]},
            "tools[0].function.parameters",
            "invalid_function_parameters",
        ),
        ({"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "none"}}}, "tool_choice", None),
        ({"tool_choice": "required"}, "tool_choice", None),
        ({"tools": TOOLS, "tool_choice": "always"}, "tool_choice", None),
        ({"stream_options": 5}, "stream_options", None),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_what_cannot_be_served_is_a_400_that_names_the_field(sdk, fields, param, code, streamed):
    """Nothing is left out silently; a stream is refused before it begins."""
    body = {"messages": SEEN, **fields}
    messages = body.pop("messages")
    create = sdk.chat.completions.create
    error = refused(lambda: create(model="tiny", messages=messages, stream=streamed, extra_body=body))
    assert error.param.startswith(param)
    assert (error.type, error.code) == ("invalid_request_error", code)
    assert error.body["message"]


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
    streamed = [token for chunk in chunks for choice in chunk.choices for token in (choice.logprobs or EMPTY).content]
    assert [token.token for token in streamed] == [token.token for token in logprobs.content]


class EMPTY:
    """What stands in for no probabilities."""

    content = ()


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


# Streams.


@pytest.mark.parametrize("with_usage", [False, True], ids=["plain", "include_usage"])
def test_chunks_come_in_the_order_that_all_clients_take(ask, stream, with_usage):
    """Role, pieces without role, an empty one with the reason, and the usage where it was asked for."""
    chunks = stream(stream_options={"include_usage": with_usage})
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1
    if with_usage:
        last = chunks.pop()
        assert (last.choices, last.usage) == ([], ask().usage)
    assert all(chunk.usage is None for chunk in chunks)
    deltas = [chunk.choices[0].delta.model_dump(exclude_unset=True) for chunk in chunks]
    assert deltas[0] == {"role": "assistant", "content": ""}
    assert not any("role" in delta for delta in deltas[1:])
    assert deltas[-1] == {}
    assert [bool(chunk.choices[0].finish_reason) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert "".join(delta.get("content", "") for delta in deltas) == text_of(ask())


def test_a_stream_is_lines_of_data_and_nothing_else(address):
    """No comments, ids, names or times to try again: each breaks some client."""
    body = {"model": "tiny", "messages": SEEN, "stream": True, "max_tokens": 3}
    received = httpx.post(f"{address}/chat/completions", json=body, timeout=60)
    lines = received.text.split("\n\n")
    assert received.headers["content-type"].startswith("text/event-stream")
    assert (lines[-2], lines[-1]) == ("data: [DONE]", "")
    assert all(line.startswith("data: {") and "\n" not in line for line in lines[:-2])


def test_the_clients_own_reader_of_streams_makes_the_whole_answer(sdk, ask):
    """A text, and a call."""
    given = {"model": "tiny", "messages": SEEN, "temperature": 0}
    with sdk.chat.completions.stream(**given) as events:
        final = events.get_final_completion()
    assert text_of(final) == text_of(ask(max_completion_tokens=1024))
    with sdk.chat.completions.stream(**given, tools=TOOLS, tool_choice="required") as events:
        calls = events.get_final_completion().choices[0].message.tool_calls
    assert json.loads(calls[0].function.arguments) is not None


def test_the_clients_own_classes_are_read_from_streams(sdk):
    """As a schema for the answer, and for the arguments of a tool."""
    given = {"model": "tiny", "messages": SEEN, "temperature": 0}
    with sdk.chat.completions.stream(**given, response_format=Color) as events:
        assert isinstance(events.get_final_completion().choices[0].message.parsed, Color)
    tools = [openai.pydantic_function_tool(Color)]
    with sdk.chat.completions.stream(**given, tools=tools, tool_choice="required") as events:
        (call, *_) = events.get_final_completion().choices[0].message.tool_calls
    assert isinstance(call.function.parsed_arguments, Color)


@pytest.mark.parametrize("told", [True, False], ids=["told", "not-told"])
def test_a_stream_that_waits_gets_chunks_that_may_say_why(sdk, slow, told):
    """In ordinary chunks, under two names; a client that gives up ends its answer."""
    given = {"model": "slow", "messages": user(), "stream": True, "stream_options": {"include_status": told}}
    with sdk.chat.completions.create(**given) as first:
        next(iter(first))
        until(lambda: slow.open == 1)
        with sdk.chat.completions.create(**given) as second:
            chunk = next(iter(second))
    metadata = (chunk.model_extra or {}).get("vlmkit_metadata")
    assert chunk.choices[0].delta.model_dump(exclude_unset=True) == {"role": "assistant", "content": ""}
    if told:
        assert (metadata["status"], metadata["position"], metadata["model"]) == ("queued", 1, "slow")
        assert chunk.model_extra["candle_metadata"] == metadata
    else:
        assert metadata is None
    until(lambda: slow.open == 0)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_client_that_gives_up_ends_its_answer(address, slow, streamed):
    """Whether it waits for the whole or for the next piece."""
    before = slow.written

    async def give_up():
        async with AsyncOpenAI(base_url=address, api_key="none", max_retries=0) as client:
            answering = client.chat.completions.create(model="slow", messages=user(), stream=streamed)
            task = asyncio.ensure_future(answering)
            while slow.written < before + 2:  # noqa: ASYNC110  it is written in another thread
                await asyncio.sleep(0.01)
            if task.done():
                await task.result().close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(give_up())
    until(lambda: slow.open == 0)
    assert slow.written < before + 1000


def test_sixteen_answers_at_once_are_sixteen_single_ones(ask):
    """Different pictures and lengths, whole."""
    requests = [
        (user(text_part(f"What is number {number}?"), image_part((number * 15, 80, 200 - number * 10))), 3 + number)
        for number in range(16)
    ]

    def answer(request):
        found = ask(request[0], max_completion_tokens=request[1])
        return text_of(found), found.choices[0].finish_reason, found.usage

    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(answer, requests))
    assert together == [answer(request) for request in requests]


# Errors.


@pytest.mark.parametrize(
    ("method", "path", "content", "kind", "code"),
    [
        ("GET", "/nothing", None, openai.NotFoundError, "not_found"),
        ("POST", "/completions", "{}", openai.NotFoundError, "not_found"),
        ("POST", "/embeddings", "{}", openai.NotFoundError, "not_found"),
        ("GET", "/responses/resp_1", None, openai.NotFoundError, "not_found"),
        ("GET", "/chat/completions", None, openai.APIStatusError, "method_not_allowed"),
        ("DELETE", "/models/tiny", None, openai.APIStatusError, "method_not_allowed"),
        ("POST", "/chat/completions", "{", openai.BadRequestError, "invalid_json"),
        ("POST", "/chat/completions", "[]", openai.BadRequestError, None),
        ("POST", "/chat/completions", "{}", openai.BadRequestError, None),
        ("POST", "/responses", "{", openai.BadRequestError, "invalid_json"),
        ("POST", "/responses", "{}", openai.BadRequestError, None),
        ("POST", "/chat/completions", " " * 2**21, openai.APIStatusError, "request_too_large"),
        ("POST", "/models/select", "{}", openai.BadRequestError, None),
    ],
)
def test_every_path_answers_with_the_error_object(sdk, method, path, content, kind, code):
    """So that the client has message, type, param and code."""
    call = sdk.get if method == "GET" else sdk.post if method == "POST" else sdk.delete
    options = {} if content is None else {"content": content.encode()}
    error = refused(lambda: call(path, cast_to=object, **options), kind)
    statuses = {"method_not_allowed": 405, "request_too_large": 413}
    assert error.status_code == statuses.get(code, error.status_code)
    assert (error.code, error.type) == (code, "invalid_request_error")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_prompt_that_is_longer_than_the_context_has_its_own_code(sdk, streamed):
    """Clients shorten the conversation when they see it."""
    messages = user(text_part("a " * 9000))
    error = refused(lambda: sdk.chat.completions.create(model="tiny", messages=messages, stream=streamed))
    assert (error.type, error.code, error.param) == ("invalid_request_error", "context_length_exceeded", "messages")
    error = refused(lambda: sdk.responses.create(model="tiny", input="a " * 9000, stream=streamed))
    assert (error.type, error.code, error.param) == ("invalid_request_error", "context_length_exceeded", "input")


def test_an_unknown_model_is_not_found(sdk):
    """On every route, and no path is ever opened."""
    for call in (
        lambda: sdk.chat.completions.create(model="gpt-9", messages=user()),
        lambda: sdk.chat.completions.create(model="/etc", messages=user(), stream=True),
        lambda: sdk.responses.create(model="gpt-9", input="a"),
        lambda: sdk.models.retrieve("gpt-9"),
    ):
        error = refused(call, openai.NotFoundError)
        assert (error.code, error.type) == ("model_not_found", "invalid_request_error")


@pytest.mark.parametrize("url", ["data:image/png;base64,AAAA", "file:///etc/passwd", "http://127.0.0.1:9/a.png"])
def test_a_picture_that_cannot_be_read_is_named(sdk, url):
    """By the place of its part."""
    part = {"type": "image_url", "image_url": {"url": url}}
    error = refused(lambda: sdk.chat.completions.create(model="tiny", messages=user(text_part(), part)))
    assert (error.code, error.param) == ("invalid_image", "messages[0].content[1]")


def test_a_key_is_asked_for_as_the_client_expects():
    """401 with the scheme, and an answer with the right key."""
    server = vk.serve("fake:echo", key="right")
    try:
        with OpenAI(base_url=server.url, api_key="wrong", max_retries=0) as client:
            error = refused(client.models.list, openai.AuthenticationError)
            assert (error.code, error.response.headers["www-authenticate"]) == ("invalid_api_key", "Bearer")
            assert client.with_options(api_key="right").models.list().data[0].id == "fake:echo"
    finally:
        server.stop()


def test_a_busy_server_says_when_to_come_back():
    """503 with a time that the client keeps to."""
    server = vk.serve({"m": Dripping(words=2000, slots=1)}, queue_size=1)
    given = {"model": "m", "messages": user(), "stream": True}
    try:
        with OpenAI(base_url=server.url, api_key="none", max_retries=0) as client:
            with client.chat.completions.create(**given) as first, client.chat.completions.create(**given) as second:
                next(iter(first)), next(iter(second))
                error = refused(lambda: client.chat.completions.create(**given), openai.InternalServerError)
            assert (error.status_code, error.type, error.code) == (503, "server_busy", "queue_full")
            assert error.body["queued"] is True
            assert int(error.response.headers["retry-after"]) >= 1
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("fault", "status", "kind", "code", "tries"),
    [
        (ServerFault("It broke."), 500, "server_error", None, 2),
        (RateLimited("Too many.", retry_after_s=0.1), 503, "server_busy", "rate_limited", 2),
        (Refused("Not this."), 400, "invalid_request_error", None, 1),
    ],
    ids=["fault", "busy", "refused"],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_a_model_that_fails_is_asked_again_by_the_client_where_that_may_help(
    fault, status, kind, code, tries, streamed
):
    """And never after a 400."""
    backend = FakeBackend(replies=fault)
    server = vk.serve({"m": backend})
    try:
        with OpenAI(base_url=server.url, api_key="none", max_retries=1) as client:
            create = client.chat.completions.create
            error = refused(lambda: create(model="m", messages=user(), stream=streamed), openai.APIStatusError)
    finally:
        server.stop()
    assert (error.status_code, error.type, error.code, len(backend.asks)) == (status, kind, code, tries)


def test_a_model_that_cannot_be_loaded_is_not_asked_for_again(tmp_path):
    """The server tells the client so, and not where the model should be."""
    server = vk.serve({"m": "fake:echo", "broken": f"fake:{tmp_path}/none.json"})
    try:
        with OpenAI(base_url=server.url, api_key="none", max_retries=2) as client:
            ask = functools.partial(client.chat.completions.create, model="broken", messages=user())
            error = refused(ask, openai.InternalServerError)
    finally:
        server.stop()
    assert (error.status_code, error.type, error.code) == (503, "server_busy", "model_load_failed")
    assert error.response.headers["x-should-retry"] == "false"
    assert str(tmp_path) not in str(error.body)


# Other routes.


def test_models_are_listed_and_found_whatever_their_names(sdk):
    """The client writes slashes and blanks of a name in percents."""
    sdk.chat.completions.create(model="tiny", messages=user(), max_tokens=1)
    raw = sdk.models.with_raw_response.list()
    listed = json.loads(raw.content)
    models = [Model.model_validate(entry, strict=True) for entry in listed["data"]]
    assert (listed["object"], [model.id for model in models]) == ("list", ["tiny", SPACED, "slow"])
    assert models[0].model_extra["status"] == {"value": "loaded"}
    assert "vision" in models[0].model_extra["vlmkit"]["capabilities"]
    assert models[0].model_extra["vlmkit"]["context_length"] > 0
    for model in models:
        assert sdk.models.retrieve(model.id).id == model.id
    answer = sdk.chat.completions.create(model=SPACED, messages=user())
    assert (answer.model, text_of(answer)) == (SPACED, "Describe the picture.")


RESPONSE_INPUT = [
    {"role": "developer", "content": "Be brief."},
    {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "Look."}, {"type": "input_image", "image_url": picture_url()}],
    },
    {"role": "assistant", "content": [{"type": "output_text", "text": "Yes.", "annotations": []}]},
    {"type": "reasoning", "id": "rs_1", "summary": []},
    {"type": "function_call", "call_id": "a", "name": "clock", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "a", "output": "noon"},
    {"role": "user", "content": "Describe the picture."},
]


@pytest.fixture(scope="module")
def stream_event():
    """What the client knows as an event."""
    return TypeAdapter(ResponseStreamEvent)


TEXT_FORMAT = {"format": {"type": "json_schema", "name": "color", "schema": SCHEMA}}


@pytest.mark.parametrize(
    "fields",
    [
        {"input": "Describe it."},
        {"input": RESPONSE_INPUT, "instructions": "Be brief.", "store": True, "temperature": 0.5, "top_p": 0.9},
        {"input": "Paint.", "tools": FLAT_TOOLS, "tool_choice": "required"},
        {"input": "Paint.", "tools": FLAT_TOOLS, "tool_choice": {"type": "function", "name": "paint"}},
        {"input": "Paint.", "text": TEXT_FORMAT},
        {"input": "Describe it.", "max_output_tokens": 2},
        {"input": "Describe it.", "max_output_tokens": 3, "include": ["message.output_text.logprobs"]},
    ],
    ids=["text", "items", "required", "named", "format", "length", "logprobs"],
)
def test_the_responses_api_whole_and_streamed(sdk, stream_event, fields):
    """Both are the same answer; every event is one that the client's strict classes take."""
    given = {"model": "tiny", "temperature": 0, "max_output_tokens": 200, **fields}
    whole = Response.model_validate_json(sdk.responses.with_raw_response.create(**given).content, strict=True)
    with sdk.responses.create(**given, stream=True) as events:
        found = list(events)
    for event in found:
        stream_event.validate_json(event.model_dump_json(by_alias=True), strict=True)
    kinds = [event.type for event in found]
    assert [event.sequence_number for event in found] == list(range(len(found)))
    assert kinds[:3] == ["response.created", "response.in_progress", "response.output_item.added"]
    assert kinds[-2:] == ["response.output_item.done", f"response.{whole.status}"]
    last = found[-1].response
    if "temperature" not in fields:
        assert (last.output_text, last.usage) == (whole.output_text, whole.usage)
    assert whole.status == ("incomplete" if fields.get("max_output_tokens") else "completed")
    assert not fields.get("max_output_tokens") or whole.incomplete_details.reason == "max_output_tokens"
    if "tools" in fields:
        calls = [item for item in whole.output if item.type == "function_call"]
        jsonschema.validate(json.loads(calls[0].arguments), SCHEMA)
        assert "response.function_call_arguments.done" in kinds
    else:
        streamed = "".join(event.delta for event in found if event.type == "response.output_text.delta")
        assert streamed == last.output_text
    if "text" in fields:
        jsonschema.validate(json.loads(whole.output_text), SCHEMA)
    if "include" in fields:
        assert len(whole.output[0].content[0].logprobs) == 3


def test_the_clients_own_helpers_read_the_responses_api(sdk):
    """Into a class of the caller's, whole and streamed."""
    given = {"model": "tiny", "input": "Paint.", "temperature": 0, "text_format": Color}
    assert isinstance(sdk.responses.parse(**given).output_parsed, Color)
    with sdk.responses.stream(**given) as events:
        assert isinstance(events.get_final_response().output_parsed, Color)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"temperature": 5}, "temperature"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "a"}]}]}, "input[0].content[0]"),
    ],
)
def test_what_the_responses_api_cannot_do_is_refused_by_name(sdk, fields, param):
    """With the names that its requests have."""
    error = refused(lambda: sdk.responses.create(model="tiny", **{"input": "a", **fields}))
    assert error.param.startswith(param)
