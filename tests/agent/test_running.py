"""A run beside the caller: waited for, awaited, stopped, interrupted; its conversation is what `run` gives."""

import asyncio
import threading
import time

import pytest
from chat_clients import until
from scripted_agent import Script

from vlmkit.agent import Agent, tool
from vlmkit.errors import UnknownModel


@tool(read_only=True)
def rest(seconds: float) -> str:
    """Rest."""
    time.sleep(seconds)
    return "rested"


@tool(read_only=False)
def tag(row: int) -> str:
    """Tag a row."""
    return f"tagged {row}"


def resting(turns, seconds=0.01):
    return Agent(
        Script(*[[("rest", {"seconds": seconds + turn / 1e6})] for turn in range(turns)], "Done."), tools=[rest]
    )


def test_it_gives_what_run_gives():
    """In the end; until then it says what it does."""
    run = resting(2).start("Rest twice.")
    conversation = run.wait()
    assert run.done
    assert run.conversation is conversation
    assert (conversation.text, len(conversation.steps), run.state) == ("Done.", 2, "answered")
    assert repr(run) == "<AgentRun: answered, 2 steps; wait() gives the conversation>"
    assert run.question == "Rest twice."


def test_it_can_be_awaited():
    """As a cell does, which serves buttons meanwhile."""

    async def cell():
        return await resting(1).start("Rest.")

    assert asyncio.run(cell()).text == "Done."


def test_it_can_be_stopped():
    """What was done is kept."""
    run = resting(1000).start("Rest.", max_turns=1000)
    until(lambda: run.control.steps)
    assert not run.join(0.01)
    run.stop()
    conversation = run.wait()
    assert conversation.stopped == "interrupted"
    assert conversation.steps


def test_an_awaiting_cell_that_is_interrupted_has_what_was_done():
    """The notebook's interrupt cancels the task that awaits."""

    async def cell():
        run = resting(1000).start("Rest.", max_turns=1000)
        waiting = asyncio.create_task(run._awaited())
        await asyncio.to_thread(until, lambda: run.control.steps)
        waiting.cancel()
        return await waiting

    assert asyncio.run(cell()).stopped == "interrupted"


def test_what_run_raises_comes_out_of_wait():
    """Also what cannot be opened."""
    run = Agent("no-such-engine:x").start("Hello?")
    with pytest.raises(UnknownModel):
        run.wait()
    assert run.state == "failed"


def test_a_listener_and_an_event_of_the_caller_are_heard():
    """Beside the panel's own."""
    heard, stop = [], threading.Event()
    run = resting(1).start("Rest.", on_event=heard.append, stop=stop)
    run.wait()
    assert [type(event).__name__ for event in heard][:2] == ["TurnStarted", "CallStarted"]
    assert run.control.stop is stop


def test_where_nobody_is_at_a_notebook_a_call_is_declined():
    """It is not made, and the model is told why."""
    conversation = Agent(Script([("tag", {"row": 1})], "Well."), tools=[tag]).start("Tag it.", approve=True).wait()
    assert [step.status for step in conversation.steps] == ["declined"]
    assert "nobody is at a notebook" in conversation.steps[0].text


def test_a_function_is_asked_in_the_background_too():
    """As in the foreground."""
    conversation = Agent(Script([("tag", {"row": 1})], "Well."), tools=[tag]).start("?", approve=lambda _: True).wait()
    assert conversation.steps[0].text == "tagged 1"
