"""Answers of the Responses API are written from the same events, and OpenAI's own client reads them."""

import json

import pytest
from openai import OpenAI
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter
from scripted_server import CLOSE, ScriptedServer

from vlmkit.chat import (
    ChatAdapter,
    ChatError,
    ReasoningDelta,
    ResponsesWriter,
    TextDelta,
    read_responses_request,
    responses_object,
)
from vlmkit.errors import ServerFault
from vlmkit.records import Message, ToolCall

EVENT = TypeAdapter(ResponseStreamEvent)
TOOL = {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {}}, "strict": False}
BODY = {"model": "m", "input": "Hi", "tools": [TOOL]}
CALLS = Message.assistant("Let me see.", [ToolCall(id="c1", name="look", arguments='{"row": 1}')])
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


def test_a_whole_answer_has_the_form(fake):
    """Text and calls are items of the output; OpenAI's own class takes all of it."""
    answer = ChatAdapter(fake(CALLS)).respond(BODY)
    read = Response.model_validate(answer, strict=True)
    assert (read.output_text, read.status, [item.type for item in read.output]) == (
        "Let me see.",
        "completed",
        ["message", "function_call"],
    )
    assert (read.output[1].call_id, read.output[1].arguments) == ("c1", '{"row": 1}')
    assert read.usage.total_tokens == answer["usage"]["input_tokens"] + answer["usage"]["output_tokens"]
    assert (read.tools[0].name, read.tool_choice, read.parallel_tool_calls) == ("look", "auto", True)


def test_events_are_numbered_and_complete(fake):
    """Every item begins and ends, and the last event has the whole answer."""
    events = list(ChatAdapter(fake(CALLS)).stream_response(BODY))
    for event in events:
        EVENT.validate_python(event, strict=True)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    kinds = [event["type"].removeprefix("response.") for event in events]
    assert kinds[:4] == ["created", "in_progress", "output_item.added", "content_part.added"]
    assert kinds.count("output_item.added") == kinds.count("output_item.done") == 2
    assert kinds[-1] == "completed"
    assert events[0]["response"]["output"] == []
    written = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert written == events[-1]["response"]["output"][0]["content"][0]["text"]


def test_openai_reads_the_events(fake):
    """Its helper puts text and calls together from what a real server sends it."""
    events = ChatAdapter(fake(CALLS)).stream_response(BODY)
    lines = b"".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events)
    with (
        ScriptedServer([[HEAD + lines, CLOSE]]) as server,
        OpenAI(base_url=server.url, api_key="none", max_retries=0) as client,
        client.responses.stream(model="m", input="Hi", tools=[TOOL]) as stream,
    ):
        server_events = [event.type for event in stream]
        final = stream.get_final_response()
    assert server_events[-1] == "response.completed"
    assert (final.output_text, final.output[1].name) == ("Let me see.", "look")


def test_an_answer_that_was_cut_is_incomplete(fake):
    """The limit is named as the reason."""
    answer = ChatAdapter(fake("one two three")).respond({**BODY, "max_output_tokens": 2})
    assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert Response.model_validate(answer, strict=True).output[0].status == "incomplete"


def test_an_answer_without_a_word_is_a_message(fake):
    """An empty one, as of OpenAI; agents take an output without items for a fault."""
    adapter = ChatAdapter(fake(Message.assistant("")))
    (item,) = adapter.respond(BODY)["output"]
    assert (item["type"], item["status"], item["content"][0]["text"]) == ("message", "completed", "")
    kinds = [event["type"] for event in adapter.stream_response(BODY)]
    assert kinds[2:4] == ["response.output_item.added", "response.content_part.added"]
    assert kinds[-2:] == ["response.output_item.done", "response.completed"]


def test_a_failure_is_the_last_event(fake):
    """A stream that has begun says so; a whole answer raises."""
    adapter = ChatAdapter(fake(ServerFault("it broke.")))
    last = list(adapter.stream_response(BODY))[-1]
    EVENT.validate_python(last, strict=True)
    assert (last["type"], last["response"]["error"]["code"]) == ("response.failed", "server_error")
    with pytest.raises(ChatError, match="it broke"):
        adapter.respond(BODY)


def test_thoughts_are_an_item_of_their_own():
    """They come before the text that follows them."""
    request = read_responses_request(BODY)
    writer = ResponsesWriter(request)
    events = [*writer.write(ReasoningDelta("Hm.")), *writer.write(TextDelta("Two."))]
    for event in events:
        EVENT.validate_python(event, strict=True)
    assert [item["type"] for item in writer.response["output"]] == ["reasoning", "message"]
    assert writer.response["output"][0]["content"] == [{"type": "reasoning_text", "text": "Hm."}]


@pytest.mark.core_model
def test_the_bundled_model_tells_probabilities_here_too(tiny):
    """They belong to the text."""
    include = ["message.output_text.logprobs"]
    body = {"model": "m", "input": "What is it?", "include": include, "top_logprobs": 2, "max_output_tokens": 3}
    body["temperature"] = 0
    answer = Response.model_validate(ChatAdapter(tiny).respond(body), strict=True)
    part = answer.output[0].content[0]
    assert "".join(entry.token for entry in part.logprobs) == part.text
    assert {len(entry.top_logprobs) for entry in part.logprobs} == {2}
    deltas = [event for event in ChatAdapter(tiny).stream_response(body) if event["type"].endswith("text.delta")]
    assert len(deltas) > 1
    assert all("".join(entry["token"] for entry in delta["logprobs"]) == delta["delta"] for delta in deltas)


def test_half_an_answer_is_no_answer():
    """Events without an end do not become an answer that looks whole."""
    request = read_responses_request(BODY)
    with pytest.raises(ChatError, match="not complete"):
        responses_object(request, [TextDelta("x")])
