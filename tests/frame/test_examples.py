"""Rows with right answers become examples that a model is shown."""

import pandas as pd
import pytest

from vlmkit.errors import BadSetting, SetupError
from vlmkit.frame import describe
from vlmkit.frame.examples import examples_of
from vlmkit.prompts import compose_form


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
