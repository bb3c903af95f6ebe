"""Calling tools: which one, with which arguments, and what to make of its result.

Tools have names that mostly say nothing and descriptions that say all; which are offered, and in which order, changes
every time. So a model has to read the descriptions. Results are drawn at random and mostly contradict the picture: only
who reads them answers right.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vlmkit.tiny.scenes import BACKGROUNDS, COLORS, PLACES, SHAPES, SIZES, Scene, make

__all__ = [
    "ANSWER_LINE",
    "HEADING",
    "call_text",
    "draw_call",
    "draw_direct",
    "draw_result",
    "result_lines",
    "tool_line",
]

HEADING = 'Call one of these tools with one JSON object {"name": …, "arguments": {…}}:'
ANSWER_LINE = "- answer(text: string): gives the answer"
_OF_TABLES = ("describe", "compare", "search", "tag", "filter")
_SOUNDS = {
    "trained": ("ba", "do", "fe", "gi", "ko", "lu", "ma", "ne", "po", "ra", "si", "tu", "ve", "zo", "wi", "hu"),
    "held_out": ("qua", "xim", "jol", "yep", "bru", "ska", "fyr", "cle"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """What a tool can be for.

    Attributes
    ----------
    names, descriptions, requests : tuple of str
        The last of each is kept back from training. Requests have the arguments in braces.
    arguments : tuple of (tuple of str, str, str)
        What an argument can be called (the last is kept back), its type, and what is drawn for it.
    result : str
        What is drawn for the result.
    """

    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    requests: tuple[str, ...]
    arguments: tuple[tuple[tuple[str, ...], str, str], ...]
    result: str


_KINDS = (
    _Kind(names=("look", "zoom", "crop", "magnify"), result="thing",
          descriptions=("shows one place of the picture larger", "enlarges a part of the image", "zooms in on a place",
                        "takes a closer look at one region"),
          requests=("Look closer at the {0}.", "Zoom in on the {0}.", "Show me the {0} larger.", "Enlarge the {0}.",
                    "I want to see the {0} from nearby."),
          arguments=((("place", "where", "position", "region"), "string", "place"),)),
    _Kind(names=("count", "count_objects", "how_many", "tally"), result="number",
          descriptions=("counts objects of one kind", "says how many there are of something",
          "number of objects that fit",
                        "determines the amount of a kind of thing"),
          requests=("Count the {0} with a tool.", "How many {0} are there? Use a tool.", "Let a tool count the {0}.",
                    "Have the {0} counted."),
          arguments=((("what", "kind", "object", "target"), "string", "plural"),)),
    _Kind(names=("find", "locate", "detect", "search_object"), result="box",
          descriptions=("finds an object and gives its box", "says where an object is, as a box", "detects an object",
                        "returns the coordinates of a thing"),
          requests=("Find the {0}.", "Get the box of the {0}.", "Detect the {0}.", "Obtain coordinates for the {0}."),
          arguments=((("what", "object", "query", "target"), "string", "single"),)),
    _Kind(names=("background", "ground_color", "get_background", "ground"), result="background",
          descriptions=("says the color of the background", "names the background",
          "measures the color behind all objects",
                        "reads which color the ground has"),
          requests=("Ask a tool for the background.", "Which background is it? Use a tool.", "Measure the background.",
                    "Have the ground's color read."),
          arguments=()),
    _Kind(names=("describe", "caption", "write_caption", "narrate"), result="caption",
          descriptions=("writes a caption of a row's picture", "describes the picture of a row", "caption for one row",
                        "puts the image of a row into words"),
          requests=("Describe row {0}.", "Caption the picture of row {0}.", "What does row {0} show?",
          "Put row {0} into words."),
          arguments=((("row", "index", "number", "line"), "integer", "row"),)),
    _Kind(names=("compare", "diff", "compare_rows", "contrast"), result="row",
          descriptions=("compares two rows", "says which of two rows has more objects",
          "finds the fuller one of two pictures",
                        "weighs two rows against each other"),
          requests=("Compare rows {0} and {1}.", "Which has more objects, row {0} or row {1}?",
          "Is row {0} fuller than row {1}?",
                    "Weigh row {0} against row {1}."),
          arguments=((("first", "a", "left", "one"), "integer", "row"), (("second", "b", "right", "other"),
          "integer", "row"))),
    _Kind(names=("search", "find_rows", "query", "lookup"), result="rows",
          descriptions=("finds rows whose picture has something", "searches all pictures",
          "lists the rows with an object",
                        "looks something up in the whole table"),
          requests=("Which pictures have a {0}?", "Search all rows for a {0}.", "List the rows with a {0}.",
          "Look up a {0} in the table."),
          arguments=((("text", "query", "what", "needle"), "string", "single"),)),
    _Kind(names=("tag", "add_tag", "label_row", "annotate"), result="done",
          descriptions=("adds a tag to a row", "writes a label into a row", "labels a row", "attaches a word to a row"),
          requests=("Tag row {0} with {1}.", "Add the tag {1} to row {0}.", "Label row {0} as {1}.",
          "Attach {1} to row {0}."),
          arguments=((("row", "index", "number", "line"), "integer", "row"), (("tag", "label", "text", "word"),
          "string", "color"))),
    _Kind(names=("filter", "where", "select_rows", "keep"), result="rows",
          descriptions=("keeps the rows where a column has a value", "filters the table by a column",
          "selects rows by a value",
                        "narrows the table down to one value"),
          requests=("Filter the rows where {0} is {1}.", "Keep only rows with {0} {1}.",
          "Select rows whose {0} is {1}.",
                    "Narrow it down to {0} {1}."),
          arguments=((("column", "field", "name", "key"), "string", "column"), (("value", "equals", "is", "content"),
          "string", "color"))),
    _Kind(names=("read_text", "ocr", "read", "scan"), result="word",
          descriptions=("reads the text in the picture", "recognizes letters and numbers", "reads what is written",
                        "turns writing into text"),
          requests=("Read the text with a tool.", "Run OCR on it.", "Let a tool read what is written.",
          "Have the writing scanned."),
          arguments=()),
    _Kind(names=("size_of", "measure", "get_size", "gauge"), result="size",
          descriptions=("measures the size of an object", "says how big an object is",
          "tells whether an object is small or large",
                        "gauges how much room a thing takes"),
          requests=("Measure the {0}.", "How big is the {0}? Use a tool.", "Get the size of the {0}.",
          "Gauge the {0}."),
          arguments=((("what", "object", "thing", "target"), "string", "single"),)),
)  # fmt: skip


def tool_line(name: str, arguments: Sequence[tuple[str, str]], description: str) -> str:
    """Write the line that offers a tool.

    Parameters
    ----------
    name : str
    arguments : sequence of (str, str)
        Name and JSON type of each.
    description : str
    """
    listed = ", ".join(f"{argument}: {kind}" for argument, kind in arguments)
    return f"- {name}({listed}): {description}"


def call_text(name: str, arguments: dict[str, Any]) -> str:
    """Write a call."""
    return json.dumps({"name": name, "arguments": arguments})


def result_lines(name: str, arguments: dict[str, Any], result: str) -> str:
    """Write what was called and what came back, as it follows the tools in a prompt."""
    return f"Called {name} {json.dumps(arguments)}\nResult: {result}"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Offered:
    """A tool as it is offered this time: its kind's number, its name, and the names of its arguments."""

    kind: int
    name: str
    arguments: tuple[str, ...]
    line: str


def draw_call(rng: random.Random, *, held_out: bool = False) -> tuple[str, str]:
    """Make up tools and a request; returns the prompt and the right call.

    Parameters
    ----------
    rng : random.Random
    held_out : bool, default False
        Names, descriptions and requests that training never shows.
    """
    _, prompt, call = _draw(rng, held_out)
    return prompt, call


def draw_direct(request: str, answer: str, rng: random.Random, *, held_out: bool = False) -> tuple[str, str]:
    """Make up tools that are of no use for a request about the picture; returns the prompt and the direct answer.

    Parameters
    ----------
    request, answer : str
    rng : random.Random
    held_out : bool, default False
    """
    useless = rng.sample(
        [number for number, kind in enumerate(_KINDS) if kind.names[0] in _OF_TABLES], rng.randint(1, 3)
    )
    lines = [_offer(number, rng, held_out).line for number in useless]
    lines.insert(rng.randint(0, len(lines)), ANSWER_LINE)
    return "\n".join((request, HEADING, *lines)), call_text("answer", {"text": answer})


def draw_result(rng: random.Random, *, held_out: bool = False) -> tuple[str, str]:
    """Make up tools, a request, the call that was made and its result; returns the prompt and the right answer.

    Parameters
    ----------
    rng : random.Random
    held_out : bool, default False
    """
    kind, prompt, call = _draw(rng, held_out)
    made = json.loads(call)
    value = _VALUES[kind.result](rng)
    shown = value if rng.random() < 0.6 else json.dumps({"result": value})
    lines = result_lines(made["name"], made["arguments"], shown)
    return f"{prompt}\n{lines}", call_text("answer", {"text": value})


def _draw(rng: random.Random, held_out: bool) -> tuple[_Kind, str, str]:
    chosen = rng.sample(range(len(_KINDS)), rng.randint(1, 4))
    offered: dict[str, _Offered] = {}
    for number in chosen:
        tool = _offer(number, rng, held_out)
        offered.setdefault(tool.name, tool)
    wanted = rng.choice(list(offered.values()))
    kind = _KINDS[wanted.kind]
    drawn = [_VALUES[what](rng) for _, _, what in kind.arguments]
    request = _pick(kind.requests, rng, held_out).format(*drawn)
    values = {
        name: int(value) if kind_name == "integer" else value
        for name, value, (_, kind_name, _) in zip(wanted.arguments, drawn, kind.arguments, strict=True)
    }
    lines = [tool.line for tool in offered.values()]
    lines.insert(rng.randint(0, len(lines)), ANSWER_LINE)
    prompt = "\n".join((request, HEADING, *lines))
    return kind, prompt, call_text(wanted.name, values)


def _pick(choices: Sequence[str], rng: random.Random, held_out: bool) -> str:
    return choices[-1] if held_out else rng.choice(choices[:-1])


def _offer(number: int, rng: random.Random, held_out: bool) -> _Offered:
    kind = _KINDS[number]
    name = _opaque(rng, held_out) if rng.random() < 0.6 else _pick(kind.names, rng, held_out)
    arguments = tuple(_pick(names, rng, held_out) for names, _, _ in kind.arguments)
    types = [kind_name for _, kind_name, _ in kind.arguments]
    line = tool_line(name, list(zip(arguments, types, strict=True)), _pick(kind.descriptions, rng, held_out))
    return _Offered(kind=number, name=name, arguments=arguments, line=line)


def _opaque(rng: random.Random, held_out: bool) -> str:
    """A name that says nothing: syllables, with a number or an underscore now and then."""
    sounds = _SOUNDS["held_out" if held_out else "trained"]
    name = "".join(rng.choice(sounds) for _ in range(rng.randint(2, 3)))
    form = rng.random()
    if form < 0.2:
        return f"{name}{rng.randrange(10)}"
    return f"{name}_{rng.choice(sounds)}" if form < 0.4 else name


def _some_scene(rng: random.Random) -> Scene:
    return make(rng.randrange(10**12))


def _single(rng: random.Random) -> str:
    words = [rng.choice(SIZES)] if rng.random() < 0.3 else []
    return " ".join([*words, rng.choice(COLORS), rng.choice(SHAPES)])


def _plural(rng: random.Random) -> str:
    word = rng.choice((_single(rng), rng.choice(SHAPES)))
    return word + ("es" if word.endswith("s") else "s")


def _box(rng: random.Random) -> str:
    left, top = rng.randrange(700), rng.randrange(700)
    return str([left, top, left + rng.randint(100, 300), top + rng.randint(100, 300)])


_VALUES: dict[str, Callable[[random.Random], str]] = {
    "place": lambda rng: rng.choice(PLACES),
    "plural": _plural,
    "single": _single,
    "color": lambda rng: rng.choice(COLORS),
    "column": lambda rng: rng.choice(("background", "color", "shape", "tag", "kind")),
    "row": lambda rng: str(rng.randrange(rng.choice((10, 100, 1000)))),
    "rows": lambda rng: ", ".join(str(rng.randrange(200)) for _ in range(rng.randint(1, 4))),
    "number": lambda rng: str(rng.randrange(12)),
    "background": lambda rng: rng.choice(BACKGROUNDS),
    "size": lambda rng: rng.choice(SIZES),
    "thing": lambda rng: f"a {rng.choice(SIZES)} {rng.choice(COLORS)} {rng.choice(SHAPES)}",
    "caption": lambda rng: _some_scene(rng).caption("brief"),
    "word": lambda rng: rng.choice(("open", "EXIT", "42", "7", "Sale", "milk", "STOP", "1984")),
    "done": lambda rng: rng.choice(("done", "saved", "ok", "error: no such row")),
    "box": _box,
}
