"""A task as such: a template and a suffix written, an answer read field by field or by its form."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from vlmkit.errors import BadSetting, UnreadableReply
from vlmkit.prompts import (
    Field,
    Task,
    Template,
    compose_description,
    compose_form,
    compose_question,
    compose_tags,
)
from vlmkit.prompts.styles import character_limit_suffix
from vlmkit.prompts.tasks import cut_text
from vlmkit.records import Reply, Token


class Pairs:
    """A form of name=value pairs."""

    def read(self, text):
        """Values by column."""
        return dict(pair.split("=") for pair in text.split())


def reply(text, finish_reason="stop"):
    """An answer."""
    return Reply(text=text, finish_reason=finish_reason, model="fake:x")


def test_the_prompt_is_the_filled_template_and_the_suffix_as_it_is():
    """Braces of a suffix are not columns."""
    task = Task(template=Template.parse("Who made {it}?"), suffix=" {as} it is", fields=(Field(name="x"),), name="x")
    assert task.write({"it": "this"}) == "Who made this? {as} it is"


def test_an_answer_is_read_by_its_form():
    """Which may fill several columns; thinking and space are not part of what it gets."""
    fields = (Field(name="a"), Field(name="b"))
    task = Task(template=Template.parse("?"), fields=fields, name="x", form=Pairs())
    assert task.read(reply("<think>a=0</think> a=1 b=2 ")) == {"a": "1", "b": "2"}


@pytest.mark.parametrize(("low", "high", "text"), [(1, 5, "0"), (1, 5, "6"), (None, 5, "6"), (1, None, "0")])
def test_a_field_has_bounds(low, high, text):
    """Beyond them is not a value."""
    field = Field(name="x", dtype=int, low=low, high=high)
    assert field.read("3") == 3
    with pytest.raises(UnreadableReply, match="expected a number"):
        field.read(text)


def test_an_answer_that_was_cut_off_says_so():
    """Raising max_tokens helps where the answer has no value yet."""
    task = Task(template=Template.parse("?"), fields=(Field(name="x", dtype=int),), name="x")
    with pytest.raises(UnreadableReply, match="raise max_tokens"):
        task.read(reply("there are", "length"))


def test_what_was_cut_off_is_no_answer():
    """Nor is a number that could have gone on; one that was settled before counts."""
    text = compose_description("?", into="x")
    with pytest.raises(UnreadableReply, match=r"cut off at max_tokens: 'A red'\. Raise max_tokens"):
        text.read(reply("A red", "length"))
    number = compose_question("?", dtype=int, into="x")
    with pytest.raises(UnreadableReply, match="cut off"):
        number.read(reply("1", "length"))
    assert number.read(reply("There are 12, to be", "length")) == {"x": 12}
    form = compose_form({"n": int}, into="x")
    assert form.read(reply('{"n": 1} and so', "length")) == {"n": 1}
    with pytest.raises(UnreadableReply, match="cut off"):
        form.read(reply('{"n": 1', "length"))


class Inner(BaseModel):
    """Nested."""

    made: dt.date
    parts: list[str]


class Thing(BaseModel):
    """A schema with everything."""

    count: int
    sold: bool | None
    inner: Inner


@pytest.mark.parametrize(
    ("task", "values"),
    [
        (compose_description("?", into="x"), {"x": "A red circle."}),
        (compose_question("?", dtype=int, into="x"), {"x": 3}),
        (compose_question("?", dtype=float, into="x"), {"x": 0.5}),
        (compose_question("?", dtype=bool, into="x"), {"x": False}),
        (compose_question("?", choices=["a", "b"], into="x"), {"x": "b"}),
        (compose_tags(["a/b", "c"], into="x"), {"x": ["a/b"]}),
        (
            compose_form(Thing, into="x", prefix="p_"),
            {"p_count": 2, "p_sold": None, "p_inner_made": "2020-02-01", "p_inner_parts": ["é", "b"]},
        ),
    ],
)
def test_what_is_said_is_read_again(task, values):
    """An example's right answer is one that the task would read."""
    assert task.read(reply(task.say(values))) == values


def test_cells_of_a_table_can_be_said():
    """Time stamps and numpy's numbers, as a data frame has them."""
    task = compose_form(Thing, into="x")
    cells = {
        "count": np.int64(2),
        "sold": np.bool_(True),
        "inner_made": pd.Timestamp("2020-02-01"),
        "inner_parts": np.array(["a"]),
    }
    read = task.read(reply(task.say(cells)))
    assert read == {"count": 2, "sold": True, "inner_made": "2020-02-01", "inner_parts": ["a"]}


def sure(*pieces):
    """An answer with its tokens."""
    tokens = tuple(Token(text=text, probability=probability) for text, probability in pieces)
    return replace(reply("".join(text for text, _ in pieces)), tokens=tokens)


def test_confidence_is_the_probability_of_the_answer():
    """Of a value, of each field of an object, and a mean for free text."""
    number = compose_question("?", dtype=int, into="x")
    assert number.confidence(sure(("1", 0.5), ("2", 0.5))) == {"x": 0.25}
    text = compose_description("?", into="x")
    assert text.confidence(sure(("A", 0.5), (" cat", 0.5))) == {"x": pytest.approx(0.5)}
    form = compose_form({"n": int, "colors": list[str]}, into="x")
    pieces = (('{"n":', 0.1), (" 1", 0.5), ("2", 0.5), (', "colors": ["', 0.9), ("red", 0.5), ('"', 1.0), ("]}", 0.5))
    assert form.confidence(sure(*pieces)) == {"n": 0.25, "colors": pytest.approx(0.9 * 0.5 * 0.5)}
    tags = compose_tags(["red"], into="x")
    assert tags.confidence(sure(('{"tags": [', 0.5), ('"red"', 0.5), ("]}", 0.5))) == {"x": 0.125}


def test_unknown_confidence_is_none():
    """No tokens, tokens that are not the text's, or a text that is not JSON."""
    number = compose_question("?", dtype=int, into="x")
    assert number.confidence(reply("1")) == {"x": None}
    assert number.confidence(replace(sure(("1", 0.5)), text="12")) == {"x": None}
    form = compose_form({"n": int}, into="x")
    assert form.confidence(sure(("{'n': 1}", 0.5))) == {"n": None}


def test_a_limit_of_characters_holds():
    """The prompt asks for it, the text keeps to it, and what was cut is known; cut off behind it is settled."""
    task = compose_description("What is it?", max_characters=14, into="x")
    assert task.write({}) == "What is it? Use at most 14 characters."
    long, short = reply("A red circle. It is large."), reply("A red circle.")
    assert task.read(long) == task.read(short) == {"x": "A red circle."}
    assert (task.is_shortened(long), task.is_shortened(short)) == (True, False)
    assert task.read(reply("A red circle. It is lar", "length")) == {"x": "A red circle."}
    with pytest.raises(UnreadableReply, match="cut off"):
        task.read(reply("A red circ", "length"))
    with pytest.raises(BadSetting, match="max_characters=9 shortens texts"):
        compose_question("?", dtype=int, max_characters=9, into="x")


@pytest.mark.parametrize(
    ("text", "most", "cut"),
    [
        ("A red circle.", 13, "A red circle."),
        ("A red circle. It is large.", 20, "A red circle."),
        ('He says "Stop!" Then he goes on and on.', 18, 'He says "Stop!"'),
        ("A large red circle, on white paper", 20, "A large red circle"),
        ("Hm. A large red circle on white paper", 22, "Hm. A large red circle"),
        ("Pi is 3.14159 in all of the books", 13, "Pi is 3.14159"),
        ("一个红色的圆。它很大，在白色的纸上。", 10, "一个红色的圆。"),
        ("Donaudampfschifffahrt", 5, "Donau"),
        ("cafe\u0301cafe\u0301", 4, "caf"),
        ("", 3, ""),
    ],
)
def test_text_ends_with_a_sentence_or_a_word(text, most, cut):
    """With a sentence if it fills much of the room; a point in a number ends none."""
    assert cut_text(text, most) == cut


@given(st.text(), st.integers(1, 50))
def test_the_limit_always_holds(text, most):
    """And what is left is how the text began."""
    cut = cut_text(text, most)
    assert len(cut) <= most
    assert text.startswith(cut)


@pytest.mark.parametrize("limit", [0, -1, 2.5, True, "9"])
def test_a_limit_is_a_whole_number(limit):
    """From one up, or None."""
    with pytest.raises(BadSetting, match="max_characters"):
        character_limit_suffix(limit)
    assert character_limit_suffix(None) == ""
    assert character_limit_suffix(80) == " Use at most 80 characters."
