"""Requests are read field by field: each one is served, ignored on purpose, or refused by its name."""

import pytest

from vlmkit.chat import ChatError, ChatLimits, read_request
from vlmkit.records import Constraint

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


def refusal(fields, **limits):
    with pytest.raises(ChatError) as found:
        read_request(fields, limits=ChatLimits(**limits))
    return found.value


def test_every_sampling_field_is_served(body):
    """What the dialect has for the choice of tokens arrives as it was given."""
    request = read_request(
        body(
            max_tokens=3,
            temperature=0.5,
            top_p=0.9,
            top_k=4,
            repetition_penalty=1.1,
            frequency_penalty=-1,
            presence_penalty=2,
            stop=["a", "b"],
            seed=7,
            n=2,
        )
    )
    sampling = request.sampling
    assert (sampling.max_tokens, sampling.temperature, sampling.top_p, sampling.top_k) == (3, 0.5, 0.9, 4)
    assert (sampling.repetition_penalty, sampling.frequency_penalty, sampling.presence_penalty) == (1.1, -1, 2)
    assert (sampling.stop, sampling.seed, request.has_seed, request.choices) == (("a", "b"), 7, True, 2)


def test_the_newer_name_of_the_limit_counts(body):
    """Clients of today send max_completion_tokens, which stands above max_tokens; without both there is a default."""
    assert read_request(body(max_tokens=9, max_completion_tokens=2)).sampling.max_tokens == 2
    assert read_request(body()).sampling.max_tokens == ChatLimits().max_tokens


def test_what_is_left_out_is_as_openai_has_it(body):
    """Null is left out, too."""
    nothing = dict.fromkeys(("temperature", "top_p", "stop", "n", "seed", "tools", "logprobs", "response_format"))
    for request in (read_request(body()), read_request(body(**nothing))):
        assert (request.sampling.temperature, request.sampling.top_p, request.choices) == (1.0, 1.0, 1)
        assert (request.has_seed, request.tools, request.token_probabilities) == (False, (), False)
        assert request.constraint is None


def test_a_nucleus_of_nothing_is_the_likeliest_token(body):
    """The dialect allows top_p 0, which no sampler does."""
    assert 0 < read_request(body(top_p=0)).sampling.top_p < 1e-6


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"model": None}, "model", None),
        ({"messages": []}, "messages", None),
        ({"messages": [{"role": "judge", "content": "x"}]}, "messages[0].role", None),
        ({"messages": [{"content": "x"}]}, "messages[0].role", None),
        ({"messages": [{"role": "user"}]}, "messages[0].content", None),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", None),
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "input_audio"}]}]},
            "messages[0].content[1].type",
            None,
        ),
        ({"max_tokens": 0}, "max_tokens", None),
        ({"max_completion_tokens": "many"}, "max_completion_tokens", None),
        ({"temperature": 5}, "temperature", None),
        ({"temperature": "warm"}, "temperature", None),
        ({"top_p": 1.5}, "top_p", None),
        ({"n": 0}, "n", None),
        ({"n": 9}, "n", None),
        ({"stop": [""]}, "stop[0]", None),
        ({"stop": ["x"] * 17}, "stop", None),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", None),
        ({"top_logprobs": 2}, "top_logprobs", None),
        ({"logit_bias": {"50256": -100}}, "logit_bias", "unsupported_parameter"),
        ({"min_p": 0.1}, "min_p", "unsupported_parameter"),
        ({"modalities": ["text", "audio"]}, "modalities", "unsupported_parameter"),
        ({"audio": {"voice": "x"}}, "audio", "unsupported_parameter"),
        ({"functions": [{"name": "look"}]}, "functions", "unsupported_parameter"),
        ({"function_call": "auto"}, "function_call", "unsupported_parameter"),
        ({"web_search_options": {}}, "web_search_options", "unsupported_parameter"),
        ({"response_format": {"type": "yaml"}}, "response_format.type", None),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema.schema", "invalid_schema"),
        ({"tools": [{"type": "custom"}]}, "tools[0].type", None),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name", None),
        ({"tools": [TOOL, TOOL]}, "tools", None),
        ({"tool_choice": "required"}, "tool_choice", None),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "run"}}}, "tool_choice", None),
        ({"tools": [TOOL] * 129}, "tools", None),
    ],
)
def test_what_cannot_be_served_is_refused_by_name(body, fields, param, code):
    """The error is a 400 with the path of the field, and its words begin with the path."""
    error = refusal(body(**fields))
    assert (error.status, error.kind, error.param, error.code) == (400, "invalid_request_error", param, code)
    assert str(error).startswith(param)
    assert error.body["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize("fields", [None, [], "text", 5])
def test_a_body_is_an_object(fields):
    """Other JSON is refused in words."""
    assert "JSON object" in str(refusal(fields))


def test_neutral_values_and_fields_of_the_service_are_accepted(body):
    """What changes nothing may be there: clients send it."""
    read_request(
        body(
            logit_bias={},
            min_p=0,
            modalities=["text"],
            functions=None,
            frequency_penalty=0,
            tool_choice="none",
            parallel_tool_calls=True,
            store=True,
            metadata={"a": "b"},
            user="u",
            service_tier="auto",
            prompt_cache_key="k",
            safety_identifier="s",
            reasoning_effort="low",
            verbosity="low",
            prediction={"type": "content", "content": "x"},
            keep_alive="5m",
            ttl=60,
            num_ctx=4096,
            something_of_tomorrow=1,
        )
    )


def test_answers_in_json_are_constraints(body):
    """Any object, or one of a schema, whether it is called strict or not."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    named = {"type": "json_schema", "json_schema": {"name": "count", "schema": schema}}
    assert read_request(body(response_format={"type": "text"})).constraint is None
    free = read_request(body(response_format={"type": "json_object"})).constraint
    assert free == Constraint(kind="json_schema", text='{"type": "object"}')
    assert '"n"' in read_request(body(response_format=named)).constraint.text


def test_tools_and_their_choice(body):
    """A choice may be a word, a name, or some of the tools."""
    other = {"type": "function", "function": {"name": "run", "description": "Runs.", "strict": True}}
    tools = [TOOL, other]
    request = read_request(body(tools=tools, parallel_tool_calls=False))
    assert [tool.name for tool in request.tools] == ["look", "run"]
    assert (request.tool_choice, request.parallel_tool_calls) == ("auto", False)
    assert (request.strict_tools, request.tools[1].description) == ({"run"}, "Runs.")
    named = {"type": "function", "function": {"name": "run"}}
    assert read_request(body(tools=tools, tool_choice=named)).tool_choice == "run"
    some = {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [named]}}
    chosen = read_request(body(tools=tools, tool_choice=some))
    assert ([tool.name for tool in chosen.tools], chosen.tool_choice) == (["run"], "required")


def test_what_a_stream_shall_hold(body):
    """Usage only where it is asked for, states of the queue unless they are not wanted."""
    plain = read_request(body(stream=True))
    assert (plain.is_streamed, plain.includes_usage, plain.includes_status) == (True, False, True)
    chosen = read_request(body(stream=True, stream_options={"include_usage": True, "include_status": False}))
    assert (chosen.includes_usage, chosen.includes_status) == (True, False)
