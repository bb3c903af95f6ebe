"""Forms: what they ask and what they answer."""

import json
import random
import re

import pytest

from vlmkit.prompts import compose_form
from vlmkit.tiny import forms, phrasings, scenes
from vlmkit.tiny.scenes import BACKGROUNDS

SCENE = scenes.Scene(
    seed=1,
    background="gray",
    things=(
        scenes.Thing(shape="circle", color="red", size="large", place="top left"),
        scenes.Thing(shape="cross", color="blue", size="small", place="center"),
        scenes.Thing(shape="cross", color="red", size="small", place="right"),
    ),
    width=96,
    height=96,
)


def drawn(count=1500):
    """Name, kind and value of every field of many forms."""
    for seed in range(count):
        lines, answer, _ = forms.draw_form(SCENE, random.Random(seed))
        top = [line for line in lines.split("\n") if not line.startswith("  ")]
        values = json.loads(answer)
        assert len(top) == len(values)
        for line, (name, value) in zip(top, values.items(), strict=True):
            match = re.fullmatch(r"- (\w+): (.*?)(?: \((.*)\))?", line)
            assert match[1] == name
            yield name, match[2], match[3], value


def test_values_are_the_truth():
    """Of fields that say by their names what they are."""
    truth = {"count": 3, "crosses": 2, "has_cross": True, "has_large_cross": False, "n_blue_objects": 1}
    truth |= {"background": "gray", "color_at_center": "blue", "size_at_top_left": "large"}
    seen = {name: value for name, _, _, value in drawn() if name in truth}
    assert seen == truth


def test_true_and_false_come_alike():
    """Of questions whether there is something, and of each kind of thing."""
    values = [value for _, kind, _, value in drawn() if kind == "true or false"]
    assert 0.42 < sum(values) / len(values) < 0.58
    stars = [value for name, _, _, value in drawn() if name == "has_star"]
    assert stars
    assert not any(stars)


def test_lists_have_an_entry_for_each_object_that_may_be_named():
    """In reading order, like every description of a scene."""
    for name, kind, _, value in drawn():
        if name == "colors":
            listed = kind.removeprefix("list of any of ")
            offered = {"red", "blue"} if listed == kind else set(json.loads(f"[{listed}]"))
            assert value == [color for color in ("red", "blue", "red") if color in offered]


def test_which_objects_a_form_is_about_is_known_where_one_field_is_about_some():
    """The eye learns from it."""
    for seed in range(400):
        lines, answer, wanted = forms.draw_form(SCENE, random.Random(seed))
        if wanted == {"shape": "cross"} and (match := re.search(r"- (\w*crosses\w*): integer", lines)):
            assert json.loads(answer)[match[1]] == 2
            return
    pytest.fail("no form asked for crosses")


def test_forms_are_written_as_vlmkit_writes_schemas():
    """Same heading, same lines."""
    schema = {"count": int, "background": list(BACKGROUNDS), "shapes": list[str], "has_star": bool}
    wanted = [
        phrasings.FORM_HEADING,
        forms.line("count", "integer"),
        forms.line("background", forms.one_of(BACKGROUNDS)),
        forms.line("shapes", "list of string"),
        forms.line("has_star", "true or false"),
    ]
    assert compose_form(schema, into="x").write({}) == "\n".join(wanted)
    nested = compose_form("tags list[a|b] (what is in it)", prompt="Look at this image.", into="x").write({})
    heading, line = nested.rsplit("\n", 1)
    assert heading in phrasings.PHRASINGS["form"]
    assert line == forms.line("tags", forms.list_of(["a", "b"]), "what is in it")


def test_a_scene_with_every_shape_has_forms():
    """No shape is missing there, and still there is something to ask whether it is there."""
    things = tuple(
        scenes.Thing(shape=shape, color="red", size="small", place=place)
        for shape, place in zip(scenes.SHAPES, scenes.PLACES, strict=False)
    )
    scene = scenes.Scene(seed=1, background="gray", things=things, width=96, height=96)
    answers = [json.loads(forms.draw_form(scene, random.Random(seed))[1]) for seed in range(300)]
    flags = [value for answer in answers for name, value in answer.items() if name.startswith("has_")]
    assert {True, False} == set(flags)
