"""The bundled model, whose template shows no tools: it is asked by the lines on which it was trained."""

import json
import random
import re

import pytest

from tests.chat.tools.conftest import read
from vlmkit import sources
from vlmkit.backends import DIRECT_ANSWER, TOOLS_HEADING, load
from vlmkit.chat.tools import constraint_for, markup_of
from vlmkit.records import Ask, Message, Sampling, ToolCall, ToolDefinition
from vlmkit.tiny import scenes, tools

pytestmark = pytest.mark.core_model

LINE = re.compile(r"- (\w+)\((.*?)\): (.+)")
ANSWER_LINE = "- answer(text: string): gives the answer"


@pytest.fixture(scope="module")
def tiny():
    """It, shared."""
    with load("tiny") as model:
        yield model


@pytest.fixture(scope="module")
def picture(tiny):
    """A scene, as it is sent."""
    (ref,) = sources.read([scenes.make(11).draw()])
    return sources.normalize(ref, tiny.abilities.longest_side_px, lossless=tiny.abilities.lossless)


def drawn(draw, number):
    """Prompts of the training, and their answers, in which the direct answer is the last of the tools."""
    found = []
    for seed in range(1000):
        prompt, answer = draw(random.Random(seed))
        lines = prompt.split("\n")
        offered = [line for line in lines if LINE.fullmatch(line)]
        if offered[-1] == ANSWER_LINE:
            found.append((prompt, json.loads(answer)))
        if len(found) == number:
            return found
    raise AssertionError("too few such prompts")


def offered(prompt):
    """The tools of a prompt as they are given to a model."""
    matches = [match for line in prompt.split("\n") if (match := LINE.fullmatch(line))]
    return tuple(
        ToolDefinition(
            name=match[1],
            description=match[3],
            parameters=json.dumps(
                {
                    "type": "object",
                    "properties": {name: {"type": kind} for name, kind in re.findall(r"(\w+): (\w+)", match[2])},
                    "required": re.findall(r"(\w+): ", match[2]),
                }
            ),
        )
        for match in matches
        if match[1] != DIRECT_ANSWER.name
    )


def test_tools_are_shown_as_in_training(tiny, picture):
    """What the model reads of an ask with tools is the trained prompt, token for token."""
    for prompt, _ in drawn(tools.draw_call, 12):
        request = prompt.partition(f"\n{TOOLS_HEADING}")[0]
        trained = tiny.look_inside(Ask(messages=(Message.user(prompt, [picture]),)))
        asked = tiny.look_inside(Ask(messages=(Message.user(request, [picture]),), tools=offered(prompt)))
        assert asked.text == trained.text
        assert asked.prompt_tokens == trained.prompt_tokens


def test_results_are_shown_as_in_training(tiny, picture):
    """So is that of a conversation in which a tool was called."""
    for prompt, _ in drawn(tools.draw_result, 12):
        request = prompt.partition(f"\n{TOOLS_HEADING}")[0]
        called, result = prompt.partition("\nCalled ")[2].split("\nResult: ")
        name, _, arguments = called.partition(" ")
        talk = (
            Message.user(request, [picture]),
            Message.assistant("", [ToolCall(id="c", name=name, arguments=arguments)]),
            Message.tool("c", result),
        )
        trained = tiny.look_inside(Ask(messages=(Message.user(prompt, [picture]),)))
        assert tiny.look_inside(Ask(messages=talk, tools=offered(prompt))).text == trained.text


def test_its_calls_are_read(tiny, picture):
    """A call of a tool is a call, its direct answer is text, and what is neither stays as it was written."""
    assert markup_of(tiny).style == "plain"
    prompts = [*drawn(tools.draw_call, 10), *drawn(tools.draw_result, 10)]
    asks = [Ask(messages=(Message.user(prompt, [picture]),), sampling=Sampling(max_tokens=80)) for prompt, _ in prompts]
    replies = [future.result(60) for future in [tiny.submit(ask) for ask in asks]]
    for (prompt, _), reply in zip(prompts, replies, strict=True):
        found = read("plain", reply.text, tools=offered(prompt))
        said = json.loads(reply.text)
        if said["name"] == DIRECT_ANSWER.name:
            assert (found.text, found.calls) == (said["arguments"]["text"], [])
        elif said["name"] in {tool.name for tool in offered(prompt)}:
            ((name, written, problem),) = found.calls
            assert (name, json.loads(written), problem) == (said["name"], said["arguments"], None)
        else:
            assert (found.text, found.calls) == (reply.text, [])


@pytest.mark.parametrize("choice", ["required", "named"])
def test_a_call_that_must_be_made_is_made(tiny, picture, choice):
    """Of a tool that is offered, with arguments that fit, whatever is asked."""
    asks = []
    for prompt, _ in drawn(tools.draw_call, 6):
        chosen = offered(prompt)
        wanted = choice if choice == "required" else chosen[0].name
        asks.append(
            Ask(
                messages=(Message.user("What color is the background?", [picture]),),
                tools=chosen,
                tool_choice=wanted,
                constraint=constraint_for(markup_of(tiny), chosen, wanted),
                sampling=Sampling(max_tokens=80),
            )
        )
    for ask, future in [(ask, tiny.submit(ask)) for ask in asks]:
        found = read("plain", future.result(60).text, tools=ask.tools)
        ((name, written, problem),) = found.calls
        assert (found.text, problem) == ("", None)
        (tool,) = (tool for tool in ask.tools if tool.name == name)
        assert name == ask.tool_choice or choice == "required"
        assert set(json.loads(written)) == set(json.loads(tool.parameters)["required"])
