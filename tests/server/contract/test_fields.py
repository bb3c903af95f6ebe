"""OpenAI's contract, line by line: fields of a request are served, ignored or refused by name."""

import time

import pytest
from openai_contract import SEEN, TOOLS, image_part, picture_url, refused, text_of, text_part, user

pytestmark = pytest.mark.core_model

CALL = {"id": "a", "type": "function", "function": {"name": "clock", "arguments": "{}"}}
WRONG_CALL = {**CALL, "function": {"name": "gone", "arguments": "{bad"}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
CALLED = {"role": "tool", "tool_call_id": "a", "content": "noon"}


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
                CALLING,
                CALLED,
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
        pytest.param(
            [{"role": "system", "content": "A."}, {"role": "developer", "content": "B."}, *user()], id="two-systems"
        ),
        pytest.param(
            [*user(), {"role": "assistant", "content": "A."}, {"role": "system", "content": "B."}, *user()],
            id="system-in-the-middle",
        ),
        pytest.param([*user(), *user()], id="two-questions"),
        pytest.param([*user(), {"role": "assistant", "content": "", "tool_calls": []}, *user()], id="no-calls"),
        pytest.param([*user(), CALLING, {**CALLED, "content": [image_part()]}], id="picture-in-a-result"),
        pytest.param([*user(), CALLING, {**CALLED, "content": None}], id="empty-result"),
        pytest.param(
            [{"role": "assistant", "content": None, "tool_calls": [WRONG_CALL]}, CALLED],
            id="no-json",
        ),
        pytest.param([{"role": "user", "name": "Ann", "content": "What is it \U0001f3f4? \0"}], id="name-and-emoji"),
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
        {"tools": [], "tool_choice": "auto", "parallel_tool_calls": False},
        {"functions": [], "function_call": "none"},
        {"seed": -1},
        {"max_tokens": 10**12},
        {"stream_options": {"include_usage": True}},
        {"logprobs": False, "top_logprobs": 0},
        {"stop": []},
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
