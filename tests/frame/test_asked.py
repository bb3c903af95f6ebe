"""What is asked, and of what: schemas, many questions, several pictures, examples with right answers."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd
import pytest
from pydantic import BaseModel, Field

from vlmkit.errors import BadSchema, BadSetting, SetupError
from vlmkit.frame import describe, describe_iter, describe_one, estimate
from vlmkit.frame.asked import examples_of
from vlmkit.prompts import compose_form


class Inner(BaseModel):
    """Nested."""

    width_cm: float = Field(description="of the frame", json_schema_extra={"unit": "cm"})


class Scene(BaseModel):
    """What is asked for."""

    count: int
    sky: Literal["clear", "cloudy"] | None
    colors: list[str]
    inner: Inner


ANSWER = '{"count": 3, "sky": "Cloudy", "colors": ["red"], "inner": {"width_cm": 1.5}}'


def test_a_schema_becomes_typed_columns(photos, backend):
    """One for each field, nested ones with their field's name; units and meanings are in the prompt."""
    model = backend(replies=[ANSWER, "no idea"])
    frame = describe(photos(2), schema=Scene, model=model, max_retries=0)
    assert list(frame)[-5:] == ["count", "sky", "colors", "inner_width_cm", "description_error"]
    assert frame.dtypes[["count", "inner_width_cm"]].astype(str).tolist() == ["Int64", "Float64"]
    assert frame["sky"].dtype == pd.CategoricalDtype(["clear", "cloudy"])
    assert frame.loc[0, ["count", "sky", "inner_width_cm"]].tolist() == [3, "cloudy", 1.5]
    assert frame["colors"].tolist() == [["red"], None]
    assert frame.loc[1, ["count", "sky", "inner_width_cm"]].isna().all()
    assert frame["description_error"][1].startswith("UnreadableReply: expected one JSON object")
    assert "in cm; of the frame" in model.asks[0].prompt


def test_a_prefix_names_the_columns_and_the_error(photos, backend):
    """So that two schemas go into one table."""
    frame = pd.DataFrame({"path": photos(1)})
    for prefix in ("a_", "b_"):
        frame = describe(frame, schema={"n": int}, prefix=prefix, model=backend(replies=['{"n": 1}']))
    assert list(frame)[1:] == ["a_n", "a_error", "b_n", "b_error"]
    with pytest.raises(SetupError, match="'b_n', 'b_error' is there already"):
        describe(frame, schema={"n": int}, prefix="b_", model=backend())


@dataclass
class Plain:
    """A dataclass."""

    n: int


@pytest.mark.parametrize("schema", [Plain, {"n": int}, "n int", "How many: n int"])
def test_a_schema_may_be_spelled_in_many_ways(photos, backend, schema):
    """All mean the same columns; what is none says so before anything is asked."""
    model = backend(replies=['{"n": 2}'])
    if schema == "How many: n int":
        with pytest.raises(BadSchema):
            describe(photos(1), schema=schema, model=model)
        assert not model.asks
    else:
        assert describe(photos(1), schema=schema, model=model)["n"].tolist() == [2]


def test_choices_alone_fill_one_column(photos, backend):
    """A category."""
    frame = describe(photos(1), schema=["indoor", "outdoor"], into="place", model=backend(replies=["Outdoor."]))
    assert frame["place"].tolist() == ["outdoor"]


def test_a_series_and_several_fields_give_a_table(photos, backend):
    """With the index of the series; one field gives a series."""
    pictures = pd.Series(photos(1), index=["x"])
    table = describe(pictures, schema={"n": int, "m": int}, model=backend(replies=['{"n": 1, "m": 2}']))
    assert list(table) == ["n", "m", "description_error"]
    assert table.index.tolist() == ["x"]
    assert describe(pictures, schema={"n": int}, model=backend(replies=['{"n": 1}'])).tolist() == [1]


QUESTIONS = {"caption": "Describe it.", "circles": ("How many circles in {path}?", int), "place": ["in", "out"]}


def reply(ask):
    """By the prompt."""
    number = ask.pictures[0].width - 10
    return {"D": f"Picture {number}.", "H": f"{number}", "W": "in"}[ask.prompt[0]]


def test_many_questions_in_one_call(photos, backend):
    """Each has its columns; they come picture by picture, and faults stay where they belong."""
    model = backend(replies=reply, parallel_asks=1)
    frame = describe(photos(3, bad={1}), QUESTIONS, model=model)
    names = ["caption", "caption_error", "circles", "circles_error", "place", "place_error"]
    assert list(frame)[-6:] == names
    assert frame["circles"].fillna(-1).tolist() == [0, -1, 2]
    assert frame["caption"].fillna("NA").tolist() == ["Picture 0.", "NA", "Picture 2."]
    assert frame["place_error"].str.startswith("UnreadableImage").fillna(False).tolist() == [False, True, False]
    assert [ask.pictures[0].width for ask in model.asks] == [10] * 3 + [12] * 3
    assert model.asks[1].prompt.startswith("How many circles in photos/img0.png?")


def test_only_what_is_missing_is_asked_of_many_questions(photos, backend):
    """A question more costs its own answers."""
    frame = describe(pd.DataFrame({"path": photos(2)}), {"caption": "Describe it."}, model=backend(replies=reply))
    frame.loc[0, "caption"] = pd.NA
    model = backend(replies=reply)
    again = describe(frame, QUESTIONS, model=model, overwrite="missing")
    assert sorted(ask.prompt[0] for ask in model.asks) == ["D", "H", "H", "W", "W"]
    assert again["caption"].tolist() == ["Picture 0.", "Picture 1."]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prompt": {"a": "?"}, "into": "x"}, "into='x' has no meaning for many questions"),
        ({"prompt": {"a": "?"}, "schema": {"n": int}}, "has no meaning for many questions"),
        ({"schema": {"n": int}, "style": "brief"}, "style='brief' has no meaning for a schema"),
        ({"prompt": "?", "prefix": "a_"}, "into=…"),
        ({"prompt": {"a": "What of {brand}?"}}, "is not a column"),
        ({"schema": {"n": dict}}, "cannot become a column"),
    ],
)
def test_what_does_not_go_together(photos, backend, arguments, message):
    """Said before a picture is opened."""
    model = backend()
    with pytest.raises(SetupError, match=message):
        describe(pd.DataFrame({"path": photos(1)}), **arguments, model=model)
    assert not model.asks


def test_several_pictures_of_a_row_are_shown_together(photos, backend):
    """In the order in which the columns were named."""
    paths = photos(4)
    frame = pd.DataFrame({"front": paths[:2], "back": paths[2:]})
    model = backend(replies=lambda ask: " ".join(str(each.width - 10) for each in ask.pictures), images_per_ask=2)
    assert describe(frame, "Same?", image=["back", "front"], model=model)["description"].tolist() == ["2 0", "3 1"]
    one = backend()
    with pytest.raises(BadSetting, match=r"takes 1 picture\(s\) per question, and 2 were to be shown"):
        describe(frame, "Same?", image=["back", "front"], model=one)
    assert not one.asks
    with pytest.raises(BadSetting, match="image=3"):
        describe(frame, "Same?", image=3, model=model)


def test_one_picture_and_one_record_at_a_time(photos, backend):
    """A schema's values are among the columns."""
    paths = photos(2)
    model = backend(replies=['{"n": 1}'])
    assert describe_one(paths[0], schema={"n": int}, model=model).columns == {"n": 1, "description_error": None}
    assert [each.columns["n"] for each in describe_iter(paths, schema={"n": int}, model=model)] == [1, 1]
    with pytest.raises(BadSetting, match="many at once are for describe"):
        describe_one(paths[0], {"a": "?"}, model=model)


def test_an_estimate_counts_every_question(photos, backend):
    """Rows times questions."""
    found = estimate(pd.DataFrame({"path": photos(4)}), QUESTIONS, model=backend(replies=reply), rows=3)
    assert (found.rows, found.sampled) == (12, 3)


def test_confidence_is_na_where_the_model_does_not_say(photos, backend):
    """The column is there all the same."""
    frame = describe(photos(1), schema={"n": int}, model=backend(replies=['{"n": 1}']), confidence=True)
    assert frame["n_confidence"].isna().tolist() == [True]
    assert frame["n_confidence"].dtype == "Float64"


def test_examples_stand_before_every_question(photos, backend):
    """Picture, prompt as it would be written for that row, and the right answer; of each question its own."""
    paths = photos(4)
    rows = pd.DataFrame({"path": paths[:2], "brand": ["a", "b"]})
    shown = pd.DataFrame({"path": paths[2:], "brand": ["c", None], "maker": ["Acme", "Bolt"], "old": [True, False]})
    model = backend(replies=lambda ask: "yes" if "old" in ask.prompt else "Core", images_per_ask=3)
    asked = {"maker": "Who made {brand}?", "old": ("Is it old?", bool)}
    frame = describe(rows, asked, examples=shown, model=model)
    assert frame["maker"].tolist() == ["Core", "Core"]
    said = [[message.text for message in ask.messages[:-1]] for ask in model.asks[:2]]
    turns = [list(zip(texts[::2], texts[1::2], strict=True)) for texts in said]
    assert sorted(turns) == [
        [("Is it old? Answer yes or no.", "yes"), ("Is it old? Answer yes or no.", "no")],
        [("Who made c?", "Acme"), ("Who made unknown?", "Bolt")],
    ]
    assert [picture.width for picture in model.asks[0].pictures] == [12, 13, 10]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"path": ["a"], "other": [1]}, "no column 'n' with the right answers; the columns are 'path', 'other'"),
        ({"path": ["a"], "n": [None]}, "row 0 has no answer"),
        ({"file": ["a"], "n": [1]}, "no column 'path' or 'image'"),
    ],
)
def test_what_is_no_example(table, message):
    """Said before anything is asked."""
    with pytest.raises(SetupError, match=message):
        examples_of(pd.DataFrame(table), [compose_form({"n": int}, into="x")])


def test_no_examples_are_none():
    """And an empty table is a mistake."""
    assert examples_of(None, [compose_form({"n": int}, into="x")]) == [()]
    with pytest.raises(BadSetting, match="a row at least"):
        describe("photos", examples=pd.DataFrame(), model="tiny")


def test_a_picture_that_cannot_be_read_ends_the_run_at_once(photos, backend):
    """It would be missing in every row."""
    paths = photos(3, bad={2})
    shown = pd.DataFrame({"path": paths[2:], "description": ["A dog."]})
    model = backend(images_per_ask=2)
    with pytest.raises(SetupError, match=r"examples: row 0: .*img2"):
        describe(pd.DataFrame({"path": paths[:2]}), examples=shown, model=model)
    assert not model.asks


def test_a_model_for_one_picture_takes_no_examples(photos, backend):
    """It says how many would be shown."""
    paths = photos(2)
    shown = pd.DataFrame({"path": paths[1:], "description": ["A dog."]})
    with pytest.raises(BadSetting, match=r"takes 1 picture.*and 2 were to be shown, examples included"):
        describe(paths[:1], examples=shown, model=backend())


def test_the_pictures_of_examples_are_shared_by_all_questions(photos):
    """So that they are opened once, whatever is asked."""
    table = pd.DataFrame({"path": photos(2), "n": [1, 2], "m": [3, 4]})
    first, second = examples_of(table, [compose_form({name: int}, into=name) for name in "nm"])
    assert [each.images[0] is other.images[0] for each, other in zip(first, second, strict=True)] == [True, True]
    assert [each.answer for each in second] == ['{"m": 3}', '{"m": 4}']
