"""JSON found in what models write, and nothing taken for it that is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.json_text import WrittenNumber, find_object

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
