"""A limit of characters that holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlmkit.errors import BadSetting
from vlmkit.prompts.shortening import character_limit_suffix, cut_text


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("A red circle.", 13, "A red circle."),
        ("A red circle. It is large.", 20, "A red circle."),
        ('He says "Stop!" Then he goes on and on.', 18, 'He says "Stop!"'),
        ("A large red circle, on white paper", 20, "A large red circle"),
        ("Hm. A large red circle on white paper", 22, "Hm. A large red circle"),
        ("Pi is 3.14159 in all of the books", 13, "Pi is 3.14159"),
        ("一个红色的圆。它很大，在白色的纸上。", 10, "一个红色的圆。"),
        ("Donaudampfschifffahrt", 5, "Donau"),
        ("cafe\u0301cafe\u0301", 4, "caf"),
        ("", 3, ""),
    ],
)
def test_text_ends_with_a_sentence_or_a_word(text, most, cut):
    """With a sentence if it fills much of the room; a point in a number ends none."""
    assert cut_text(text, most) == cut


@given(st.text(), st.integers(1, 50))
def test_the_limit_always_holds(text, most):
    """And what is left is how the text began."""
    cut = cut_text(text, most)
    assert len(cut) <= most
    assert text.startswith(cut)


@pytest.mark.parametrize("limit", [0, -1, 2.5, True, "9"])
def test_a_limit_is_a_whole_number(limit):
    """From one up, or None."""
    with pytest.raises(BadSetting, match="max_characters"):
        character_limit_suffix(limit)
    assert character_limit_suffix(None) == ""
    assert character_limit_suffix(80) == " Use at most 80 characters."
