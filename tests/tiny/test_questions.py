"""Every answer is the truth about its scene."""

import json
import random
import re

import pytest

from vlmkit.tiny import questions, scenes, wordings
from vlmkit.tiny.lettering import Lettering

SCENE = scenes.Scene(
    seed=1,
    background="gray",
    things=(
        scenes.Thing(shape="circle", color="red", size="large", place="top"),
        scenes.Thing(shape="circle", color="blue", size="small", place="center"),
        scenes.Thing(shape="cross", color="red", size="small", place="bottom right"),
    ),
    width=120,
    height=90,
    lettering=Lettering(text="Taxi", row=1),
)


def ask(task, seed, *, held_out=False):
    return questions.invent(task, SCENE, random.Random(seed), held_out=held_out)


@pytest.mark.parametrize("task", questions.TASKS)
def test_every_task_speaks_in_trained_and_held_out_words(task):
    """No placeholder is left in a prompt, and held-out prompts are never trained ones."""
    trained = {ask(task, seed).prompt for seed in range(300)}
    kept = {ask(task, seed, held_out=True).prompt for seed in range(300)}
    assert not trained & kept
    for prompt in trained | kept:
        assert "{what}" not in prompt
        assert "<pic>" not in prompt
        assert prompt.strip()


def test_counts_are_right():
    """Counting a description gives the number of things it fits."""
    answers = {
        ask("count", seed, held_out=True).prompt: ask("count", seed, held_out=True).answer for seed in range(2000)
    }
    assert answers["How many objects can you find here?"] == "3"
    assert answers["How many circles can you find here?"] == "2"
    assert answers["How many red objects can you find here?"] == "2"
    assert answers["How many red crosses can you find here?"] == "1"
    assert "0" in answers.values()


def test_yes_and_no_are_balanced_and_true():
    """About half the answers are yes; known prompts have known answers."""
    pairs = [ask("yes_no", seed, held_out=True) for seed in range(4000)]
    share = sum(pair.answer == "yes" for pair in pairs) / len(pairs)
    assert 0.4 < share < 0.6
    answers = {pair.prompt: pair.answer for pair in pairs}
    assert answers["Can a blue circle be found here?"] == "yes"
    assert answers["Would you call the background gray?"] == "yes"
    assert answers.get("Can a blue cross be found here?", "no") == "no"


def test_single_attributes_are_asked_of_one_thing_only():
    """A question for a color, shape, size or place fits exactly one thing, so it has one answer."""
    assert {ask("color", seed, held_out=True).answer for seed in range(200)} == {"red", "blue"}
    assert {ask("shape", seed, held_out=True).answer for seed in range(200)} == {"circle", "cross"}
    for seed in range(200):
        assert ask("color", seed, held_out=True).prompt != "Which color was used for the circle?"


def test_tags_are_the_shapes_then_the_colors():
    """Free tags come in a fixed order; tags from a vocabulary keep the vocabulary's."""
    assert questions.tag_list(SCENE) == ["circle", "cross", "red", "blue"]
    for seed in range(100):
        question = ask("tags", seed, held_out=True)
        if "out of" in question.prompt:
            vocabulary = re.search(r"[Pp]ick the matching tags out of (.*?)\.", question.prompt)[1].split(", ")
            truth = {"circle", "cross", "red", "blue", "large", "small"}
            assert question.answer == (", ".join(tag for tag in vocabulary if tag in truth) or "none")


def test_json_answers_parse_and_hold_the_asked_fields_in_order():
    """Any subset of the fields, in any order, with true values."""
    orders = set()
    for seed in range(200):
        question = ask("json", seed)
        values = json.loads(question.answer)
        assert values == {name: questions.field_value(SCENE, name) for name in values}
        assert sorted(values, key=question.prompt.lower().find) == list(values)
        orders.add(tuple(values))
    assert len(orders) > 50


def test_field_values():
    """Shapes and colors name each value once; sizes and places keep every object."""
    assert questions.field_value(SCENE, "count") == 3
    assert questions.field_value(SCENE, "shapes") == ["circle", "cross"]
    assert questions.field_value(SCENE, "sizes") == ["large", "small", "small"]
    with pytest.raises(KeyError):
        questions.field_value(SCENE, "weather")


def test_trained_prompts_have_no_words_that_are_kept_back():
    """Composed, worn and all; what is asked with held-out words always has some."""
    tasks = [task for task in questions.TASKS if task not in {"call", "result"}]
    for task in tasks:
        assert not any(wordings.is_kept_back(ask(task, seed).prompt) for seed in range(200)), task
        assert all(wordings.is_kept_back(ask(task, seed, held_out=True).prompt) for seed in range(60)), task


@pytest.mark.parametrize("task", ["brief", "count", "color", "tags", "box", "read"])
def test_a_task_is_asked_in_hundreds_of_ways(task):
    """Of the same scene: openers, requests, details, courtesy and slips of the pen."""
    assert len({ask(task, seed).prompt for seed in range(1500)}) > 400


def test_boxes_and_points_are_the_scenes():
    """In thousandths; every object of a description, and nothing for what is not there."""
    true = [[round(edge * 1000) for edge in box] for box in SCENE.boxes()]
    for seed in range(150):
        assert json.loads(ask("box", seed).answer) in true
        x, y = json.loads(ask("point", seed).answer)
        assert any(left < x < right and top < y < bottom for left, top, right, bottom in true)
        listed = json.loads(ask("boxes", seed).answer)
        assert all(each["bbox_2d"] in true for each in listed)
        assert [each["bbox_2d"] for each in listed] == [box for box in true if box in [e["bbox_2d"] for e in listed]]
    lists = {
        question.prompt: json.loads(question.answer)
        for question in (ask("boxes", seed, held_out=True) for seed in range(900))
    }
    assert [each["label"] for each in lists["Enclose all circles in boxes, as a JSON list."]] == [
        "red circle",
        "blue circle",
    ]
    assert lists["Enclose all stars in boxes, as a JSON list."] == []


def test_what_is_written_is_read():
    """Or there is nothing."""
    assert ask("read", 1).answer == "Taxi"
    assert questions.invent("read", scenes.make(1), random.Random(1)).answer == "nothing"
