"""What is shown, and what is true about it."""

import random

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
