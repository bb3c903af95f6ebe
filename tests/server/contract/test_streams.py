"""OpenAI's contract, line by line: chunks of a stream, and clients that leave."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
from chat_clients import until
from openai import AsyncOpenAI
from openai_contract import SEEN, TOOLS, Color, image_part, text_of, text_part, user

pytestmark = pytest.mark.core_model


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
