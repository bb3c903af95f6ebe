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

from vlmkit.backends import DIRECT_ANSWER, TOOLS_HEADING, call_text, result_lines, tool_line
from vlmkit.tiny.paraphrases import Paraphrases, of
from vlmkit.tiny.scenes import BACKGROUNDS, COLORS, PLACES, SHAPES, SIZES, Scene, make

__all__ = ["draw_call", "draw_direct", "draw_result"]

_ANSWER_LINE = tool_line(DIRECT_ANSWER.name, [("text", "string")], DIRECT_ANSWER.description)
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
    names : tuple of str
        The last is kept back from training.
    descriptions, requests : Paraphrases
        Requests have the arguments in braces.
    kept_back : tuple of (str, str)
        A description and a request that training never shows.
    arguments : tuple of (tuple of str, str, str)
        What an argument can be called (the last is kept back), its type, and what is drawn for it.
    result : str
        What is drawn for the result.
    """

    names: tuple[str, ...]
    descriptions: Paraphrases
    requests: Paraphrases
    kept_back: tuple[str, str]
    arguments: tuple[tuple[tuple[str, ...], str, str], ...]
    result: str


_PIC = ("picture", "image", "scene", "photo", "drawing")
_TOOL = ("", " with a tool", " by a tool", " for me")
_TABLE = ("table", "data", "list", "dataset", "frame")

_KINDS = (
    _Kind(names=("look", "zoom", "crop", "enlarge", "closeup", "inspect", "magnify"), result="thing",
          descriptions=of("<shows> one <place> of the <pic> <larger>", "<enlarges> a <place> of the <pic>",
                          "<enlarges> one <place>", "takes a closer look at one <place>",
                          "cuts out one <place> of the <pic>",
                          "returns a <place> of the <pic>, <larger>", "gives a close view of a <place>",
                          shows=("shows", "displays", "gives", "returns"), place=("place", "part", "region", "cell",
                          "area"),
                          enlarges=("enlarges", "zooms in on", "zooms into", "crops", "magnifies"), pic=_PIC,
                          larger=("larger", "enlarged", "bigger", "from nearby", "in close-up")),
          requests=of("<look> the {0}<tool>.", "<zoom> the {0}<tool>.", "Show me the {0} <larger>.",
                      "I want to see the {0} <larger>.",
                      "What is at the {0}? <zoom> it.", "Give me a close view of the {0}.", "Cut out the {0}.",
                      look=("Look closer at", "Take a closer look at", "Look at"), tool=_TOOL,
                      zoom=("Zoom in on", "Enlarge", "Crop", "Magnify", "Zoom into"),
                      larger=("larger", "enlarged", "bigger", "from nearby", "in close-up")),
          kept_back=("zooms in on a place and shows it bigger", "Zoom in and show me the {0} from nearby."),
          arguments=((("place", "where", "position", "cell", "area", "part", "region"), "string", "place"),)),
    _Kind(names=("count", "count_objects", "how_many", "number_of", "counter", "tally"), result="number",
          descriptions=of("<counts> <things> <one>", "says how many <things> there are",
                          "<number> of <things> that fit",
                          "<number> of <things> in the <pic>", "tells how many <things> are in the <pic>",
                          "<counts> what is in the <pic>", "finds out how many <things> the <pic> has",
                          counts=("counts", "tallies", "adds up"), things=("objects", "shapes", "things", "items"),
                          one=("of one kind", "of some kind", "that you name", "in the picture"), pic=_PIC,
                          number=("number", "count", "amount", "total number")),
          requests=of("Count the {0}<tool>.", "How many {0} are there? Use a tool.", "Let a tool count the {0}.",
                      "<find> how many {0} there are.", "<get> the <number> of {0}.", "Have a tool count the {0}.",
                      "How many {0}?", "Count all {0}, please.",
                      tool=_TOOL, find=("Find out", "Tell me", "Check", "I want to know"), get=("Get", "Give me",
                      "Find"),
                      number=("number", "count", "amount", "total")),
          kept_back=("adds up the objects of a kind", "Please have the {0} counted."),
          arguments=((("what", "kind", "object", "things", "of", "target"), "string", "plural"),)),
    _Kind(names=("find", "locate", "detect", "get_box", "where_is", "search_object"), result="box",
          descriptions=of("<finds> <thing> and <gives> its <box>", "<gives> the <box> of <thing>",
                          "says where <thing> is, as a <box>",
                          "<finds> <thing>", "<finds> <thing> in the <pic>", "<gives> <thing>'s <box>",
                          "tells the position of <thing> by a <box>",
                          finds=("finds", "locates", "detects", "spots"), thing=("an object", "a thing", "one object",
                          "a shape"),
                          gives=("gives", "returns", "says", "outputs"), box=("box", "bounding box", "coordinates",
                          "rectangle"),
                          pic=_PIC),
          requests=of("<find> the {0}<tool>.", "<get> the <box> of the {0}.", "Where is the {0}? Use a tool.",
                      "<get> <box> for the {0}.", "Let a tool <find2> the {0}.", "I need the <box> of the {0}.",
                      find=("Find", "Locate", "Detect", "Spot"), find2=("find", "locate", "detect"), tool=_TOOL,
                      get=("Get", "Give me", "Return", "Obtain"), box=("box", "bounding box", "coordinates")),
          kept_back=("locates a thing, returns its coordinates", "Obtain the coordinates of the {0}."),
          arguments=((("what", "object", "query", "thing", "name", "target"), "string", "single"),)),
    _Kind(names=("background", "ground_color", "get_background", "backdrop", "ground"), result="background",
          descriptions=of("<says> the <color> of the <ground>", "<says> the <ground>",
                          "<says> the <color> behind <all>",
                          "<says> which <color> the <ground> has", "<ground> <color> of the <pic>",
                          says=("says", "names", "measures", "reads", "returns", "tells"), color=("color", "hue",
                          "tone"),
                          ground=("background", "ground", "backdrop"), all=("all objects", "the objects",
                          "everything"), pic=_PIC),
          requests=of("Ask a tool for the <ground>.", "Which <ground> is it? Use a tool.",
                      "<measure> the <ground><tool>.",
                      "<measure> the <color> of the <ground>.", "Let a tool name the <ground>.",
                      "What <color> is behind the objects?",
                      measure=("Measure", "Read", "Get", "Name", "Find out"), ground=("background", "ground",
                      "backdrop"),
                      color=("color", "hue", "tone"), tool=_TOOL),
          kept_back=("reads the tone of the ground", "Have a tool read the ground's color."),
          arguments=()),
    _Kind(names=("describe", "caption", "write_caption", "captioner", "summarize", "narrate"), result="caption",
          descriptions=of("<writes> a <caption> of a row's <pic>", "<describes> the <pic> of a row",
                          "<caption> for one row",
                          "<describes> what a row shows", "puts the <pic> of a row into words",
                          "<writes> a <caption> for one row of the table",
                          writes=("writes", "gives", "makes", "returns"), caption=("caption", "description",
                          "sentence"),
                          describes=("describes", "captions", "summarizes"), pic=_PIC),
          requests=of("<describe> row {0}<tool>.", "<describe> the <pic> of row {0}.", "What does row {0} show?",
                      "<get> a <caption> of row {0}.", "Let a tool describe row {0}.",
                      "What is in the <pic> of row {0}?",
                      "I need a <caption> for row {0}.",
                      describe=("Describe", "Caption", "Summarize"), pic=_PIC, tool=_TOOL, get=("Get", "Write", "Make",
                      "Give me"),
                      caption=("caption", "description", "sentence")),
          kept_back=("summarizes the image of one row in words", "Put what row {0} shows into words."),
          arguments=((("row", "index", "number", "id", "row_number", "line"), "integer", "row"),)),
    _Kind(names=("compare", "diff", "compare_rows", "versus", "contrast"), result="row",
          descriptions=of("<compares> two <rows>", "says which of two <rows> has <more>",
                          "finds the one of two <rows> that has <more>",
                          "<compares> the <pics> of two rows", "<compares> one row with another",
                          compares=("compares", "contrasts", "weighs"), rows=("rows", "pictures", "rows of the table"),
                          pics=("pictures", "images", "captions"), more=("more objects", "more in it",
                          "the higher count")),
          requests=of("<compare> rows {0} and {1}<tool>.", "Which has more objects, row {0} or row {1}?",
                      "<compare> row {0} with row {1}.",
                      "Is there more in row {0} or in row {1}?", "Which of rows {0} and {1} has more?",
                      "Let a tool compare row {0} and row {1}.",
                      compare=("Compare", "Contrast", "Weigh"), tool=_TOOL),
          kept_back=("weighs the images of two rows", "Weigh row {0} against row {1}."),
          arguments=((("first", "a", "left", "row_a", "one"), "integer", "row"), (("second", "b", "right", "row_b",
          "other"), "integer", "row"))),
    _Kind(names=("search", "find_rows", "query", "search_table", "lookup"), result="rows",
          descriptions=of("<finds> rows whose <pic> has something", "<searches> all <pics>",
                          "<searches> the <table> for a text",
                          "<finds> the rows with an object", "<finds> all rows that show something",
                          "<searches> all rows",
                          finds=("finds", "lists", "returns"), pic=_PIC, searches=("searches", "searches through",
                          "looks through"),
                          pics=("pictures", "images"), table=_TABLE),
          requests=of("Which <pics> have a {0}?", "Search all rows for a {0}.", "<find> the rows with a {0}.",
                      "Search the <table> for a {0}.",
                      "<find> all <pics> that show a {0}.", "In which rows is a {0}?",
                      "Look through the <table> for a {0}.",
                      pics=("pictures", "images", "rows"), find=("List", "Find", "Show", "Search"), table=_TABLE),
          kept_back=("looks through the whole table for something", "Look for a {0} in the whole table."),
          arguments=((("text", "query", "what", "term", "words", "needle"), "string", "single"),)),
    _Kind(names=("tag", "add_tag", "label_row", "set_tag", "annotate"), result="done",
          descriptions=of("<adds> a <tag> to a row", "<writes> a <tag> into a row", "<labels> a row",
                          "gives a row a <tag>",
                          "<labels> one row with a word", "<adds> one <tag> to one row",
                          adds=("adds", "attaches", "appends"), tag=("tag", "label", "word", "keyword"),
                          writes=("writes", "puts", "sets"), labels=("labels", "tags", "marks", "annotates")),
          requests=of("<tag> row {0} <as> {1}.", "<add> the tag {1} to row {0}.", "<add> the label {1} to row {0}.",
                      "Give row {0} the tag {1}.", "Write {1} into row {0} as a <word>.",
                      "Row {0} needs the <word> {1}.",
                      tag=("Tag", "Label", "Mark", "Annotate"), add=("Add", "Attach", "Append"), word=("tag", "label",
                      "keyword"),
                      **{"as": ("with", "as", "by")}),
          kept_back=("puts a keyword into a row", "Attach the word {1} to row {0}."),
          arguments=((("row", "index", "number", "id", "line"), "integer", "row"), (("tag", "label", "text", "keyword",
          "word"), "string", "color"))),
    _Kind(names=("filter", "where", "select_rows", "subset", "keep"), result="rows",
          descriptions=of("<keeps> the rows where a <column> has a value", "<filters> the <table> by a <column>",
                          "<keeps> rows by a value",
                          "<keeps> only rows with one value", "<filters> rows by the value of a <column>",
                          keeps=("keeps", "selects", "returns", "takes"), column=("column", "field"),
                          filters=("filters", "narrows", "reduces"),
                          table=_TABLE),
          requests=of("<filter> the rows where {0} is {1}.", "<keep> only rows with {0} {1}.",
                      "<keep> rows whose {0} is {1}.",
                      "<filter> the <table> by {0} {1}.", "Only the rows where {0} is {1}, please.",
                      "Narrow the <table> to {0} {1}.",
                      filter=("Filter", "Select", "Take"), keep=("Keep", "Select", "Show"), table=_TABLE),
          kept_back=("narrows the table to rows with one value", "Narrow it down to rows with {0} {1}."),
          arguments=((("column", "field", "name", "by", "key"), "string", "column"), (("value", "equals", "is",
          "match", "content"), "string", "color"))),
    _Kind(names=("read_text", "ocr", "read", "text_of", "scan"), result="word",
          descriptions=of("<reads> the <text> in the <pic>", "<reads> letters and numbers", "<reads> what is written",
                          "turns <text> into text",
                          "<reads> the <text>", "says which <text> the <pic> has",
                          reads=("reads", "recognizes", "transcribes", "extracts"), text=("text", "writing",
                          "lettering", "words"), pic=_PIC),
          requests=of("<read> the <text><tool>.", "Run OCR on it.", "Let a tool read what is written.",
                      "What is written? Use a tool.",
                      "<read> what is written in the <pic>.", "Get the <text> of the <pic>.",
                      read=("Read", "Transcribe", "Extract", "Recognize"), text=("text", "writing", "lettering",
                      "words"), tool=_TOOL, pic=_PIC),
          kept_back=("recognizes the words in a picture", "Have a tool transcribe the writing."),
          arguments=()),
    _Kind(names=("size_of", "measure", "get_size", "how_big", "gauge"), result="size",
          descriptions=of("<measures> the <size> of an object", "says how <big> an object is",
                          "<says> whether an object is small or large",
                          "<measures> how <big> a thing is", "<says> the <size> of a thing in the <pic>",
                          measures=("measures", "determines", "estimates"), size=("size", "dimensions", "extent"),
                          big=("big", "large"),
                          says=("says", "tells", "returns"), pic=_PIC),
          requests=of("Measure the {0}<tool>.", "How <big> is the {0}? Use a tool.", "<get> the size of the {0}.",
                      "Is the {0} small or large? Use a tool.",
                      "Let a tool measure the {0}.", "Find out how <big> the {0} is.",
                      tool=_TOOL, big=("big", "large"), get=("Get", "Give me", "Determine", "Estimate")),
          kept_back=("determines how large a thing is", "Have the size of the {0} measured."),
          arguments=((("what", "object", "thing", "item", "target"), "string", "single"),)),
)  # fmt: skip


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
    lines.insert(rng.randint(0, len(lines)), _ANSWER_LINE)
    return "\n".join((request, TOOLS_HEADING, *lines)), call_text(DIRECT_ANSWER.name, {"text": answer})


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
    return f"{prompt}\n{lines}", call_text(DIRECT_ANSWER.name, {"text": value})


def _draw(rng: random.Random, held_out: bool) -> tuple[_Kind, str, str]:
    chosen = rng.sample(range(len(_KINDS)), rng.randint(1, 4))
    offered: dict[str, _Offered] = {}
    for number in chosen:
        tool = _offer(number, rng, held_out)
        offered.setdefault(tool.name, tool)
    wanted = rng.choice(list(offered.values()))
    kind = _KINDS[wanted.kind]
    drawn = [_VALUES[what](rng) for _, _, what in kind.arguments]
    request = _worded(kind, kind.requests, rng, held_out).format(*drawn)
    values = {
        name: int(value) if kind_name == "integer" else value
        for name, value, (_, kind_name, _) in zip(wanted.arguments, drawn, kind.arguments, strict=True)
    }
    lines = [tool.line for tool in offered.values()]
    lines.insert(rng.randint(0, len(lines)), _ANSWER_LINE)
    prompt = "\n".join((request, TOOLS_HEADING, *lines))
    return kind, prompt, call_text(wanted.name, values)


def _worded(kind: _Kind, texts: Paraphrases, rng: random.Random, held_out: bool) -> str:
    """One of a kind's descriptions, or of its requests."""
    if held_out:
        return kind.kept_back[texts is kind.requests]
    while (text := texts.draw(rng)) in kind.kept_back:
        pass
    return text


def _pick(choices: Sequence[str], rng: random.Random, held_out: bool) -> str:
    return choices[-1] if held_out else rng.choice(choices[:-1])


def _offer(number: int, rng: random.Random, held_out: bool) -> _Offered:
    kind = _KINDS[number]
    name = _opaque(rng, held_out) if rng.random() < 0.6 else _pick(kind.names, rng, held_out)
    arguments = tuple(_pick(names, rng, held_out) for names, _, _ in kind.arguments)
    types = [kind_name for _, kind_name, _ in kind.arguments]
    description = _worded(kind, kind.descriptions, rng, held_out)
    line = tool_line(name, list(zip(arguments, types, strict=True)), description)
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
