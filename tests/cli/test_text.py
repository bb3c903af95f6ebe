"""Text that is safe to print and fits."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.cli.text import draw, dump, one_line, shorten, width_of, wrap
from vlmkit.untrusted import for_terminal


def test_one_line():
    """Line breaks and tabs become single spaces."""
    assert one_line("  a\r\n\tb  c\x00 ") == r"a b c\x00"


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("abc", 3), ("画像", 4), ("e\u0301", 1), ("", 0), ("…", 1), ("ｱ", 1),
        ("🟥", 2), ("❤️", 2), ("👍🏽", 2), ("👩‍👩‍👧‍👦", 2), ("🏳️‍🌈", 2), ("🇺🇦", 2), ("1️⃣", 2), ("a🇺🇦b", 4), ("☂", 1),
    ],
)  # fmt: skip
def test_width_counts_cells(text, cells):
    """Wide characters and pictograms take two cells, however many code points they are made of; combining ones none."""
    assert width_of(text) == cells


@pytest.mark.parametrize("character", ["👩‍👩‍👧‍👦", "🇺🇦", "👍🏽", "e\u0301"])
def test_what_is_one_character_to_people_is_not_torn(character):
    """Neither where a text is shortened, nor where a word is broken."""
    text = character * 9
    for width in range(2, 12):
        for part in (*wrap(text, width), *shorten(text, width).split("…")):
            assert part.replace(character, "") == ""


@given(st.text(), st.integers(1, 40))
def test_shortened_text_fits(text, width):
    """Never wider than asked, and unchanged where it fits."""
    short = shorten(text, width)
    assert width_of(short) <= width
    assert short == text or width_of(text) > width


@given(st.text(), st.integers(2, 40))
def test_wrapped_text_fits_and_is_complete(text, width):
    """Every line fits, and nothing but spaces is lost."""
    lines = wrap(text, width)
    assert all(width_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_wrapping_breaks_between_words():
    """A word is only broken where it is longer than a line."""
    assert wrap("a red circle", 6) == ["a red", "circle"]
    assert wrap("abcdefgh ij", 4) == ["abcd", "efgh", "ij"]
    assert wrap("", 4) == [""]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_json_is_harmless_and_reads_back(value):
    """What a terminal would obey is escaped; the value is the same."""
    for indent in (None, 2):
        text = dump(value, indent=indent)
        assert json.loads(text) == value
        assert for_terminal(text, keep="\n") == text


def test_json_knows_moments():
    """As ISO 8601; what is not JSON otherwise is refused."""
    assert dump({"at": datetime(2024, 5, 6, 7, 8, tzinfo=UTC)}) == '{"at": "2024-05-06T07:08:00+00:00"}'
    with pytest.raises(TypeError, match="set is not a JSON value"):
        dump({1})


ROWS = [
    ("datasets/scenes/scene_001.png", "640x480", "A large red circle at the top left and a small blue star below it."),
    ("画像/赤い丸.png", "12x9", "\x1b[31mred\nsquare"),
]


def test_a_table_that_fits_is_not_wrapped():
    """One line per row, columns as wide as their content."""
    assert list(draw(["path", "description"], [("a.png", "A red circle."), ("long_name.png", "A star.")], 80)) == [
        "path           description",
        "─────────────  ─────────────",
        "a.png          A red circle.",
        "long_name.png  A star.",
    ]


@pytest.mark.parametrize("width", [48, 60, 80, 120])
def test_lines_fit_the_terminal(width):
    """Whatever the width, no line is wider, and the last column is complete."""
    lines = list(draw(["path", "size", "description"], ROWS, width))
    assert max(map(width_of, lines)) <= width
    text = " ".join(line.split("  ")[-1].strip() for line in lines)
    assert "small blue star below it." in text


def test_a_narrow_terminal_still_shows_something():
    """Below a sensible width the last column keeps its 24 cells."""
    lines = list(draw(["path", "size", "description"], ROWS, 10))
    assert width_of(lines[1].split("  ")[-1]) == 24


def test_cells_are_made_printable():
    """A description cannot move the cursor or start a line."""
    lines = list(draw(["path", "size", "description"], ROWS, 200))
    assert len(lines) == 4
    assert r"\x1b[31mred square" in lines[3]


def test_without_rows_there_is_a_header():
    """An empty table is a table."""
    assert list(draw(["path", "description"], [], 80)) == ["path  description", "────  ───────────"]
