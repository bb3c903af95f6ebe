"""Keys: sent as they are, shown nowhere."""

import copy
import itertools
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.providers.secret import BLOT, Key, Screen, Secret

SECRET = "sk-secret-0123456789"


def test_a_key_is_a_text_that_is_not_shown():
    """As a variable's value; where it is put into a text on purpose it is there."""
    key = Key(SECRET)
    assert key == SECRET
    assert f"Bearer {key}" == f"Bearer {SECRET}"
    assert SECRET not in repr([key, {"key": key}, Secret([SECRET])])
    assert Secret(SECRET).value == SECRET


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy])
@pytest.mark.parametrize("hidden", [Key(SECRET), Secret(SECRET)], ids=["key", "secret"])
def test_neither_is_written(write, hidden):
    """A pickle is a file that others read."""
    with pytest.raises(TypeError, match="not written into a pickle"):
        write([hidden])


@given(st.text("ab", max_size=40), st.text("ab", min_size=1, max_size=4), st.lists(st.integers(0, 40), max_size=6))
def test_a_screen_takes_the_key_out_wherever_it_is_cut(text, key, cuts):
    """As if the text had come in one piece; nothing else is lost."""
    for kind in (str, str.encode):
        whole, hidden, redact = kind(text), kind(key), kind(BLOT)
        screen = Screen(hidden, redact)
        bounds = [0, *sorted(cuts), len(text)]
        shown = [screen.feed(whole[start:end]) for start, end in itertools.pairwise(bounds)]
        assert kind("").join([*shown, screen.rest()]) == whole.replace(hidden, redact)


def test_without_a_key_nothing_is_held_back():
    """Most servers on this machine have none."""
    screen = Screen("", BLOT)
    assert [screen.feed("sk-"), screen.rest()] == ["sk-", ""]
