"""Every opened model has the same surface: what is written for one runs with any other."""

import asyncio
import inspect

import pytest

import vlmkit as vk
from vlmkit.backends import Surface
from vlmkit.errors import BadSetting, Refused, TimedOut
from vlmkit.records import Ask, one_question
from vlmkit.tiny import scenes

KINDS = [
    "fake:echo",
    pytest.param("tiny", marks=pytest.mark.core_model),
    pytest.param("server", marks=pytest.mark.core_model),
]
QUESTION = "How many objects are there?"


@pytest.fixture(scope="module", params=KINDS)
def model(request):
    """An open model of each kind."""
    name = request.getfixturevalue("mlx_vlm_server") if request.param == "server" else request.param
    with vk.load(name) as opened:
        yield opened


@pytest.fixture(scope="module")
def scene():
    """A picture."""
    return scenes.make(7).draw()


def test_it_has_every_part_of_the_surface(model):
    """With the same parameters as any other."""
    assert isinstance(model, Surface)
    for name, part in inspect.getmembers(Surface, inspect.isfunction):
        if not name.startswith("_"):
            own = inspect.signature(getattr(type(model), name))
            assert own.parameters.keys() == inspect.signature(part).parameters.keys()


def test_one_call_answers_a_question(model, scene):
    """About one picture, several, or none."""
    reply = model.generate(scene, QUESTION, max_tokens=20)
    assert reply.text
    assert reply.model == model.model
    assert model.generate([scene, scene], QUESTION, max_tokens=5).text
    assert model.generate(None, "Say something.", max_tokens=5).text


def test_all_ways_of_asking_say_the_same(model, scene):
    """Waiting, awaiting, and piece by piece."""
    ask = model.ask(scene, QUESTION, max_tokens=20)
    text = model.submit(ask).result(60).text

    async def awaited():
        reply = await model.agenerate(scene, QUESTION, max_tokens=20)
        return reply.text, [delta async for delta in model.astream(ask)]

    reply_text, deltas = asyncio.run(awaited())
    streamed = list(model.stream(ask))
    assert {text, reply_text, deltas[-1].reply.text, streamed[-1].reply.text} == {text}
    assert "".join(delta.text for delta in deltas) == "".join(delta.text for delta in streamed) == text


def test_it_tells_about_itself(model, scene):
    """Facts that stay, and counts that grow; what is not known is None."""
    assert model.info.name == model.model
    assert model.info.destination == model.abilities.destination
    before = model.stats
    reply = model.generate(scene, QUESTION, max_tokens=5)
    after = model.stats
    assert after.answered == before.answered + 1
    assert after.completion_tokens - before.completion_tokens == reply.usage.completion_tokens
    assert (after.decode_seconds is None) == (after.tokens_per_second is None)


def test_a_tokenizer_works_or_is_said_to_be_elsewhere(model):
    """As `info` has it."""
    if model.info.has_tokenizer:
        assert model.detokenize(model.tokenize("a red circle")) == "a red circle"
    else:
        with pytest.raises(BadSetting, match="tokenizer is not in this process"):
            model.tokenize("a red circle")


@pytest.mark.parametrize(
    "options", [{"prompt": " "}, {"prompt": "x", "max_tokens": 0}, {"prompt": "x", "presence_penalty": 9}]
)
def test_the_same_is_refused_everywhere(model, options):
    """Before anything is sent."""
    failed = model.stats.failed
    with pytest.raises(BadSetting):
        model.generate(None, **options)
    assert model.stats.failed == failed


def test_a_cancelled_task_leaves_the_model_usable(model, scene):
    """Whether it had begun to answer or not."""

    async def stopped():
        task = asyncio.create_task(model.agenerate(scene, "Describe this image in detail.", max_tokens=200))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await model.agenerate(scene, QUESTION, max_tokens=5)

    assert asyncio.run(stopped()).text


def test_penalties_are_taken(model, scene):
    """In process by the sampler, by a server in its dialect."""
    options = {"frequency_penalty": 1.5, "presence_penalty": -1.0, "temperature": 1.0, "max_tokens": 30}
    assert model.generate(scene, "Describe this image in detail.", **options).text


def test_a_deadline_is_the_same_fault_everywhere(model, scene):
    """It says what to do."""
    if model.model.startswith("fake:"):
        pytest.skip("it answers at once")
    with pytest.raises(TimedOut, match="Raise timeout_s"):
        model.generate(scene, "Describe this image in detail.", max_tokens=200, timeout_s=1e-4)
    with pytest.raises(TimedOut):
        list(model.stream(Ask(messages=one_question("Say something."), timeout_s=1e-4)))


def test_a_blank_prompt_is_a_fault_of_its_own_ask(model):
    """Wherever the model is; the next one is answered."""
    assert isinstance(model.submit(Ask(messages=one_question(" \n"))).exception(60), Refused)
    assert model.submit(Ask(messages=one_question("Say something."))).result(60).text
