"""Answers with calls in them, and what is read of them."""

import json
import random
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from vlmkit.chat.events import CallArguments, CallEnd, CallStart, ReasoningDelta, TextDelta
from vlmkit.chat.tools import TOOL_STYLES, Scanner
from vlmkit.records import ToolDefinition

TABLE = json.loads(Path(__file__).with_name("tool_calls.json").read_text(encoding="utf-8"))
TOOLS = tuple(ToolDefinition(name=name, parameters=json.dumps(schema)) for name, schema in TABLE["tools"].items())


@dataclass
class Found:
    """All that the events of an answer say; calls as [name, arguments, problem]."""

    text: str = ""
    reasoning: str = ""
    calls: list = field(default_factory=list)
    ids: list = field(default_factory=list, compare=False)

    def take(self, events):
        for event in events:
            match event:
                case TextDelta(text):
                    self.text += text
                case ReasoningDelta(text):
                    self.reasoning += text
                case CallStart(index, call_id, name):
                    assert index == len(self.calls)
                    self.calls.append([name, "", "running"])
                    self.ids.append(call_id)
                case CallArguments(index, fragment):
                    assert index == len(self.calls) - 1
                    assert self.calls[-1][2] == "running"
                    assert fragment
                    self.calls[-1][1] += fragment
                case CallEnd(index, problem):
                    assert index == len(self.calls) - 1
                    assert self.calls[-1][2] == "running"
                    self.calls[-1][2] = problem


def read(style, *pieces, tools=TOOLS, **options):
    """What a scanner finds in an answer that comes in pieces."""
    scanner, found = Scanner(TOOL_STYLES[style] if isinstance(style, str) else style, tools, **options), Found()
    for piece in pieces:
        found.take(scanner.feed(piece))
    found.take(scanner.finish())
    assert all(problem != "running" for *_, problem in found.calls)
    return found


def cut(text, rng):
    """A text in pieces of all sizes, empty ones among them."""
    places = sorted(rng.randrange(len(text) + 1) for _ in range(rng.randrange(1, 9)))
    return [text[start:end] for start, end in zip([0, *places], [*places, len(text)], strict=True)]


@pytest.fixture
def rng():
    """The same random choices every time."""
    return random.Random(7)


def pytest_generate_tests(metafunc):
    """Every row of the table, by its style and what it is about."""
    if "row" in metafunc.fixturenames:
        rows = TABLE["rows"]
        metafunc.parametrize("row", rows, ids=[f"{row['style']}: {row['about']}" for row in rows])
