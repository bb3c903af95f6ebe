"""How well a model plans with tools: which it calls, with what, and whether it reads what came back.

    python -m tests.benchmarks.planner --model tiny --scenes 30

Each run is a conversation of an agent about a drawn scene, with one to four tools of which one fits the request. Names
mostly say nothing, descriptions say all. The tool that fits gives something drawn at random, which mostly contradicts
the picture: only who reads it answers right. Each scene is asked twice: a call must be made ("required"), or the model
decides ("auto"). `--unseen` takes words that `tiny` was never trained on.
"""

import argparse
import json
import random
import re
import sys
from dataclasses import dataclass, fields

import vlmkit as vk
from vlmkit.agent import Agent, Tool
from vlmkit.backends import DIRECT_ANSWER
from vlmkit.tiny import scenes, tools

FIRST_SEED = 4_000_000_000_000  # neither training nor the evaluation takes these
_LINE = re.compile(r"- (\w+)\((.*?)\): (.+)")


@dataclass(frozen=True)
class Task:
    """A request, the tools it is put with, the call that fits, and the answer that is to be read in its result."""

    request: str
    tools: tuple[Tool, ...]
    call: dict
    answer: str


@dataclass
class Tally:
    """In how many conversations something was right.

    ``tool``: the first call is of the tool that fits; ``call``: its arguments are exact, too; ``read``: it was, and the
    answer is what the tool said, word by word.
    """

    total: int = 0
    tool: int = 0
    call: int = 0
    read: int = 0

    def __str__(self):
        counted = [f"{field.name} {getattr(self, field.name)}" for field in fields(self)[1:]]
        return f"{' · '.join(counted)} of {self.total}"


def task(number, *, unseen):
    """Draw a task, in the words of the prompts that `tiny` is trained on."""
    prompt, answer = tools.draw_result(random.Random(f"planner {number} {unseen}"), held_out=unseen)
    offered, _, done = prompt.partition("\nCalled ")
    request, _heading, *lines = offered.split("\n")
    called, _, given = done.partition("\nResult: ")
    name, _, arguments = called.partition(" ")
    result = json.loads(answer)["arguments"]["text"]
    return Task(request, tuple(_offer(lines, name, given)), {"name": name, "arguments": json.loads(arguments)}, result)


def _offer(lines, right, given):
    for line in lines:
        name, arguments, description = _LINE.fullmatch(line).groups()
        if name != DIRECT_ANSWER.name:  # an agent offers it anyway
            types = dict(re.findall(r"(\w+): (\w+)", arguments))
            properties = {argument: {"type": kind} for argument, kind in types.items()}
            schema = {"type": "object", "properties": properties, "required": list(types)}
            said = given if name == right else "nothing"
            yield Tool(name=name, description=description, parameters=schema, call=lambda said=said, **_given: said)


def plan(model, scenes_count, *, choice, unseen=False, max_turns=3):
    """Let a model work on so many scenes; gives a `Tally`, and the conversations.

    Parameters
    ----------
    model : Backend
    scenes_count : int
    choice : {"required", "auto"}
        Of the first reply.
    unseen : bool, default False
    max_turns : int, default 3
    """
    tally, talks = Tally(), []
    for number in range(scenes_count):
        drawn = task(number, unseen=unseen)
        scene = scenes.make(FIRST_SEED + number).draw()
        agent = Agent(model, tools=drawn.tools, max_tokens=120)
        talk = agent.run(drawn.request, images=[scene], tool_choice=choice, max_turns=max_turns, sum_up=False)
        first = talk.steps[0] if talk.steps else None
        tally.total += 1
        tally.tool += first is not None and first.tool == drawn.call["name"]
        is_exact = first is not None and {"name": first.tool, "arguments": first.arguments} == drawn.call
        tally.call += is_exact
        tally.read += is_exact and talk.text == drawn.answer
        talks.append((drawn, talk))
    return tally, talks


def main(arguments=None):
    """Read the command line, let the model plan, print what was right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--scenes", type=int, default=100)
    parser.add_argument("--unseen", action="store_true")
    parser.add_argument("--wrong", action="store_true", help="print conversations that went wrong")
    options = parser.parse_args(arguments)
    tallies = {}
    with vk.load(options.model) as model:
        for choice, label in (("required", "it must call"), ("auto", "it decides")):
            tallies[choice], talks = plan(model, options.scenes, choice=choice, unseen=options.unseen)
            sys.stdout.write(f"{label:12} {tallies[choice]}\n")
            for drawn, talk in talks if options.wrong else ():
                if talk.text != drawn.answer:
                    sys.stdout.write(f"{drawn.call} → {drawn.answer!r}\n{talk}\n\n")
    return tallies


if __name__ == "__main__":
    main()
