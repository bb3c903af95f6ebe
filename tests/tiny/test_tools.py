"""Calls are right by the lines of their own prompts, and results are drawn, not seen."""

import json
import random
import re

from vlmkit.backends import TOOLS_HEADING
from vlmkit.tiny import tools

LINE = re.compile(r"- (\w+)\((.*?)\): (.+)")


def offered(prompt):
    """Arguments and description of each tool, by name."""
    lines = (LINE.fullmatch(line) for line in prompt.split("\n"))
    return {match[1]: (dict(re.findall(r"(\w+): (\w+)", match[2])), match[3]) for match in lines if match}


def test_every_call_fits_a_tool_that_is_offered():
    """Its name, the names of its arguments and their types."""
    types = {"string": str, "integer": int}
    for seed in range(400):
        prompt, answer = tools.draw_call(random.Random(seed), held_out=seed % 2 == 1)
        call = json.loads(answer)
        arguments, _ = offered(prompt)[call["name"]]
        assert {name: types[kind] for name, kind in arguments.items()} == {
            name: type(value) for name, value in call["arguments"].items()
        }
        request = prompt.split("\n")[0]
        assert all(str(value) in request for value in call["arguments"].values())
        assert "answer" in offered(prompt)


def test_names_descriptions_and_requests_that_are_kept_back_are_never_trained():
    """No tool of the held-out prompts has a name or a description of the trained ones."""
    seen = {kept: {"names": set(), "descriptions": set()} for kept in (False, True)}
    for seed in range(1500):
        for kept in (False, True):
            tools_of = offered(tools.draw_call(random.Random(seed), held_out=kept)[0])
            tools_of.pop("answer")
            seen[kept]["names"] |= set(tools_of)
            seen[kept]["descriptions"] |= {description for _, description in tools_of.values()}
    assert not seen[False]["names"] & seen[True]["names"]
    assert not seen[False]["descriptions"] & seen[True]["descriptions"]
    assert len(seen[False]["names"]) > 500


def test_the_answer_is_the_result():
    """Word by word, whatever the picture shows; what came back stands last in the prompt."""
    for seed in range(200):
        prompt, answer = tools.draw_result(random.Random(seed))
        call = json.loads(answer)
        last = prompt.rsplit("\nResult: ", 1)[1]
        result = json.loads(last)["result"] if last.startswith("{") else last
        assert call == {"name": "answer", "arguments": {"text": result}}
        called = prompt.rsplit("\nCalled ", 1)[1].split(" ")[0]
        assert called in offered(prompt)


def test_where_no_tool_helps_the_answer_comes_at_once():
    """The offered tools are about tables."""
    prompt, answer = tools.draw_direct("What color is the circle?", "red", random.Random(1))
    assert json.loads(answer) == {"name": "answer", "arguments": {"text": "red"}}
    assert prompt.startswith("What color is the circle?\n" + TOOLS_HEADING)
