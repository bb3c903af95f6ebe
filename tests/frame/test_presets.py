"""Presets of describe: caption, ask, tags, score."""

import datetime as dt
from enum import Enum

import pandas as pd
import pytest

import vlmkit as vk
from vlmkit.errors import BadSetting, SetupError
from vlmkit.frame import ask, caption, score, tags
from vlmkit.prompts import style_prompt


def test_caption_is_brief_in_a_column_of_its_own(photos, backend):
    """With its error beside it."""
    frame = caption(photos(2, bad={1}), model=backend())
    assert frame["caption"].tolist()[0] == f"0: {style_prompt('brief')}"
    assert frame["caption_error"].notna().tolist() == [False, True]
    assert caption(frame, style="technical", into="second", model=backend())["second"][0].endswith(
        style_prompt("technical")
    )


@pytest.mark.parametrize(
    ("options", "answers", "dtype", "values", "suffix"),
    [
        ({}, ["two", "2"], "string", ["two", "2"], ""),
        ({"dtype": int}, ["Two.", "many"], "Int64", [2, None], " Answer with a number only."),
        ({"dtype": float}, ["2.5", "many"], "Float64", [2.5, None], " Answer with a number only."),
        ({"dtype": bool}, ["Yes", "maybe"], "boolean", [True, None], " Answer yes or no."),
        (
            {"choices": ["red", "blue"]},
            ["Blue", "green"],
            "category",
            ["blue", None],
            " Answer with one of: red, blue.",
        ),
    ],
)
def test_ask_gives_columns_of_the_type(photos, backend, options, answers, dtype, values, suffix):
    """An answer that cannot be read is NA, with the answer in the error."""
    model = backend(replies=answers, parallel_asks=1)
    frame = ask(photos(2), "Which?", into="x", model=model, max_retries=0, **options)
    assert frame["x"].dtype == dtype
    assert [None if pd.isna(value) else value for value in frame["x"]] == values
    assert model.asks[0].prompt == f"Which?{suffix}"
    if values[1] is None:
        assert frame["x_error"][1].startswith("UnreadableReply: expected")
        assert answers[1] in frame["x_error"][1]


class Mood(Enum):
    """A choice."""

    CALM = "calm"
    WILD = "wild"


@pytest.mark.parametrize(
    ("dtype", "answer", "value", "column"),
    [
        (list[str], '{"answer": ["a", "b"]}', ["a", "b"], "object"),
        (dt.date, '{"answer": "1999-12-31"}', pd.Timestamp("1999-12-31"), "datetime64[s]"),
        (Mood, '{"answer": "WILD"}', "wild", "category"),
        (int | None, '{"answer": null}', pd.NA, "Int64"),
    ],
)
def test_an_answer_may_be_of_any_type_a_field_may_be(photos, backend, dtype, answer, value, column):
    """It is then asked for as JSON."""
    found = ask(photos(1), "What?", dtype=dtype, model=backend(replies=[answer]))["answer"]
    assert str(found.dtype) == column
    assert found.isna()[0] if value is pd.NA else found[0] == value


def test_tags_are_terms_of_the_vocabulary(photos, backend):
    """In its order; synonyms count, the rest does not."""
    model = backend(replies=['{"tags": ["puppy", "sky", "Indoor"]}', "cat, dog", "none", "{broken"])
    vocabulary = {"indoor": [], "outdoor": ["outside"], "animal/dog": ["puppy"], "animal/cat": []}
    frame = tags(photos(4), vocabulary, model=model, max_retries=0, progress=False)
    assert frame["tags"].tolist() == [["indoor", "animal/dog"], ["animal/dog", "animal/cat"], [], None]
    assert frame["tags_error"].notna().tolist() == [False, False, False, True]
    assert frame["tags"].explode().value_counts()["animal/dog"] == 2
    assert '"animal/dog"' in model.asks[0].prompt


def test_unknown_tags_are_reported(photos, backend):
    """What the vocabulary may lack."""
    frame = tags(photos(1), ["sky"], report_unknown=True, model=backend(replies=['{"tags": ["sky", "sea"]}']))
    assert (frame["tags"][0], frame["tags_unknown"][0]) == (["sky"], ["sea"])


def test_one_tag_is_a_category(photos, backend):
    """In the vocabulary's order, with its synonyms."""
    model = backend(replies=["a puppy", "Indoor.", "a dog or a puppy indoor"])
    frame = tags(photos(3), {"indoor": [], "animal/dog": ["puppy"]}, multiple=False, model=model, max_retries=0)
    assert frame["tags"].dtype == pd.CategoricalDtype(["indoor", "animal/dog"])
    assert frame["tags"].fillna("indoor").tolist() == ["animal/dog", "indoor", "indoor"]
    assert frame["tags"].isna().tolist() == [False, False, True]
    with pytest.raises(BadSetting, match="multiple=True"):
        tags(photos, ["a"], multiple=False, report_unknown=True, model=model)


def test_a_score_is_on_its_scale(photos, backend):
    """What is beyond is a fault of its row."""
    model = backend(replies=["4", "9 out of 10", "7"])
    frame = score(photos(3), "How sharp is {path}?", low=1, high=5, model=model, max_retries=0)
    assert frame["score"].dtype == "Int64"
    assert frame["score"].fillna(0).tolist() == [4, 0, 0]
    assert frame["score_error"].str.contains("a number from 1 to 5").tolist()[2]
    assert model.asks[0].prompt == "How sharp is photos/img0.png? Answer with a number from 1 to 5 only."
    halves = score(frame[["path"]].head(1), "How sharp?", low=0.0, high=1.0, model=backend(replies=["0.5"]))
    assert (halves["score"].dtype, halves["score"][0]) == ("Float64", 0.5)


def test_the_accessor_has_them(photos, backend):
    """Chained, and Series in is Series out."""
    frame = pd.DataFrame({"path": photos(2)})
    assert frame.vlm.tags(["a", "b"], model=backend(replies=["a"]))["tags"].tolist() == [["a"], ["a"]]
    found = frame["path"].vlm.score("How?", model=backend(replies=["2"]))
    assert (found.name, found.tolist()) == ("score", [2, 2])
    with pytest.raises(SetupError, match="vocabulary"):
        vk.tags(frame, [], model=backend())
