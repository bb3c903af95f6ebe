"""Tables in the terminal."""

import pytest

from vlmkit.cli.tables import draw
from vlmkit.cli.text import width_of

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
