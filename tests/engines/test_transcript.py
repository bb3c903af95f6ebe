"""Whole characters only, stop texts never shown, nothing lost."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vlmkit.engines.transcript import Transcript


def bytewise(tokens):
    """One token per byte, as byte-level tokenizers fall back to."""
    return bytes(tokens).decode("utf-8", errors="replace")


def run(text, stop=()):
    transcript = Transcript(bytewise, stop)
    pieces = [transcript.add(token) for token in text.encode()]
    pieces.append(transcript.finish())
    assert "".join(pieces) == transcript.text == "".join(transcript.pieces())
    assert len(transcript.pieces()) == len(transcript.tokens)
    return transcript, pieces


@settings(deadline=None)
@given(st.text(max_size=60))
def test_pieces_make_up_the_text_whatever_the_characters(text):
    """Characters of one to four bytes come out whole, in order, once."""
    transcript, pieces = run(text)
    assert transcript.text == text
    assert not any("\ufffd" in piece for piece in pieces if "\ufffd" not in text)


def test_a_cut_character_shows_as_what_it_is():
    """An answer cut by max_tokens inside a character ends with the replacement character, once."""
    transcript = Transcript(bytewise)
    for token in "aé".encode()[:-1]:
        transcript.add(token)
    transcript.finish()
    assert transcript.text == "a\ufffd"


@pytest.mark.parametrize(
    ("text", "stop", "expected", "stopped"),
    [
        ("one\n\ntwo", ("\n\n",), "one", True),
        ("a STOP b", ("STOP", "b"), "a ", True),
        ("xxy", ("xy",), "x", True),
        ("STO", ("STOP",), "STO", False),
        ("abc", ("", "abcd"), "abc", False),
        ("stop at once", ("stop",), "", True),
    ],
)
def test_the_text_ends_before_the_first_stop_text(text, stop, expected, stopped):
    """Stop texts are met across tokens; the earliest counts; half of one is text after all."""
    transcript, pieces = run(text, stop)
    assert (transcript.text, transcript.stopped) == (expected, stopped)
    assert "".join(pieces) == expected


@settings(deadline=None)
@given(st.text(alphabet="ab", max_size=12), st.lists(st.text(alphabet="ab", min_size=1, max_size=3), max_size=3))
def test_stop_texts_cut_like_a_search_in_the_whole_text(text, stop):
    """Whatever the overlaps, the result is what cutting the finished text gives, up to which stop text ended first."""
    transcript, pieces = run(text, stop)
    shown = "".join(pieces)
    assert text.startswith(shown)
    assert not any(word in shown for word in stop)
    assert transcript.stopped == any(word in text for word in stop)


def test_nothing_comes_after_a_stop():
    """Tokens that the batch had under way already are not shown."""
    transcript, _ = run("a!b", ("!",))
    assert transcript.add(ord("c")) == ""
    assert transcript.text == "a"


def test_spaces_that_a_tokenizer_joins_late_are_kept():
    """A tokenizer that drops the first token's space gives the others theirs."""
    words = {1: "▁two", 2: "▁red", 3: "▁cir", 4: "cles"}
    transcript = Transcript(lambda tokens: "".join(words[token] for token in tokens).replace("▁", " ").lstrip())
    assert [transcript.add(token) for token in words] == ["two", " red", " cir", "cles"]
    assert transcript.pieces() == ["two", " red", " cir", "cles"]
    # Another token in a place is spelled as it would have been there.
    assert [transcript.piece_of(2, place) for place in range(4)] == ["red", " red", " red", " red"]
