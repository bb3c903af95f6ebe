"""Spoiled pictures are harder to see, the more the stronger, and of the same size."""

import random
from typing import get_args

import numpy as np
import pytest

from vlmkit.tiny import scenes, spoiling

SCENE = scenes.make(7)


def change(harm, strength):
    image = SCENE.draw()
    spoiled = spoiling.spoil(image, harm, strength, SCENE.boxes(), random.Random(1))
    assert spoiled.size == image.size
    return np.abs(np.asarray(spoiled).astype(int) - np.asarray(image)).mean()


@pytest.mark.parametrize("harm", get_args(spoiling.Harm))
def test_stronger_harm_changes_more(harm):
    """From hardly noticed to hardly anything left."""
    assert 0 < change(harm, 0.0) < change(harm, 1.0)


def test_half_of_one_object_is_hidden_and_no_other():
    """The board lies over a part of one box."""
    image = SCENE.draw()
    spoiled = spoiling.spoil(image, "hidden", 0.4, SCENE.boxes(), random.Random(3))
    changed = np.abs(np.asarray(spoiled).astype(int) - np.asarray(image)).max(axis=2) > 0
    parts = []
    for left, top, right, bottom in SCENE.boxes():
        rows = slice(int(top * image.height), int(bottom * image.height))
        parts.append(changed[rows, int(left * image.width) : int(right * image.width)].mean())
    assert sum(part > 0 for part in parts) == 1
    assert 0.3 < max(parts) < 0.7


def test_unknown_harm_is_refused():
    """The message lists what there is."""
    with pytest.raises(ValueError, match="no harm 'rain'; choose one of blur"):
        spoiling.spoil(SCENE.draw(), "rain", 0.5, [], random.Random(1))
