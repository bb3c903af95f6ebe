"""The adapter answers requests of the dialect, whole and in chunks, waiting and awaited."""

import asyncio
import threading

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from vlmkit.chat import ChatAdapter, ChatError, ChoiceFailed, ChoiceFinished
from vlmkit.errors import ServerFault


def texts_of(chunks, choice=0):
    entries = [entry for chunk in chunks for entry in chunk["choices"] if entry["index"] == choice]
    return "".join(entry["delta"].get("content", "") for entry in entries)


@pytest.mark.core_model
def test_the_bundled_model_answers_about_a_picture(tiny, data_url, body):
    """A question with a picture gets the model's own answer, in a form that OpenAI's own classes take."""
    parts = [
        {"type": "text", "text": "How many circles are there?"},
        {"type": "image_url", "image_url": {"url": data_url()}},
    ]
    adapter = ChatAdapter(tiny, model="tiny")
    request = body(parts, model="tiny", temperature=0)
    answer = ChatCompletion.model_validate(adapter.complete(request), strict=True)
    assert answer.model == "tiny"
    assert answer.choices[0].message.content == tiny.generate(tiny_scene(), "How many circles are there?").text
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.completion_tokens > 0
    chunks = list(adapter.stream({**request, "stream_options": {"include_usage": True}}))
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk, strict=True)
    assert texts_of(chunks) == answer.choices[0].message.content
    assert chunks[-1]["usage"] == answer.usage.model_dump(exclude_unset=True)


def tiny_scene():
    from vlmkit.tiny import scenes

    return scenes.make(7).draw()


def test_awaited_answers_are_the_same(fake, body):
    """The twins that are awaited give what those that wait give."""
    adapter = ChatAdapter(fake("one two three"))

    async def both():
        return await adapter.acomplete(body()), [chunk async for chunk in adapter.astream(body())]

    whole, chunks = asyncio.run(both())
    assert whole["choices"] == adapter.complete(body())["choices"]
    assert texts_of(chunks) == "one two three"


def test_several_choices_are_several_answers(fake, body):
    """Each of n choices is an ask of its own, and the prompt they share is counted once."""
    adapter = ChatAdapter(fake(["first", "second one", "third"]))
    answer = adapter.complete(body(n=3))
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert sorted(choice["message"]["content"] for choice in answer["choices"]) == ["first", "second one", "third"]
    assert answer["usage"] == {"prompt_tokens": 2, "completion_tokens": 4, "total_tokens": 6}
    chunks = list(adapter.stream(body(n=2)))
    assert {texts_of(chunks, 0), texts_of(chunks, 1)} <= {"first", "second one", "third"}


def test_a_closed_stream_cancels(fake, body):
    """Whoever stops reading ends the answers that are not complete."""
    backend = fake(["at once", "slow"], delay_s=[0.0, 60.0])
    chunks = ChatAdapter(backend).stream(body(n=2))
    while next(chunks)["choices"][0]["finish_reason"] is None:
        pass
    chunks.close()
    assert (backend.stats.answered, backend.stats.failed) == (1, 1)


def test_a_closed_awaited_stream_cancels_at_once(fake, body):
    """So does one that is read in an event loop, before the loop ends."""
    backend = fake(["at once", "slow"], delay_s=[0.0, 60.0])

    async def read():
        chunks = ChatAdapter(backend).astream(body(n=2))
        while (await anext(chunks))["choices"][0]["finish_reason"] is None:
            pass
        await chunks.aclose()
        return backend.stats

    counts = asyncio.run(read())
    assert (counts.answered, counts.failed) == (1, 1)


def test_a_cancelled_job_says_so(fake, body):
    """The last event of a cancelled choice is a failure."""
    backend, events, ended = fake("slow", delay_s=60), [], threading.Event()
    adapter = ChatAdapter(backend)

    def note(event):
        events.append(event)
        if isinstance(event, ChoiceFinished | ChoiceFailed):
            ended.set()

    job = adapter.start(adapter.prepare(body()), note)
    assert not job.done
    job.cancel()
    assert ended.wait(10)
    assert [type(event) for event in events] == [ChoiceFailed]
    assert (events[0].error.status, events[0].error.code) == (499, "cancelled")
    assert job.done


def test_a_fault_of_the_model_is_an_error(fake, body):
    """What the model's side fails with is raised, whole and streamed."""
    adapter = ChatAdapter(fake(ServerFault("the server broke.", is_transient=True)))
    with pytest.raises(ChatError, match="the server broke") as found:
        adapter.complete(body())
    assert found.value.status == 503
    with pytest.raises(ChatError, match="the server broke"):
        list(adapter.stream(body()))


def test_another_name_is_not_found(fake, body):
    """An adapter with a name answers to no other."""
    with pytest.raises(ChatError, match="'m' is not served here") as found:
        ChatAdapter(fake("x"), model="other").complete(body())
    assert (found.value.status, found.value.code) == (404, "model_not_found")
