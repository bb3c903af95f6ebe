"""The tree of a schema: prompt lines, columns, what is enforced, what is put right."""

import datetime as dt
import enum
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter

from vlmkit.errors import BadSchema, UnreadableReply
from vlmkit.prompts.kinds import fitted, kind_of


class Mood(enum.Enum):
    CALM = "calm"
    WILD = "wild"


class Size(BaseModel):
    width: float = Field(gt=0, description="of the frame", json_schema_extra={"unit": "cm"})
    depth: float | None


class Thing(BaseModel):
    shape: Literal["circle", "square"]


class Scene(BaseModel):
    count: int = Field(ge=0, le=9)
    mood: Mood = Field(description="how it feels")
    size: Size
    taken: dt.date
    tags: list[Literal["a", "b"]]
    names: list[str]
    things: list[Thing]
    ok: bool
    stars: Literal[1, 2, 3]
    title: str = Field(max_length=20)


def tree(type_):
    return kind_of(TypeAdapter(type_).json_schema())


def test_the_prompt_lists_every_field_with_its_values_meaning_and_unit():
    """The prompt lists every field with its values meaning and unit."""
    assert "\n".join(tree(Scene).lines()) == (
        """\
- count: integer from 0 to 9
- mood: one of "calm", "wild" (how it feels)
- size: object with these fields
  - width: number above 0 (in cm; of the frame)
  - depth: number, or null if unknown
- taken: date as YYYY-MM-DD
- tags: list of any of "a", "b"
- names: list of string
- things: list of objects with these fields
  - shape: one of "circle", "square"
- ok: true or false
- stars: one of 1, 2, 3
- title: string of at most 20 characters"""
    )


def test_nested_fields_become_prefixed_columns_with_honest_types():
    """Nested fields become prefixed columns with honest types."""
    assert {name: kind.dtype for name, kind in tree(Scene).columns("")} == {
        "count": int,
        "mood": str,
        "size_width": float,
        "size_depth": float,
        "taken": dt.date,
        "tags": list,
        "names": list,
        "things": list,
        "ok": bool,
        "stars": int,
        "title": str,
    }


def test_what_is_enforced_requires_every_field_and_allows_no_other():
    """What is enforced requires every field and allows no other."""
    assert tree(Size).schema() == {
        "type": "object",
        "properties": {
            "width": {"type": "number", "exclusiveMinimum": 0},
            "depth": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        },
        "required": ["width", "depth"],
        "additionalProperties": False,
    }
    assert tree(Mood).schema() == {"enum": ["calm", "wild"]}


def test_what_is_meant_for_sure_is_put_right():
    """What is meant for sure is put right."""
    given = {
        "Count": "three",
        "MOOD": "Wild",
        "ok": "Yes.",
        "size": {"width": "2.5", "depth": "unknown"},
        "tags": ["A"],
    }
    assert tree(Scene).mended(given) == {
        "count": 3,
        "mood": "wild",
        "ok": True,
        "size": {"width": 2.5, "depth": None},
        "tags": ["a"],
    }


def test_what_cannot_be_a_number_is_not_guessed():
    """What cannot be a number is not guessed."""
    with pytest.raises(UnreadableReply, match="number"):
        tree(Scene).mended({"count": "one or two"})
    assert tree(Scene).mended({"mood": "sad", "count": [1]}) == {"mood": "sad", "count": [1]}


class Tree(BaseModel):
    children: list["Tree"]


@pytest.mark.parametrize(
    ("type_", "reason"),
    [
        (Tree, "contains itself"),
        (dict[str, int], "cannot become a column"),
        (int | str, "one of several types"),
        (object, "cannot become a column"),
        (tuple[int, str], "cannot become a column"),
        (Literal["a", 1], "all texts or all whole numbers"),
        (Annotated[Literal["a", "A"], ""], "same but for their case"),
    ],
)
def test_what_cannot_become_columns_is_said(type_, reason):
    """What cannot become columns is said."""
    with pytest.raises(BadSchema, match=reason):
        tree(type_)


def fit(type_, value):
    """Value as a column of this type has it."""
    return fitted(kind_of(TypeAdapter(type_).json_schema()), value, "x")


@pytest.mark.parametrize(
    ("type_", "value", "held"),
    [
        (int, 2**63 - 1, 2**63 - 1),
        (int, -(2**63), -(2**63)),
        (float, 3, 3.0),
        (float, "12.50", 12.5),
        (str, "a \ud83d b", "a \ufffd b"),
        (list[str], ["\udc00"], ["\ufffd"]),
        (set[int], [10, 9], [9, 10]),
        (bool, True, True),
        (int, None, None),
    ],
)
def test_what_a_column_holds(type_, value, held):
    """Whole numbers of 64 bits, finite numbers, texts of whole characters, sets in an order."""
    assert fit(type_, value) == held


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (int, 2**63),
        (int, -(2**63) - 1),
        (list[int], [1, 10**30]),
        (int, True),
        (int, "3"),
        (float, float("nan")),
        (float, 10**400),
        (float, "many"),
        (float, False),
        (str, 3),
        (bool, 1),
        (list[int], {"a": 1}),
    ],
)
def test_what_no_column_holds_is_that_rows_fault(type_, value):
    """Of whatever wrote it: a model, or somebody's validator."""
    with pytest.raises(UnreadableReply, match=r"does not fit the schema: (an item of )?x"):
        fit(type_, value)
