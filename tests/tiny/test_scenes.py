"""The world is deterministic, its truth is what is drawn, its captions are unambiguous."""

import numpy as np
import pytest

from vlmkit.tiny import scenes


def test_same_seed_same_scene_and_same_pixels():
    """A scene is a pure function of its seed."""
    assert scenes.make(7) == scenes.make(7)
    assert scenes.make(7) != scenes.make(8)
    assert np.array_equal(np.asarray(scenes.make(7).draw()), np.asarray(scenes.make(7).draw()))


def test_drawing_has_the_size_of_the_record():
    """Canvas sizes and aspect ratios vary and are what the record says."""
    drawn = {scenes.make(seed).draw().size for seed in range(40)}
    assert all(
        scenes.make(seed).draw().size == (scenes.make(seed).width, scenes.make(seed).height) for seed in range(10)
    )
    assert len(drawn) > 20
    assert {width > height for width, height in drawn} == {True, False}


@pytest.mark.parametrize("seed", range(60))
def test_every_object_is_where_the_record_says(seed):
    """Each named cell has pixels of its object's color, and empty cells show the background."""
    scene = scenes.make(seed)
    pixels = np.asarray(scene.draw()).astype(int)
    occupied = {thing.place: thing for thing in scene.things}
    for number, place in enumerate(scenes.PLACES):
        row, column = divmod(number, 3)
        cell = pixels[
            row * scene.height // 3 : (row + 1) * scene.height // 3,
            column * scene.width // 3 : (column + 1) * scene.width // 3,
        ].reshape(-1, 3)
        ground = np.abs(cell - np.array(scenes._RGB[scene.background])).max(axis=1) < 40
        if place not in occupied:
            assert ground.mean() > 0.97
        else:
            near = np.abs(cell - np.array(scenes._RGB[occupied[place].color])).max(axis=1) < 40
            assert near.mean() > 0.02
            assert 0.1 < ground.mean() < 0.99


def test_large_objects_cover_more_than_small_ones():
    """Size is visible: in square cells the smallest large object is wider than the widest small one."""
    assert scenes._RADIUS["large"][0] > scenes._RADIUS["small"][1] * 1.25


def test_captions_tell_the_whole_truth_in_three_styles():
    """A hand-written scene gives exactly these captions."""
    scene = scenes.Scene(
        seed=1,
        background="white",
        things=(
            scenes.Thing(shape="circle", color="orange", size="large", place="top left"),
            scenes.Thing(shape="star", color="blue", size="small", place="center"),
        ),
        width=100,
        height=100,
    )
    assert scene.caption() == "An orange circle and a blue star on a white background."
    assert scene.caption("detailed") == (
        "A white background with two objects: "
        "a large orange circle at the top left and a small blue star at the center."
    )
    assert scene.caption("technical") == (
        "Background white; objects 2; circle, orange, large, top left; star, blue, small, center."
    )
    with pytest.raises(ValueError, match="choose one of brief, detailed, technical"):
        scene.caption("poetic")


def test_max_things_bounds_the_objects():
    """Training may begin with simpler scenes; no two objects share a place."""
    assert all(len(scenes.make(seed, max_things=1).things) == 1 for seed in range(20))
    counts = set()
    for seed in range(100):
        places = [thing.place for thing in scenes.make(seed).things]
        assert len(set(places)) == len(places)
        assert places == sorted(places, key=scenes.PLACES.index)
        counts.add(len(places))
    assert counts == {1, 2, 3, 4, 5}


def test_objects_never_have_the_color_of_the_background():
    """Everything in a scene can be seen."""
    for seed in range(200):
        scene = scenes.make(seed)
        assert scene.background not in {thing.color for thing in scene.things}
