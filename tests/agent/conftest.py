"""Conversations that were had."""

import pytest
from PIL import Image
from scripted_agent import call

from vlmkit import sources
from vlmkit.agent import Conversation, Step
from vlmkit.agent.messages import result_messages, user_message
from vlmkit.records import Usage


@pytest.fixture(scope="session")
def red():
    """A small picture as a model is shown it."""
    return sources.normalize(sources.refer(Image.new("RGB", (64, 48), "red")), 64)


@pytest.fixture
def finished(red):
    """A conversation of two steps, with pictures, that was answered."""
    steps = [
        Step(turn=1, call_id="call_a", tool="look", arguments={"row": 3}, text="row 3\n[picture 1 below]",
             pictures=(red,), status="done", seconds=0.5, rows=(3,)),
        Step(turn=1, call_id="call_b", tool="loook", arguments="{row", text="Error: no such tool", status="unknown",
             seconds=0.0),
    ]  # fmt: skip
    said = {
        "role": "assistant",
        "content": None,
        "tool_calls": [call("look", {"row": 3}, "call_a"), call("loook", "{row", "call_b")],
    }
    messages = [user_message("What is in row 3?", [red]), said, *result_messages(steps)]
    messages.append({"role": "assistant", "content": "A red square."})
    return Conversation(
        messages=messages,
        steps=steps,
        text="A red square.",
        turns=2,
        stopped="answered",
        usage=Usage(prompt_tokens=70, completion_tokens=9),
    )
