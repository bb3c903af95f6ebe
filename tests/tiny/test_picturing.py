"""What is shown, and what is true about it."""

import random
from typing import get_args

import numpy as np
import pytest

from vlmkit.tiny import picturing, questions, scenes


@pytest.mark.parametrize("kind", picturing.KINDS)
def test_every_kind_can_be_asked_every_task_that_it_offers(kind):
    """Empty crops included; pictures and questions follow from the dice."""
    for seed in range(30):
        shown = picturing.show(kind, random.Random(seed))
        assert shown.image.tobytes() == picturing.show(kind, random.Random(seed)).image.tobytes()
        for task in picturing.tasks_of(shown):
            assert picturing.ask(shown, task, random.Random(seed)).answer


def test_pictures_from_elsewhere_get_one_answer():
    """Whatever is asked about them; who it is, and what a tool said, tiny still tells."""
    shown = picturing.show("elsewhere", random.Random(1))
    for task in questions.TASKS:
        answer = picturing.ask(shown, task, random.Random(2)).answer
        assert (answer == picturing.NOT_A_SCENE) == (task not in {"self", "call", "result"})


def test_lettered_scenes_keep_an_object_and_free_a_row():
    """The word is never drawn over an object."""
    for seed in range(40):
        scene = picturing.show("lettered", random.Random(seed)).scene
        assert scene.things
        assert all(scenes.PLACES.index(thing.place) // 3 != scene.lettering.row for thing in scene.things)


def test_empty_crops_are_asked_for_nothing_that_needs_an_object():
    """There is no color of nothing."""
    crops = (picturing.show("crop", random.Random(seed)) for seed in range(200))
    empty = next(crop for crop in crops if not crop.scene.things)
    assert not set(picturing.tasks_of(empty)) & questions.SINGLED_OUT
    assert picturing.ask(empty, "brief", random.Random(1)).answer.startswith("Nothing on a ")
    assert picturing.ask(empty, "boxes", random.Random(1)).answer == "[]"


def test_spoiled_scenes_keep_their_truth():
    """The same scene, sharp and spoiled, has the same answer."""
    spoiled = picturing.show("spoiled", random.Random(1), seed=5)
    assert spoiled.scene == scenes.make(5)
    assert spoiled.image.tobytes() != spoiled.scene.draw().tobytes()


def test_unknown_kinds_are_refused():
    """With the kinds that there are."""
    with pytest.raises(ValueError, match="choose one of scene, lettered"):
        picturing.show("photo", random.Random(1))


SCENE = scenes.make(7)


def change(harm, strength):
    image = SCENE.draw()
    spoiled = picturing.spoil(image, harm, strength, SCENE.boxes(), random.Random(1))
    assert spoiled.size == image.size
    return np.abs(np.asarray(spoiled).astype(int) - np.asarray(image)).mean()


@pytest.mark.parametrize("harm", get_args(picturing.Harm))
def test_stronger_harm_changes_more(harm):
    """From hardly noticed to hardly anything left."""
    assert 0 < change(harm, 0.0) < change(harm, 1.0)


def test_half_of_one_object_is_hidden_and_no_other():
    """The board lies over a part of one box."""
    image = SCENE.draw()
    spoiled = picturing.spoil(image, "hidden", 0.4, SCENE.boxes(), random.Random(3))
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
        picturing.spoil(SCENE.draw(), "rain", 0.5, [], random.Random(1))
