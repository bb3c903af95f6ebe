"""Words are drawn where they are said to be, and are made up."""

import random

import numpy as np
from PIL import Image, ImageDraw

from vlmkit.tiny import batches, lettering


def drawn(text, row, shift=0.0, size=(240, 180)):
    image = Image.new("L", size, 255)
    lettering.Lettering(text=text, row=row, shift=shift).draw(ImageDraw.Draw(image), size, 0)
    return np.nonzero(np.asarray(image) < 128)


def test_a_word_stays_in_its_row_and_in_the_picture():
    """The longest words, too, and wherever they are shifted to."""
    for text, row in (("WWWWWWWW", 0), ("gypsyjqy", 1), ("7", 2), ("Exit", 2)):
        for shift in (-1, 0, 1):
            down, across = drawn(text, row, shift)
            assert 60 * row <= down.min() < down.max() <= 60 * (row + 1)
            assert across.min() > 0
            assert across.max() < 239
            assert down.max() - down.min() >= 15


def test_shifted_words_stand_aside():
    """Left of the middle, right of it."""
    assert drawn("abc", 1, -1)[1].mean() < 110
    assert drawn("abc", 1, 1)[1].mean() > 130


def test_texts_are_words_and_numbers_that_the_eye_has_letters_for():
    """Two to eight letters, or one to four digits; hardly two alike."""
    rng = random.Random(1)
    texts = [lettering.invent_text(rng) for _ in range(3000)]
    assert all(set(text) <= set(batches.CHARACTERS) for text in texts)
    assert all(len(text) <= 4 if text.isdecimal() else text.isalpha() and 2 <= len(text) <= 8 for text in texts)
    assert len(set(texts)) > 1800


def test_ink_stands_out():
    """Dark on light, light on dark."""
    assert max(lettering.ink_for((250, 186, 206))) < 40
    assert min(lettering.ink_for((16, 16, 16))) > 200
