"""Composed wordings: many, whole, and apart from those that are kept back."""

import random

import pytest

from vlmkit.tiny import wordings


@pytest.mark.parametrize("kind", wordings.MORE)
def test_no_part_is_left_open(kind):
    """Every pattern is filled; with openers and courtesy there are hundreds of each kind."""
    texts = wordings.MORE[kind]
    assert all("<" not in text and "  " not in text for text in texts)
    assert len(texts) * len(wordings.OPENERS["trained"]) >= 250


def test_parts_are_kept_apart():
    """Openers and closers, too."""
    for table in (wordings.OPENERS, wordings.CLOSERS):
        assert not any(map(wordings.is_kept_back, table["trained"]))
        assert all(map(wordings.is_kept_back, table["held_out"]))


def test_words_are_found_in_any_case_and_over_line_breaks():
    """As people write them."""
    assert wordings.is_kept_back("SUM UP\nwhat is visible here.")
    assert not wordings.is_kept_back("Describe this image.")


def test_composing_keeps_the_request():
    """But for its first letter after an opener that ends in a comma."""
    for seed in range(200):
        text = wordings.compose("What is it?", random.Random(seed), held_out=seed % 2 == 0)
        assert "hat is it?" in text
    assert len({wordings.compose("What is it?", random.Random(seed), held_out=False) for seed in range(2000)}) > 80


def test_worn_prompts_keep_most_letters():
    """A hurried prompt is still the same question."""
    prompt = "What color is the large triangle in this picture?"
    worn = {wordings.wear(prompt, random.Random(seed)) for seed in range(300)}
    assert len(worn) > 30
    assert all(len(text) > 24 for text in worn)
    assert wordings.wear("Hi", random.Random(5))
