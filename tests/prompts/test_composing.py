"""Tasks made of styles, questions, schemas, vocabularies and scales: what is asked, what is read, what cannot work."""

from __future__ import annotations

import datetime as dt
import json
import re
from enum import Enum
from typing import Literal

import pytest
from pydantic import BaseModel

from vlmkit.errors import BadSchema, BadSetting, SetupError, UnreadableReply
from vlmkit.prompts import (
    Field,
    compose_description,
    compose_form,
    compose_question,
    compose_questions,
    compose_score,
    compose_tags,
)
from vlmkit.prompts.styles import FORM_HEADING
from vlmkit.records import Reply


def reply(text: str, finish_reason: str = "stop") -> Reply:
    return Reply(text=text, finish_reason=finish_reason, model="fake:x")


def test_a_style_is_its_prompt() -> None:
    """With the word limit behind it."""
    task = compose_description(style="brief", max_words=5, into="caption")
    assert task.write({}) == "Describe this image in one short sentence. Use at most 5 words."
    assert task.read(reply(" A cat. ")) == {"caption": "A cat."}


def test_free_text_reads_the_row() -> None:
    """And carries its system text."""
    task = compose_description("Who made {brand}?", system="Be short.", into="maker")
    assert task.template.columns == ("brand",)
    assert task.write({"brand": "Acme"}) == "Who made Acme?"
    assert task.system == "Be short."


@pytest.mark.parametrize(
    ("dtype", "prompt", "answer", "value"),
    [
        (str, "How many?", "Three circles.", "Three circles."),
        (int, "How many? Answer with a number only.", "Three circles.", 3),
        (float, "How many? Answer with a number only.", "2.5", 2.5),
        (bool, "How many? Answer yes or no.", "Yes.", True),
    ],
)
def test_a_question_is_read_as_its_type(dtype: type, prompt: str, answer: str, value: object) -> None:
    """The suffix asks for what the reader expects."""
    task = compose_question("How many?", dtype=dtype, into="n")
    assert task.write({}) == prompt
    assert task.read(reply(answer)) == {"n": value}
    assert task.fields == (Field(name="n", dtype=dtype),)


def test_choices_are_taken_literally() -> None:
    """Braces in a choice are not columns."""
    task = compose_question("Which?", choices=["{a}", "b"], into="n")
    assert task.write({}) == "Which? Answer with one of: {a}, b."
    assert task.read(reply("It is {A}")) == {"n": "{a}"}


def test_a_cut_off_answer_that_cannot_be_read_says_so() -> None:
    """The remedy is another one then."""
    task = compose_question("How many?", dtype=int, into="n")
    with pytest.raises(UnreadableReply, match=r"expected a whole number, got 'I see'.*cut off: raise max_tokens"):
        task.read(reply("I see", "length"))
    with pytest.raises(UnreadableReply, match=r"dtype=str\.$"):
        task.read(reply("I see"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "either prompt=… or style=…"),
        ({"prompt": "a", "style": "brief"}, "either prompt=… or style=…"),
        ({"style": "poetic"}, "no such style"),
        ({"prompt": " "}, "not empty"),
        ({"prompt": "a", "max_words": 0}, "max_words=0"),
        ({"prompt": "a", "into": ""}, "into=''"),
        ({"prompt": "a", "into": 7}, "into=7"),
    ],
)
def test_descriptions_that_cannot_be_asked(options: dict[str, object], message: str) -> None:
    """Each is a setup error that says what to give instead."""
    with pytest.raises(SetupError, match=message):
        compose_description(**{"into": "x", **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dtype": list}, "cannot become a column"),
        ({"dtype": bool, "choices": ["a"]}, "leave out dtype"),
        ({"choices": []}, "give a list of texts"),
        ({"choices": "ab"}, "give a list of texts"),
        ({"choices": ["a", 1]}, "give a list of texts"),
        ({"choices": ["a", " "]}, "give a list of texts"),
        ({"choices": 7}, "give a list of texts"),
        ({"choices": ["Red", "red"]}, "the same but for their case"),
    ],
)
def test_questions_that_cannot_be_asked(options: dict[str, object], message: str) -> None:
    """Before a single picture is opened."""
    with pytest.raises(SetupError, match=message):
        compose_question("Which?", into="x", **options)


def test_a_form_lists_its_fields_and_fills_a_column_for_each():
    """A form lists its fields and fills a column for each."""
    task = compose_form("count int, mood: calm|wild (how it feels)", into="description")
    assert task.write({}) == (
        "Describe this image as one JSON object with these fields:\n"
        "- count: integer\n"
        '- mood: one of "calm", "wild" (how it feels)'
    )
    assert [(field.name, field.dtype, field.choices) for field in task.fields] == [
        ("count", int, ()),
        ("mood", str, ("calm", "wild")),
    ]
    assert task.name == "description"
    assert task.read(reply('{"count": 2, "mood": "Calm"}')) == {
        "count": 2,
        "mood": "calm",
    }


def test_a_form_after_a_prompt_reads_the_row_and_its_names_may_have_a_prefix():
    """A form after a prompt reads the row and its names may have a prefix."""
    task = compose_form({"count": int}, prompt="This is {place}.", into="description", prefix="p_")
    assert task.write({"place": "{Rome}"}) == (
        "This is {Rome}.\nAnswer with one JSON object with these fields:\n- count: integer"
    )
    assert [field.name for field in task.fields] == ["p_count"]
    assert task.name == "description"
    assert task.read(reply('{"count": 2}')) == {"p_count": 2}


def test_a_list_of_choices_is_one_question():
    """A list of choices is one question."""
    task = compose_form(["indoor", "outdoor"], into="where")
    assert task.write({}) == "Which of these fits this image best? Answer with one of: indoor, outdoor."
    assert [(field.name, field.choices) for field in task.fields] == [("where", ("indoor", "outdoor"))]


def test_a_form_that_was_cut_off_says_so():
    """A form that was cut off says so."""
    task = compose_form("a str", into="x")
    with pytest.raises(UnreadableReply, match="raise max_tokens"):
        task.read(reply('{"a": "on and on', "length"))


@pytest.mark.parametrize(
    ("dtype", "choices", "kind", "good", "bad"),
    [
        (int, None, "regex", "-12", "twelve"),
        (float, None, "regex", "2.5", "2."),
        (bool, None, "choice", "yes", "maybe"),
        (str, ["a", 'é"'], "choice", 'é"', "b"),
    ],
)
def test_what_an_answer_must_be_is_what_can_be_read(dtype, choices, kind, good, bad):
    """What an answer must be is what can be read."""
    task = compose_question("What?", dtype=dtype, choices=choices, into="x")
    assert task.constraint.kind == kind
    if kind == "regex":
        assert re.fullmatch(task.constraint.text, good)
        assert not re.fullmatch(task.constraint.text, bad)
    else:
        assert good in json.loads(task.constraint.text)
        assert bad not in json.loads(task.constraint.text)
    assert task.read(reply(good))["x"] is not None


def test_free_text_is_not_constrained():
    """Free text is not constrained."""
    assert compose_question("What?", into="x").constraint is None
    assert compose_description(style="brief", into="x").constraint is None


def test_tags_fill_a_column_of_lists_and_report_what_is_no_term():
    """A closed vocabulary is enforced; an open one cannot be."""
    task = compose_tags(["cat", "dog"], into="tags")
    assert task.write({}) == f'{FORM_HEADING}\n- tags: list of any of "cat", "dog"'
    assert task.read(reply('{"tags": ["dog", "bird"]}')) == {"tags": ["dog"]}
    assert task.constraint is not None
    task = compose_tags(["cat", "dog"], prompt="Pets of {owner}.", into="pets", report_unknown=True)
    assert [(field.name, field.dtype) for field in task.fields] == [("pets", list), ("pets_unknown", list)]
    assert task.read(reply("dog, bird")) == {"pets": ["dog"], "pets_unknown": ["bird"]}
    assert task.constraint is None


def test_a_score_is_on_its_scale():
    """Whole numbers where both ends are; nothing beyond."""
    task = compose_score("How sharp is it?", low=0, high=10, into="sharpness")
    assert task.write({}) == "How sharp is it? Answer with a number from 0 to 10 only."
    assert json.loads(task.constraint.text) == [str(score) for score in range(11)]
    assert task.read(reply("7")) == {"sharpness": 7}
    with pytest.raises(UnreadableReply, match="from 0 to 10"):
        task.read(reply("11"))
    assert compose_score("?", low=0.0, high=1.0, into="x").read(reply("0.25")) == {"x": 0.25}


@pytest.mark.parametrize(("low", "high"), [(5, 1), (1, 1), ("1", 5), (True, 5), (float("nan"), 1)])
def test_a_scale_that_is_none_is_said(low, high):
    """Before anything is asked."""
    with pytest.raises(BadSetting, match="low="):
        compose_score("?", low=low, high=high, into="x")


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
