"""How values lie in the file: everything comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.records import Token
from vlmkit.store import packing

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_every_text_comes_back(text):
    """Also names that are not UTF-8 and half characters."""
    assert packing.unpack_text(packing.pack_text(text)) == text


@given(ANY_TEXT, ANY_TEXT)
def test_different_texts_have_different_digests(first, second):
    """And equal ones the same, of 16 bytes."""
    assert (packing.digest_of(first) == packing.digest_of(second)) is (first == second)
    assert len(packing.digest_of(first)) == 16


def test_texts_stay_readable():
    """What is UTF-8 lies in the file as text, for whoever looks into it with another tool."""
    assert packing.pack_text("Größe") == "Größe"
    assert packing.pack_text("\udcff") == b"\xed\xb3\xbf"


CHANCES = st.floats(0, 1)
TOKENS = st.builds(
    Token,
    text=ANY_TEXT,
    probability=CHANCES,
    alternatives=st.lists(st.tuples(ANY_TEXT, CHANCES), max_size=3).map(tuple),
)


@given(st.lists(TOKENS, max_size=5).map(tuple) | st.none())
def test_tokens_come_back_exactly(tokens):
    """Texts of any kind; probabilities equal, not nearly equal."""
    assert packing.unpack_tokens(packing.pack_tokens(tokens)) == tokens


@pytest.mark.parametrize(
    ("value", "packed"), [(None, None), (7, 7), (7.0, 7), (-1, -1), (10**30, None), (float("nan"), None)]
)
def test_counts_that_fit(value, packed):
    """A server may say anything; what is not a count of this world is left out."""
    assert packing.pack_count(value) == packed


@pytest.mark.parametrize(("value", "packed"), [(1, 1.0), (0.25, 0.25), (float("inf"), None), (float("nan"), None)])
def test_seconds_that_are_numbers(value, packed):
    """SQLite knows no infinity of time."""
    assert packing.pack_seconds(value) == packed


def test_a_seal_breaks_with_any_part():
    """Another value, another type, another order."""
    seals = {packing.seal(*parts) for parts in [(b"a", "b", 1), (b"a", "b", 2), ("a", "b", 1), ("b", b"a", 1), (b"a",)]}
    assert len(seals) == 5
