"""JSON found in what models write, and nothing taken for it that is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.json_text import WrittenNumber, find_object, value_spans

OBJECT = {"a": 1, "b": ["x", {"c": None}]}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "b": ["x", {"c": null}]}',
        'Sure! {"a": 1, "b": ["x", {"c": null}]} Hope this helps {smile}',
        'Here:\n```json\n{"a": 1, "b": ["x", {"c": null}]}\n```\nDone.',
        '```\n{"a": 1, "b": ["x", {"c": null,},],}\n```',
        "{'a': 1, 'b': ['x', {'c': None}]}",
    ],
    ids=["bare", "prose", "fence", "trailing commas", "python"],
)
def test_an_object_is_found(text):
    """An object is found."""
    assert find_object(text) == OBJECT


@pytest.mark.parametrize(
    "text",
    ["", "none", "[1, 2]", '{"a": 1, "b": {"c": 2}', "{'a': open('x')}", '{"a": 1 "b": 2}', "{" * 50_000, '"{}"x'],
    ids=["nothing", "prose", "list", "cut off", "code", "comma missing", "deep", "empty in prose"],
)
def test_what_is_no_object_is_said_and_nothing_inside_it_is_taken_for_it(text):
    """What is not an object is said and nothing inside it is taken for it."""
    if text == '"{}"x':
        assert find_object(text) == {}
        return
    with pytest.raises(UnreadableReply, match="JSON object"):
        find_object(text)


@given(st.text(max_size=60) | st.text("{}[]\",:'1a \n`", max_size=40))
def test_any_text_gives_an_object_or_the_one_fault(text):
    """Any text gives an object or the one fault."""
    try:
        assert isinstance(find_object(text), dict)
    except UnreadableReply as fault:
        assert len(str(fault)) < 300  # noqa: PT017  both ends are right


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 1}\n{"n": 2}',
        '[{"n": 1}, {"n": 2}]',
        '```json\n{"n": 1}\n```\nWait, correction:\n```json\n{"n": 2}\n```',
        '{"n": 1} or {"n": 2',
        '{"n": 1} {}',
        '{"n": 1, "n": 2}',
        "{'n': 1, 'n': 2}",
        '{"n": {"m": 1, "m": 2}}',
        '{"n": NaN}',
        '{"n": -Infinity}',
        '{"n": 1e400}',
        "{'n': 1e400}",
        '{"n": [1, 1e999]}',
        '{n: {"m": 1}}',
        '{{"n": 1}}',
    ],
)
def test_doubt_about_an_object_is_no_object(text):
    """Two that differ, a key that is there twice, a number that is none, an object inside a broken one."""
    with pytest.raises(UnreadableReply):
        find_object(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 1}\n{"n": 1}',
        '[{"n": 1}]',
        '```json\n{"n": 1}\n```\nSo the answer is {"n": 1}.',
        '{"n": 1, "n": 1}',
        'In the format [see above] {of objects}: {"n": 1}',
        '{"n": 1.0}',
    ],
)
def test_one_object_may_be_said_twice(text):
    """As long as it is the same one."""
    assert find_object(text) == {"n": 1}


def test_many_brackets_take_no_time():
    """A degenerate answer ends soon."""
    with pytest.raises(UnreadableReply):
        find_object("[" * 100_000 + "{'" * 50_000)


def test_a_number_keeps_its_digits():
    """It is a float all the same."""
    found = find_object('{"a": 12.50, "b": 3}')
    assert (found, found["a"].text) == ({"a": 12.5, "b": 3}, "12.50")
    assert isinstance(found["a"], WrittenNumber)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def flat(value, path=()):
    """Values of an object by the keys that lead to them, inner objects included."""
    for key, inner in value.items():
        yield (*path, key), inner
        if isinstance(inner, dict):
            yield from flat(inner, (*path, key))


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4), st.sampled_from([None, 2]), st.booleans())
def test_every_value_is_found(value, indent, ascii_only):
    """However the object is laid out; what stands between start and end is the value."""
    text = "Here: " + json.dumps(value, indent=indent, ensure_ascii=ascii_only) + " Done."
    spans = value_spans(text)
    assert {path: json.loads(text[start:end]) for path, (start, end) in spans.items()} == dict(flat(value))


@pytest.mark.parametrize(
    "text", ["", "no object", '{"a": 1', '{"a" 1}', '{"a": 1 "b": 2}', "{'a': 1}", "{1: 2}", "{" * 9]
)
def test_what_is_no_object_has_no_values(text):
    """Broken, cut off, in Python's spelling."""
    assert value_spans(text) == {}
