"""What people call on an open model is made of `submit` alone, for waiting callers and for event loops."""

import asyncio
import time
from concurrent.futures import Future

import pytest

from vlmkit.backends import Abilities, Delta, Surface
from vlmkit.backends.facts import Counts, ModelInfo
from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import BadSetting, Cancelled, ServerFault, UnreadableImage
from vlmkit.records import Ask, Reply, Sampling, one_question


def question(**options):
    return Ask(messages=one_question("Say something."), **options)


class Stranger(Surface):
    """As a third party would write one."""

    def __init__(self):
        self.model, self.revision, self.abilities = "stranger:x", None, Abilities()
        self.info = ModelInfo(name=self.model)
        self.closed = False

    def submit(self, ask, on_delta=None):
        future = Future()
        for word in ask.prompt.split():
            if on_delta is not None:
                on_delta(Delta(text=word))
        future.set_result(Reply(text=ask.prompt, finish_reason="stop", model=self.model))
        return future

    @property
    def stats(self):
        return Counts()

    def close(self):
        self.closed = True


def test_a_third_party_s_backend_gets_everything():
    """From `submit` and `close`."""

    async def both():
        reply = await model.agenerate(None, "two words")
        return reply.text, [delta.text async for delta in model.astream(question())]

    with Stranger() as model:
        assert model.generate(None, "two words").text == "two words"
        assert [delta.text for delta in model.stream(question())] == ["Say", "something.", ""]
        assert asyncio.run(both()) == ("two words", ["Say", "something.", ""])
    assert model.closed
    assert repr(model) == "Stranger('stranger:x', revision=None)"


def test_a_question_is_made_for_the_model(tmp_path):
    """Pictures within its budget, options as fields of `Sampling`, one stop text alone."""
    from PIL import Image

    model = FakeBackend(abilities=Abilities(longest_side_px=50))
    ask = model.ask(Image.new("RGB", (200, 100)), "What?", system="Brief.", timeout_s=3, max_tokens=7, stop="x")
    assert (ask.pictures[0].width, ask.pictures[0].height) == (50, 25)
    assert (ask.prompt, ask.system, ask.timeout_s) == ("What?", "Brief.", 3)
    assert ask.sampling == Sampling(max_tokens=7, stop=("x",))
    assert model.ask([], "What?").pictures == model.ask(None, "What?").pictures == ()
    (tmp_path / "half.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UnreadableImage):
        model.ask(tmp_path / "half.png", "What?")
    model.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": " "}, "prompt is blank"),
        ({"prompt": "x", "temprature": 1}, "temprature: generate takes no such option. It takes: max_tokens"),
        ({"prompt": "x", "frequency_penalty": 3}, "frequency_penalty: 3 cannot be used"),
    ],
)
def test_what_means_nothing_is_refused_before_anything_is_asked(options, message):
    """For callers that wait and for those that do not."""
    model = FakeBackend()
    with pytest.raises(BadSetting, match=message):
        model.generate(None, **options)
    with pytest.raises(BadSetting, match=message):
        asyncio.run(model.agenerate(None, **options))
    assert model.asks == []
    model.close()


def test_a_blank_prompt_is_a_fault_of_its_own_ask():
    """In a run the other rows go on."""
    model = FakeBackend(replies="fine")
    blank, good = model.submit(Ask(messages=one_question(" "))), model.submit(question())
    with pytest.raises(Exception, match="prompt is blank"):
        blank.result(9)
    assert good.result(9).text == "fine"
    assert (model.stats.answered, model.stats.failed) == (1, 1)
    model.close()


@pytest.mark.parametrize("way", ["agenerate", "astream"])
def test_a_cancelled_task_cancels_the_ask(way):
    """At once; the loop was free all the time, and so is the model for the next ask."""
    model = FakeBackend(delay_s=[60, 0], abilities=Abilities(parallel_asks=1))
    ticks = []

    async def stopped():
        if way == "agenerate":
            task = asyncio.create_task(model.agenerate(None, "Say something."))
        else:
            task = asyncio.create_task(anext(model.astream(question())))
        ticks.extend([await asyncio.sleep(0.01) for _ in range(10)])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await model.agenerate(None, "Say something.")

    assert asyncio.run(stopped()).text == "Say something."
    assert ticks
    assert model.stats.failed <= 1  # none where the task was cancelled before it asked
    model.close()


def test_a_stream_that_is_left_early_cancels_the_ask():
    """By closing the iterator, as by the end of the task."""
    model = FakeBackend(replies="one two three")

    async def left():
        stream = model.astream(question())
        first = await anext(stream)
        await stream.aclose()
        return first.text

    assert asyncio.run(left()) == "one"
    model.close()


def test_faults_come_as_themselves():
    """Out of both ways of waiting; a backend that closes is not a cancellation of the task."""
    model = FakeBackend(replies=ServerFault("broken"))

    async def streamed():
        return [delta async for delta in model.astream(question())]

    for wait in (lambda: asyncio.run(model.agenerate(None, "?")), lambda: asyncio.run(streamed())):
        with pytest.raises(ServerFault, match="broken"):
            wait()
    model._replies, model._delay_s = "late", 60

    async def closed():
        task = asyncio.create_task(model.agenerate(None, "?"))
        await asyncio.sleep(0.1)
        model.close()
        await task

    with pytest.raises(Cancelled):
        asyncio.run(closed())


def test_many_are_awaited_at_once():
    """In one loop; a loop that ended does not disturb the thread that answers."""
    model = FakeBackend(delay_s=0.02, abilities=Abilities(parallel_asks=4))

    async def many():
        return await asyncio.gather(*(model.agenerate(None, f"number {number}") for number in range(8)))

    assert [reply.text for reply in asyncio.run(many())] == [f"number {number}" for number in range(8)]
    late = FakeBackend(delay_s=0.2)

    async def impatient():
        asyncio.get_running_loop().call_soon(late.submit, question())

    asyncio.run(impatient())
    time.sleep(0.01)
    late.close()
    model.close()


def test_a_tokenizer_is_only_where_the_model_is():
    """And whoever asks for it elsewhere is told so."""
    model = FakeBackend()
    for use in (lambda: model.tokenize("a"), lambda: model.detokenize([1])):
        with pytest.raises(BadSetting, match="tokenizer is not in this process"):
            use()
    model.close()
