"""Replies of any kind into every kind of question: a value that was asked for, or a typed fault of the row."""

import datetime as dt
import random
import sys
from functools import cache
from typing import Literal

from pydantic import BaseModel, Field

from tests.fuzz.driving import Fuzzer, command
from tests.fuzz.mutating import as_bytes, from_bytes, mutated_text
from vlmkit.errors import Refused, UnreadableReply
from vlmkit.prompts import compose_description, compose_form, compose_question, compose_score, compose_tags
from vlmkit.records import Reply, Token

ENDINGS = ("stop", "length", "unknown", "content_filter", "error", "model_context_window_exceeded", "\x1b")
VOCABULARY = {"color": ["red", "light blue"], "place": ["indoor", "outdoor"]}
SAMPLES = (
    "A red circle on white.", "3", "about 1,234.5", "yes", "No, there is none.", "red", "red, outdoor; light blue",
    "4/5", '{"count": 2, "size": {"width": 3.5}, "taken": "2020-01-02", "tags": ["a", "b"], "mood": "calm"}',
    '```json\n{"count": 1, "tags": []}\n```', "<think>hm</think> 7", "I cannot see any image.",
    "Sure! Here it is: five",
    "zwölf", "vingt et un", "三千二百", "[1, 2]", "{'count': None, 'tags': ('x',)}", "1. red\n2. blue", "Bitte: „rot“",
    '{"tags": {"color": ["red"]}}', "between 3 and 4", "**Answer:** 12 %", "١٢٫٥", "1e5", "-3", "½",
)  # fmt: skip


class Size(BaseModel):
    """A field with a field in it."""

    width: float
    unit: Literal["cm", "m"] = "cm"


class Scene(BaseModel):
    """A schema of many types."""

    count: int = Field(ge=0, le=1000)
    size: Size | None = None
    taken: dt.date | None = None
    tags: list[str] = []
    mood: Literal["calm", "wild"] | None = None
    is_indoor: bool = False


@cache
def tasks() -> tuple[object, ...]:
    """One question of each kind."""
    kinds = [compose_question("What?", dtype=dtype, into="a") for dtype in (str, int, float, bool)]
    kinds += [compose_question("Which?", choices=["red", "light blue", "none"], into="a")]
    kinds += [compose_question("What does the sign say?", max_characters=20, into="a")]
    kinds += [compose_description(style="brief", max_words=9, into="a"), compose_score("Sharp?", into="a")]
    kinds += [compose_form(schema, into="a") for schema in (Scene, {"a": int, "b": list[str]}, ["red", "blue"])]
    kinds += [compose_tags(VOCABULARY, multiple=several, into="a", report_unknown=several) for several in (True, False)]
    return tuple(kinds)


def make(draw: random.Random) -> bytes:
    """Number of a question, how the reply ended, and its text."""
    text = mutated_text(draw, draw.choice(SAMPLES))
    if draw.randrange(50) == 0:
        text = text * draw.choice([50, 2000])
    return as_bytes([draw.randrange(len(tasks())), draw.choice(ENDINGS), text])


def check(data: bytes) -> None:
    """Read replies of any kind as values of every kind."""
    match from_bytes(data):
        case [int(number), str(ending), str(text)]:
            task = tasks()[number % len(tasks())]
        case _:
            return
    tokens = tuple(Token(text=letter, probability=0.5) for letter in text[:200])
    reply = Reply(text=text, finish_reason=ending, model="fake:m", tokens=tokens)
    names = {field.name for field in task.fields}
    try:
        values = task.read(reply)
    except (UnreadableReply, Refused) as fault:
        assert str(fault).isprintable() or "\n" in str(fault)
    else:
        assert set(values) == names
        told = task.say(values)
        assert isinstance(told, str)
    assert set(task.confidence(reply)) == names
    partial = task.partial_text(reply)
    assert partial is None or partial.strip()
    task.is_shortened(reply)


FUZZER = Fuzzer(name="replies", make=make, check=check)

if __name__ == "__main__":
    sys.exit(command(FUZZER))
