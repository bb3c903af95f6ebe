"""Answers with calls of tools in them, in every family's form, whole and in pieces."""

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.chat.tools.calls_as_written import WAYS
from tests.chat.tools.conftest import TABLE, TOOLS, cut, read
from vlmkit.chat.tools import TOOL_STYLES, Scanner
from vlmkit.records import ToolDefinition

PROPERTIES = {
    "text": {"type": "string"},
    "count": {"type": "integer"},
    "ratio": {"type": "number"},
    "flag": {"type": "boolean"},
    "tags": {"type": "array"},
    "box": {"type": "object"},
}
FREE = (
    ToolDefinition(name="draw_it", parameters=json.dumps({"type": "object", "properties": PROPERTIES})),
    ToolDefinition(name="stop.now"),
)
MARKS = sorted(
    {mark for style in TOOL_STYLES.values() for mark in (*style.readers, *style.closers, *style.first)}
    | {"<think>", "</think>", "[ARGS]", "<｜tool▁sep｜>", '<|"|>', "<parameter=line>", "</parameter>", "<|message|>"}
    | {"<arg_key>line</arg_key>", "<arg_value>", '"name"', '"arguments"', "shell", "clock", "call:", "to=functions."}
    | {": ", ", ", '"', "'", "\\", "}", "]", "(", ")", "\n", " ", "\\u", "d83d", "```", "null", "{}"}
)

words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
# Whoever writes text between marks cannot write these marks in the text.
plain = words.filter(lambda text: "<" not in text)
scalars = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | plain
values = st.recursive(
    scalars,
    lambda inside: (
        st.lists(inside, max_size=3) | st.dictionaries(st.from_regex(r"[a-z]\w{0,5}", fullmatch=True), inside)
    ),
    max_leaves=6,
)
arguments = st.fixed_dictionaries(
    {},
    optional={
        "text": plain,
        "count": st.integers(),
        "ratio": st.floats(allow_nan=False, allow_infinity=False),
        "flag": st.booleans(),
        "tags": st.lists(values, max_size=3),
        "box": st.dictionaries(st.from_regex(r"[a-z]\w{0,5}", fullmatch=True), values, max_size=3),
    },
)
calls = st.lists(st.tuples(st.just("draw_it"), arguments) | st.just(("stop.now", {})), min_size=1, max_size=3)
messy = st.lists(st.sampled_from(MARKS) | words, max_size=14).map("".join)


def test_rows(row):
    """Text, names and arguments are those that the table says, and a problem stands only where one is."""
    found = read(row["style"], row["raw"])
    assert found.text == row["text"]
    assert [name for name, *_ in found.calls] == [name for name, _ in row["calls"]]
    assert sum(problem is not None for *_, problem in found.calls) == row.get("problems", 0)
    for (_, fragment, problem), (_, expected) in zip(found.calls, row["calls"], strict=True):
        assert problem is not None or json.loads(fragment) == expected


def test_rows_in_pieces(row):
    """Wherever an answer is cut, and cut into single characters, the same is found in it."""
    raw = row["raw"]
    whole = read(row["style"], raw)
    assert read(row["style"], *raw) == whole
    for place in range(1, len(raw)):
        assert read(row["style"], raw[:place], raw[place:]) == whole


def test_rows_by_all_styles_at_once(row):
    """The style that knows every form finds what the right one finds."""
    if row["about"] == "bare JSON where there are marks":
        pytest.skip("without a template nothing says that there are marks")
    assert read("auto", row["raw"]) == read(row["style"], row["raw"])


def test_rows_spoiled(row, rng):
    """Answers with characters left out, doubled and moved are read, in pieces as whole."""
    raw = row["raw"]
    for _ in range(4):
        at, length, to = rng.randrange(len(raw)), rng.randrange(1, 5), rng.randrange(len(raw))
        left_out = raw[:at] + raw[at + length :]
        for spoiled in (left_out, raw[:at] + raw[at : at + length] + raw[at:], left_out[:to] + raw[at : at + length]):
            whole = read(row["style"], spoiled)
            assert read(row["style"], *spoiled) == whole == read(row["style"], *cut(spoiled, rng))
            assert is_within(whole.text, spoiled)


def is_within(text, raw):
    """Whether all characters of a text stand in another one, in the same order."""
    rest = iter(raw)
    return all(character in rest for character in text)


@pytest.mark.parametrize("style", WAYS)
@settings(deadline=None, max_examples=25)
@given(calls=calls, before=plain, behind=plain, data=st.data())
def test_what_was_written_is_read(style, calls, before, behind, data):
    """Calls that are written in a family's form come back with the same arguments, and the text around them."""
    written = data.draw(st.sampled_from(WAYS[style]))(calls)
    begins = written.startswith(tuple(TOOL_STYLES[style].readers))
    raw = f"{before if begins else ''}{written}{'' if style == 'llama' else behind}"
    found = read(style, raw, tools=FREE)
    assert [(name, json.loads(fragment), problem) for name, fragment, problem in found.calls] == [
        (name, arguments, None) for name, arguments in calls
    ]
    expected = (before if begins and before.strip() else "") + (
        "" if style == "llama" or not behind.strip() else behind
    )
    assert found.text == expected
    places = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=5)))
    pieces = [raw[start:end] for start, end in zip([0, *places], [*places, len(raw)], strict=True)]
    assert read(style, *pieces, tools=FREE) == found


@pytest.mark.parametrize("style", TOOL_STYLES)
@settings(deadline=None, max_examples=30)
@given(raw=messy, data=st.data())
def test_any_text_is_read(style, raw, data):
    """No text raises; cut anywhere it reads the same; what is text stands in it; without tools all of it is text."""
    whole = read(style, raw)
    assert is_within(whole.text, raw)
    assert is_within(whole.reasoning, raw)
    places = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=4)))
    pieces = [raw[start:end] for start, end in zip([0, *places], [*places, len(raw)], strict=True)]
    assert read(style, *pieces) == read(style, *raw) == whole
    if style not in {"harmony", "auto"} and not re.match(r"\s*(<(think|\|channel)|\[THINK)", raw):
        assert read(style, raw, tools=()).text == raw


def test_ids():
    """A call gets a name of OpenAI's form; a model's own is kept."""
    hermes = read("hermes", '<tool_call>{"name": "clock"}</tool_call>' * 2)
    assert len(set(hermes.ids)) == 2
    assert all(re.fullmatch("call_[0-9a-f]{24}", each) for each in hermes.ids)
    row = next(row for row in TABLE["rows"] if row["style"] == "kimi")
    assert read("kimi", row["raw"]).ids == ["functions.disk-io.open:0"]


def test_a_call_is_told_as_early_as_possible():
    """Its name comes with the character behind it, its arguments with theirs."""
    scanner = Scanner(TOOL_STYLES["hermes"], TOOLS)
    assert scanner.feed('<tool_call>{"name": "shell"') == []
    assert [type(event).__name__ for event in scanner.feed(",")] == ["CallStart"]
    assert scanner.calls == 1
    assert [event.fragment for event in scanner.feed(' "arguments": {"line": "ls -')] == ['{"line": "ls -']
    assert [event.fragment for event in scanner.feed("l")] == ["l"]


def test_text_comes_at_once():
    """Only what may become a mark is kept back."""
    scanner = Scanner(TOOL_STYLES["hermes"], TOOLS)
    assert "".join(event.text for event in scanner.feed("a < b <tool_")) == "a < b "
    assert "".join(event.text for event in scanner.feed("box>")) == "<tool_box>"


def test_one_call_only():
    """Where several are not allowed, everything behind the first is left out."""
    raw = 'So: <tool_call>{"name": "clock"}</tool_call> and <tool_call>{"name": "clock"}</tool_call>'
    scanner = Scanner(TOOL_STYLES["hermes"], TOOLS, parallel=False)
    assert not scanner.is_complete
    scanner.feed(raw)
    assert scanner.is_complete
    assert scanner.feed("more") == []
    found = read("hermes", raw, parallel=False)
    assert (found.text, len(found.calls)) == ("So: ", 1)
    assert len(read("phi", 'functools[{"name": "clock"}, {"name": "clock"}]', parallel=False).calls) == 1
    assert len(read("pythonic", "[clock(), clock()]", parallel=False).calls) == 1


def test_deep_nesting():
    """Arguments deeper than any tool takes end the call with a problem; a deep name is none."""
    for depth in (99, 5000):
        opening, closing = '{"a": ' * depth, "}" * depth
        found = read("hermes", f'<tool_call>{{"name": "shell", "arguments": {opening}1{closing}}}</tool_call>')
        assert (found.calls[0][2] is None) is (depth == 99)
        assert read("hermes", f'<tool_call>{{"arguments": {opening}1{closing}, "name": "shell"}}').calls or depth > 99
    assert read("hermes", "<tool_call>" + '{"function": ' * 5000).calls == []


@pytest.mark.parametrize(
    ("style", "begin", "piece"),
    [
        ("hermes", "", "<tool_call>{"),
        ("hermes", '<tool_call>{"name": "shell", "arguments": {"line": "', "a<\\n{"),
        ("hermes", '<tool_call>{"arguments": {"line": "', "<tool_call>"),
        ("hermes", '<tool_call>{"name": "shell", "arguments": {"x": [', "[1],"),
        ("qwen3_coder", "<tool_call><function=shell><parameter=line>", "</parameter>\n"),
        ("glm", "<tool_call>shell<arg_key>line</arg_key><arg_value>", "</arg_value> \n"),
        ("gemma", '<|tool_call>call:shell{line:<|"|>', "<|<"),
        ("pythonic", "[shell(line='''", "''\\"),
        ("mistral", "[TOOL_CALLS][", '{"name": "x"},'),
        ("auto", "", "<tool_call>[<|channel|>"),
    ],
)
def test_little_waits(style, begin, piece):
    """However long an answer is, what waits unread is never more than some marks: time grows as the text does."""
    scanner = Scanner(TOOL_STYLES[style], TOOLS)
    scanner.feed(begin)
    for character in piece * (3000 // len(piece)):
        scanner.feed(character)
        assert len(scanner._source._text) - scanner._source._at < 80
    scanner.finish()


@pytest.mark.parametrize("behind", ["[", "[]", "[1] is what it says", " [x"])
def test_a_bracket_behind_a_call_is_text(behind):
    """A list could come, but no call stands in it."""
    found = read("hermes", '<tool_call>{"name": "stop.now", "arguments": {}}' + behind, tools=FREE)
    assert (found.text.strip(), len(found.calls)) == (behind.strip(), 1)
