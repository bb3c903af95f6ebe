"""The world is deterministic, its truth is what is drawn, its captions are unambiguous."""

import json
import random

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


@pytest.mark.parametrize("seed", range(40))
def test_boxes_are_where_the_pixels_are(seed):
    """The pixels of each cell that are not background reach from edge to edge of its object's box."""
    scene = scenes.make(seed)
    pixels = np.asarray(scene.draw()).astype(int)
    strange = np.abs(pixels - np.median(pixels.reshape(-1, 3), axis=0)).max(axis=2) > 45
    for thing, (left, top, right, bottom) in zip(scene.things, scene.boxes(), strict=True):
        row, column = divmod(scenes.PLACES.index(thing.place), 3)
        cell = np.zeros_like(strange)
        cell[
            row * scene.height // 3 : (row + 1) * scene.height // 3,
            column * scene.width // 3 : (column + 1) * scene.width // 3,
        ] = True
        down, across = np.nonzero(strange & cell)
        drawn = (across.min(), down.min(), across.max() + 1, down.max() + 1)
        said = (left * scene.width, top * scene.height, right * scene.width, bottom * scene.height)
        # Thin tips fade into the background; nothing is drawn outside.
        faded = {"star": 4.0, "triangle": 3.0}.get(thing.shape, 1.6)
        inward = np.array(drawn) - said
        assert max(inward[0], inward[1], -inward[2], -inward[3]) < faded, thing
        assert min(inward[0], inward[1], -inward[2], -inward[3]) > -1.6, thing


@pytest.mark.parametrize("seed", range(12))
def test_a_crop_shows_its_cell_larger(seed):
    """The object is alone, at the center, of the same color, and its box is where its pixels are."""
    whole = scenes.make(seed)
    thing = whole.things[-1]
    crop = scenes.crop(whole, thing.place, random.Random(seed))
    (inside,) = crop.things
    assert (inside.place, inside.color, inside.shape) == ("center", thing.color, thing.shape)
    drawing = crop.draw()
    assert drawing.size == (crop.width, crop.height)
    ((left, top, right, _),) = crop.boxes()
    pixels = np.asarray(drawing).astype(int)
    down, across = np.nonzero(np.abs(pixels - scenes.color_of(thing.color)).max(axis=2) < 50)
    drawn = np.array((across.min() / crop.width, down.min() / crop.height, across.max() / crop.width))
    assert np.abs(drawn - (left, top, right)).max() < 0.15


def test_an_empty_cell_is_said_to_be_empty():
    """In all three styles."""
    whole = scenes.make(3)
    place = next(place for place in scenes.PLACES if place not in {thing.place for thing in whole.things})
    crop = scenes.crop(whole, place, random.Random(1))
    assert crop.things == ()
    assert crop.boxes() == []
    assert crop.caption() == f"Nothing on a {whole.background} background."
    assert crop.caption("technical") == f"Background {whole.background}; objects 0."


def test_drawings_of_old_seeds_stay():
    """Weights, datasets and recordings were made from these pixels."""
    flat = scenes.Scene(seed=7, background="white", things=scenes.make(7).things, width=64, height=64)
    cells = np.asarray(flat.draw().resize((6, 6))).astype(int).sum(axis=2)
    assert cells.tolist() == [
        [514, 540, 758, 753, 753, 753],
        [531, 561, 758, 753, 753, 753],
        [759, 758, 753, 753, 753, 753],
        [761, 760, 753, 753, 753, 753],
        [424, 419, 757, 753, 753, 753],
        [313, 295, 757, 755, 753, 753],
    ]


THING = scenes.Thing(shape="star", color="red", size="small", place="center")
BOX = (0.25, 0.3336, 0.5, 1.0002)


def test_edges_are_thousandths_within_the_picture():
    """Rounded and clipped."""
    assert scenes.thousandths(BOX) == [250, 334, 500, 1000]
    assert scenes.middle_of(BOX) == [375, 667]


def test_lists_are_json_with_labels():
    """The keys are those that most models use."""
    assert json.loads(scenes.box_list([THING], [BOX])) == [{"bbox_2d": [250, 334, 500, 1000], "label": "red star"}]
    assert json.loads(scenes.point_list([THING], [BOX])) == [{"point_2d": [375, 667], "label": "red star"}]
    assert scenes.box_list([], []) == "[]"
