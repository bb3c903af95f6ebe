"""From a schema to values, or to the reason why not."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Literal

import pytest
from pydantic import BaseModel, Field, field_validator

from vlmkit.errors import BadSchema, UnreadableReply
from vlmkit.prompts.schema import Schema


class Size(BaseModel):
    width: float
    unit: Literal["cm", "m"] = "cm"


class Scene(BaseModel):
    count: int = Field(ge=0)
    size: Size | None
    taken: dt.date | None
    tags: list[str]

    @field_validator("count")
    @classmethod
    def is_even(cls, value):
        if value % 2:
            message = "must be even"
            raise ValueError(message)
        return value


def test_an_answer_becomes_the_values_of_columns():
    """An answer becomes the values of columns."""
    answer = 'Sure: {"count": 2, "size": {"width": 3}, "taken": "2020-01-02", "tags": ["a"], "more": 1}'
    assert Schema(Scene).read(answer) == {
        "count": 2,
        "size_width": 3.0,
        "size_unit": "cm",
        "taken": "2020-01-02",
        "tags": ["a"],
    }


def test_what_is_unknown_is_none_in_every_column_it_has():
    """What is unknown is none in every column it has."""
    values = Schema(Scene).read('{"count": 0, "size": null, "taken": "unknown", "tags": []}')
    assert values == {"count": 0, "size_width": None, "size_unit": None, "taken": None, "tags": []}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"size": null, "taken": null, "tags": []}', "count: Field required"),
        ('{"count": 3, "size": null, "taken": null, "tags": []}', "must be even"),
        ('{"count": -2, "size": null, "taken": null, "tags": []}', "greater than or equal to 0, got -2"),
        ('{"count": 2, "size": null, "taken": "yesterday", "tags": []}', "taken"),
        ('{"count": 2, "size": null, "taken": null, "tags": "a, b"}', "tags: Input should be a valid list"),
        ("I see two.", "expected one JSON object"),
    ],
)
def test_an_answer_that_does_not_fit_says_where(answer, reason):
    """An answer that does not fit says where."""
    with pytest.raises(UnreadableReply) as raised:
        Schema(Scene).read(answer)
    assert reason in str(raised.value)


def test_the_constraint_is_the_schema_as_json():
    """The constraint is the schema as json."""
    assert json.loads(Schema("a int").constraint.text)["properties"] == {"a": {"type": "integer"}}
    assert Schema("a int").constraint == Schema({"a": int}).constraint


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"a": Callable[[], int]}, "without a JSON form"),
        ({"size": Size, "size_width": int}, "same column"),
    ],
)
def test_a_schema_that_cannot_be_asked_for_is_said(schema, reason):
    """A schema that cannot be asked for is said."""
    with pytest.raises(BadSchema, match=reason):
        Schema(schema)
