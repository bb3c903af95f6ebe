"""Chunks come in the order that clients take, and OpenAI's own client reads what we wrote."""

import pytest
from openai import APIError, OpenAI
from openai.types.chat import ChatCompletionChunk
from scripted_server import ScriptedServer, sse

from vlmkit.chat import ChatAdapter, ChatError, ChoiceFailed, ChunkWriter, read_request
from vlmkit.records import Message, ToolCall

TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
CALLS = [ToolCall(id="c1", name="look", arguments='{"row": 1}'), ToolCall(id="c2", name="look", arguments="")]


@pytest.fixture
def stream(fake, body):
    """Chunks of a scripted answer, each taken by OpenAI's own class."""

    def build(reply, **fields):
        chunks = list(ChatAdapter(fake(reply)).stream(body(**fields)))
        for chunk in chunks:
            ChatCompletionChunk.model_validate(chunk, strict=True)
        return chunks

    return build


def read_by_openai(chunks, read):
    """What OpenAI's client makes of chunks that a real server sends it."""
    with (
        ScriptedServer([sse(*chunks)]) as server,
        OpenAI(base_url=server.url, api_key="none", max_retries=0) as client,
    ):
        return read(client)


def test_the_order_is_role_pieces_reason_usage(stream):
    """The role stands in the first chunk alone, the reason in a chunk of its own, the usage in one without choices."""
    chunks = stream("one two", stream_options={"include_usage": True})
    assert [choice["delta"] for chunk in chunks for choice in chunk["choices"]] == [
        {"role": "assistant", "content": ""},
        {"content": "one"},
        {"content": " two"},
        {},
    ]
    assert [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]] == [None, None, None, "stop"]
    assert [chunk["usage"] for chunk in chunks[:-1]] == [None] * 4
    assert (chunks[-1]["choices"], chunks[-1]["usage"]["total_tokens"]) == ([], 4)
    assert len({(chunk["id"], chunk["created"], chunk["object"], chunk["model"]) for chunk in chunks}) == 1


def test_usage_comes_only_where_it_is_asked_for(stream):
    """Clients that did not ask for it get no chunk without choices."""
    assert all(chunk["choices"] and "usage" not in chunk for chunk in stream("one"))


def test_openai_reads_a_streamed_text(stream, body):
    """Its helper puts the pieces together again."""
    chunks = stream("one two three", stream_options={"include_usage": True})

    def read(client):
        with client.chat.completions.stream(model="m", messages=body()["messages"]) as events:
            return events.get_final_completion()

    final = read_by_openai(chunks, read)
    assert (final.choices[0].message.content, final.choices[0].finish_reason) == ("one two three", "stop")
    assert final.usage.completion_tokens == 3


def test_openai_reads_streamed_calls(stream, body):
    """Names and arguments arrive whole; a call without arguments has an empty object."""
    chunks = stream(Message.assistant("Let me see.", CALLS), tools=[TOOL])

    def read(client):
        with client.chat.completions.stream(model="m", messages=body()["messages"], tools=[TOOL]) as events:
            return events.get_final_completion()

    final = read_by_openai(chunks, read)
    message = final.choices[0].message
    assert (message.content, final.choices[0].finish_reason) == ("Let me see.", "tool_calls")
    assert [(call.id, call.function.name, call.function.arguments) for call in message.tool_calls] == [
        ("c1", "look", '{"row": 1}'),
        ("c2", "look", "{}"),
    ]


def test_openai_reads_mixed_choices(stream, body):
    """Pieces of several choices are told apart by their numbers."""
    chunks = stream("one two", n=2)

    def read(client):
        with client.chat.completions.stream(model="m", messages=body()["messages"], n=2) as events:
            return events.get_final_completion()

    assert [choice.message.content for choice in read_by_openai(chunks, read).choices] == ["one two", "one two"]


@pytest.mark.core_model
def test_openai_reads_streamed_probabilities(tiny, body):
    """Those of each chunk are its text, as many as tokens were written."""
    request = body("What is it?", logprobs=True, top_logprobs=3, max_tokens=4, temperature=0, stop="#")
    chunks = list(ChatAdapter(tiny).stream(request))
    told = [(choice["delta"].get("content"), choice["logprobs"]) for chunk in chunks for choice in chunk["choices"]]
    told = [(text, logprobs["content"]) for text, logprobs in told if logprobs]
    assert len(told) > 1
    assert all("".join(entry["token"] for entry in entries) == text for text, entries in told)

    def read(client):
        with client.chat.completions.stream(model="m", messages=request["messages"]) as events:
            for _ in events:
                pass
            return events.current_completion_snapshot

    choice = read_by_openai(chunks, read).choices[0]
    assert "".join(entry.token for entry in choice.logprobs.content) == choice.message.content
    assert all(len(entry.top_logprobs) == 3 for entry in choice.logprobs.content)


def test_states_are_chunks_that_clients_take_for_an_empty_text(body):
    """The first of all chunks has the role, be it a state or a piece; both names have the same words."""
    writer = ChunkWriter(read_request(body()))
    waiting = [writer.status({"status": "queued", "position": position}) for position in (2, 1)]
    assert waiting[0]["candle_metadata"] == waiting[0]["vlmkit_metadata"] == {"status": "queued", "position": 2}
    assert [each["choices"][0]["delta"] for each in waiting] == [{"role": "assistant", "content": ""}, {"content": ""}]
    assert writer.begin() == []
    for each in waiting:
        ChatCompletionChunk.model_validate(each, strict=True)


def test_a_failure_in_the_middle_is_an_error_to_openai(stream, body):
    """In a stream that has begun the error stands in place of a chunk."""
    writer, error = ChunkWriter(read_request(body())), ChatError("it broke.", status=500, kind="server_error")
    chunks = [*stream("one two")[:2], *writer.write(ChoiceFailed(error))]

    def read(client):
        with pytest.raises(APIError, match="it broke"):
            list(client.chat.completions.create(model="m", messages=body()["messages"], stream=True))

    read_by_openai(chunks, read)
