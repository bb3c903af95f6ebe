"""OpenAI's contract, line by line: models, and the Responses API."""

import json

import jsonschema
import pytest
from openai.types import Model
from openai.types.responses import Response, ResponseStreamEvent
from openai_contract import FLAT_TOOLS, SCHEMA, SPACED, Color, picture_url, refused, text_of, user
from pydantic import TypeAdapter

pytestmark = pytest.mark.core_model


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
