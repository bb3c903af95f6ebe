"""Many questions, each a task of its own."""

import datetime as dt
from enum import Enum
from typing import Literal

import pytest
from pydantic import BaseModel

from vlmkit.errors import BadSchema, SetupError
from vlmkit.prompts import compose_questions


class Mood(Enum):
    """A choice."""

    CALM = "calm"
    WILD = "wild"


class Scene(BaseModel):
    """Two fields."""

    count: int
    background: Literal["white", "black"]


def columns(asked):
    """Columns and their types, or their choices, by task."""
    return [
        (task.name, [(field.name, field.choices or field.dtype) for field in task.fields])
        for task in compose_questions(asked)
    ]


def test_each_way_to_ask():
    """Words, a pair with a type, choices or a schema, choices or a schema alone."""
    assert columns(
        {
            "caption": "Describe it.",
            "circles": ("How many circles?", int),
            "sky": ("What is the sky like?", ["clear", "cloudy"]),
            "place": ["inside", "outside"],
            "mood": Mood,
            "light": ("How is the light?", Literal["soft", "hard"]),
            "scene": ("Look closely.", Scene),
            "colors": ("Which colors?", list[str]),
            "taken": dt.date,
        }
    ) == [
        ("caption", [("caption", str)]),
        ("circles", [("circles", int)]),
        ("sky", [("sky", ("clear", "cloudy"))]),
        ("place", [("place", ("inside", "outside"))]),
        ("mood", [("mood", ("calm", "wild"))]),
        ("light", [("light", ("soft", "hard"))]),
        ("scene", [("scene_count", int), ("scene_background", ("white", "black"))]),
        ("colors", [("colors", list)]),
        ("taken", [("taken", dt.date)]),
    ]


def test_what_is_said():
    """The question comes first; without one, the name helps."""
    scene, mood, circles = compose_questions(
        {"scene": ("Look closely.", Scene), "good_mood": Mood, "n": ("How many?", int)}, system="Be brief."
    )
    assert scene.write({}).startswith("Look closely.\nAnswer with one JSON object")
    assert mood.write({}) == "Which good mood fits this image best? Answer with one of: calm, wild."
    assert circles.write({}) == "How many? Answer with a number only."
    assert {task.system for task in (scene, mood, circles)} == {"Be brief."}


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({}, SetupError, "there are none"),
        ({1: "a"}, SetupError, "1 is not a name of a column"),
        ({"a": ("b", "c")}, SetupError, "'a' is"),
        ({"a": (int, "b")}, SetupError, "'a' is"),
        ({"a": "?", "a_error": "?"}, SetupError, "fill the column 'a_error'"),
        ({"a_count": ("?", int), "a": Scene}, SetupError, "fill the column 'a_count'"),
        ({"a": 7}, BadSchema, "'a' is 7; give a question"),
        ({"a": ("?", 7)}, BadSchema, "give a question"),
    ],
)
def test_what_cannot_be_asked(asked, error, message):
    """Each says which, and what to give."""
    with pytest.raises(error, match=message):
        compose_questions(asked)
