"""Loops of any period, found in one pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.evaluation.repetition import find_loops, without_loops


@given(
    turn=st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=12, unique=True),
    times=st.integers(3, 20),
    before=st.lists(st.sampled_from("xyz"), max_size=5, unique=True),
)
def test_every_loop_is_found_and_said_once(turn, times, before):
    """Whatever is said three times or more, after whatever; one turn of it is left."""
    text = " ".join([*before, *turn * times, "end"])
    (span,) = find_loops(text)
    assert text[slice(*span)] == " ".join(turn * times)
    assert without_loops(text) == " ".join([*before, *turn, "end"])


@pytest.mark.parametrize(
    "text", ["", "no no no", "very very very good", "one two one two, three four", "a b c d e f g h"]
)
def test_emphasis_is_no_loop(text):
    """Few words, or twice, are how people write."""
    assert list(find_loops(text)) == []
    assert without_loops(text) == text


def test_punctuation_and_case_do_not_hide_a_loop():
    """Sentences that come again and again."""
    text = "A cat sits here. a cat sits here, A cat sits here! Then it left."
    assert without_loops(text) == "A cat sits here. Then it left."
