"""JSON as models write it, made right."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmkit.chat.tools.json_values import GEMMA, JSON, PYTHON, JsonCopier
from vlmkit.chat.tools.source import Source

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
)


def copied(*pieces, notation=JSON):
    """What a copier makes of a value that comes in pieces, its problem, and what it left unread."""
    source, made = Source(), []
    copier = JsonCopier(source, made.append, notation)
    steps, results = copier.value(), []

    def advance():
        try:
            next(steps)
        except StopIteration as end:
            results.append(end.value)

    for piece in pieces:
        source.feed(piece)
        if not results:
            advance()
    source.close()
    if not results:
        advance()
    return "".join(made), results[0], source._text[source._at :]


@settings(deadline=None, max_examples=50)
@given(value=values, indent=st.sampled_from([None, 2]), is_ascii=st.booleans())
def test_right_json_keeps_its_value(value, indent, is_ascii):
    """Whatever JSON can say comes through, whole and character by character."""
    written = json.dumps(value, indent=indent, ensure_ascii=is_ascii)
    text, problem, rest = copied(written)
    assert (json.loads(text), problem, rest) == (value, "", "")
    assert copied(*written) == (text, problem, rest)


@settings(deadline=None, max_examples=50)
@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_python_keeps_its_value(value):
    """Whatever Python prints of plain values comes through."""
    text, problem, rest = copied(repr(value), notation=PYTHON)
    assert (json.loads(text), problem, rest) == (value, "", "")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("{'a': 'it\\'s \"x\"'}", {"a": 'it\'s "x"'}),
        ('{"a": [1, 2,], "b": True,,}', {"a": [1, 2], "b": True}),
        ('{a: 1 b-c: "x" "d": None}', {"a": 1, "b-c": "x", "d": None}),
        ('{"a": "one\ntwo\t\\w \\u12 \\uD83D!"}', {"a": "one\ntwo\t\\w \\u12 \ufffd!"}),
        ('{"a": "\\ud83d\\ud83d\\ude00\\udc00"}', {"a": "\ufffd😀\ufffd"}),
        ('{"a": [1, {"b": [2}, 3}', {"a": [1, {"b": [2]}, 3]}),
        ('{"a": +1, "b": .5, "c": 5., "d": -0.0}', {"a": 1, "b": 0.5, "c": 5.0, "d": 0.0}),
    ],
)
def test_what_is_put_right(written, value):
    """Quotes, commas, words, escapes and brackets of one kind or another become those of JSON."""
    text = copied(written)[0]
    assert json.loads(text) == value
    assert copied(*written)[0] == text


@pytest.mark.parametrize(
    ("written", "problem", "rest"),
    [
        ('{"a": 1', "end before", ""),
        ('{"a": "b', "end before", ""),
        ('{"a": maybe}', "'maybe' is not a value", ""),
        ('{"a": }', "a key has no value", ""),
        ('{"a" 1}', "a colon is missing", ""),
        ('{"a": @}', "'@' stands where", "@}"),
        ('{"a": 1]', "']' closes nothing", "]"),
        ("[1: 2]", "':' stands where", ": 2]"),
        ("{[1]: 2}", "where a key should", "[1]: 2}"),
        ("[" * 101, "deeper than 100", "["),
    ],
)
def test_what_is_not(written, problem, rest):
    """What cannot be put right has a problem, and what could not be read is left unread."""
    _, said, left = copied(written)
    assert problem in said
    assert left == rest
    assert copied(*written)[1] == said


def test_marks_around_strings():
    """Between Gemma's marks nothing is escaped."""
    assert json.loads(copied('{a:<|"|>\\n "x" <|<|"|>,b:<escape>}<escape>}', notation=GEMMA)[0]) == {
        "a": '\\n "x" <|',
        "b": "}",
    }
    assert copied('<|"|>a<|"|>')[1] == "the arguments are not JSON: '<' stands where a value should"


def test_python_has_more():
    """Three quotes, tuples, escapes of its own."""
    text, problem, rest = copied("""('''a'b"''', "\\x41\\a\\U0001F600\\x4", 0)rest""", notation=PYTHON)
    assert (json.loads(text), problem, rest) == (["a'b\"", "A\a😀\\x4", 0], "", "rest")
