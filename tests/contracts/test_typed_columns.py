"""Typed columns through real models: what the bundled one says about fresh scenes is typed, and true."""

import pandas as pd
import pytest

import vlmkit as vk
from vlmkit.tiny import scenes

pytestmark = pytest.mark.core_model

SCENES = [scenes.make(9_000_000 + number) for number in range(40)]
SCHEMA = "count int, background: white|gray|black|brown|pink, shapes list[circle|square|triangle|star|cross]"
OPTIONS = {"store": False, "progress": False}


@pytest.fixture(scope="module")
def drawn():
    """Scenes that training never saw."""
    return pd.DataFrame({"image": [scene.draw() for scene in SCENES]})


def agreement(table):
    """Share of scenes in which each field is right."""
    rows = list(zip(table.itertuples(), SCENES, strict=True))
    return {
        "count": sum(row.count_ == len(scene.things) for row, scene in rows) / len(rows),
        "background": sum(row.background == scene.background for row, scene in rows) / len(rows),
        "shapes": sum(set(row.shapes) == {thing.shape for thing in scene.things} for row, scene in rows) / len(rows),
    }


def test_the_bundled_model_fills_a_schema_rightly(drawn):
    """Every answer fits, and nearly all are right; a value that is right is likelier than one that is not."""
    table = vk.describe(drawn, schema=SCHEMA, model="tiny", confidence=True, **OPTIONS)
    assert table["description_error"].isna().all()
    assert table["count"].dtype == "Int64"
    assert list(table["background"].cat.categories) == ["white", "gray", "black", "brown", "pink"]
    found = agreement(table.rename(columns={"count": "count_"}))
    assert found["count"] >= 0.95
    assert found["background"] >= 0.95
    assert found["shapes"] >= 0.9
    assert table[["count_confidence", "background_confidence", "shapes_confidence"]].gt(0.3).mean().min() > 0.9


def test_a_server_without_a_schema_of_its_own_fills_it_too(drawn, mlx_vlm_server):
    """From the prompt alone, read tolerantly."""
    table = vk.describe(drawn.head(8), schema=SCHEMA, model=mlx_vlm_server, **OPTIONS)
    assert table["description_error"].isna().all()
    right = [count == len(scene.things) for count, scene in zip(table["count"], SCENES, strict=False)]
    assert sum(right) >= 7


def test_many_questions_at_once_are_answered_as_one_by_one(drawn):
    """The picture is seen once; that changes no answer."""
    asked = {
        "objects": ("How many objects are there?", int),
        "backdrop": ("What is the background color?", ["white", "gray", "black", "brown", "pink"]),
        "star": ("Is there a star?", bool),
    }
    few = drawn.head(10)
    together = vk.describe(few, asked, model="tiny", **OPTIONS)
    alone = vk.ask(few, asked["objects"][0], dtype=int, into="objects", model="tiny", **OPTIONS)
    assert together["objects"].tolist() == alone["objects"].tolist()
    stars = [any(thing.shape == "star" for thing in scene.things) for scene in SCENES[:10]]
    assert sum(together["star"] == stars) >= 9
