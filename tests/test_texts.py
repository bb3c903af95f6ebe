"""Texts in messages fit."""

import pytest

from vlmkit.texts import on_one_line, quoted, shortened


@pytest.mark.parametrize(("text", "short"), [("", ""), ("a red", "a red"), ("a red circle", "a re…")])
def test_what_is_too_long_is_cut(text, short):
    """The mark that says so is counted."""
    assert shortened(text, 5) == short


def test_a_quotation_is_on_one_line():
    """In marks, so that blanks at its ends are seen."""
    assert on_one_line(" a\n\t b ") == "a b"
    assert quoted("a\nred circle", most=5) == "'a re…'"
