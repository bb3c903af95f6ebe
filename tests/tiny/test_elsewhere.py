"""Pictures from elsewhere look like no scene."""

import random

import numpy as np
import pytest

from vlmkit.tiny import elsewhere


@pytest.mark.parametrize("kind", elsewhere.KINDS)
def test_every_kind_is_varied_and_has_no_plain_background(kind):
    """Scenes have one color over half of the picture; these hardly ever do, apart from pages."""
    pictures = [elsewhere.draw(kind, random.Random(seed)) for seed in range(6)]
    assert len({picture.tobytes() for picture in pictures}) == 6
    for picture in pictures:
        assert picture.mode == "RGB"
        assert 96 <= min(picture.size) <= max(picture.size) <= 256
        pixels = np.asarray(picture).astype(int)
        assert pixels.std() > 3
        if kind in {"noise", "gradient", "photo", "confetti"}:
            plain = np.abs(pixels - np.median(pixels.reshape(-1, 3), axis=0)).max(axis=2) < 4
            assert plain.mean() < 0.6


def test_the_same_dice_draw_the_same():
    """Batches are a pure function of their step."""
    one, two = (elsewhere.draw("photo", random.Random(5)) for _ in range(2))
    assert one.tobytes() == two.tobytes()
