"""Where the values of a JSON object stand in its text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.prompts.json_spans import value_spans

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
