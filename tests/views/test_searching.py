"""Filters and order look at the table as it is now."""

import pandas as pd
import pytest

from vlmkit.frame.reviewed import ReviewedField
from vlmkit.views.searching import Search


def search(frame, *names):
    fields = [ReviewedField(frame, name) for name in names]
    return Search(frame, fields, [f"img{row}.png" for row in range(len(frame))]), fields


def find(searched, text="", **wanted):
    return searched.select(text, **{"status": None, "errors": None, "tag": None, "order": "table", **wanted})


@pytest.fixture
def frame():
    """Three fields with one column of errors between them, as a schema gives it."""
    return pd.DataFrame(
        {
            "shape": ["circle", None, "square"],
            "color": pd.Categorical(["red", None, "blue"]),
            "scene_error": [None, "Refused: no", pd.NA],
            "color_confidence": [0.9, float("nan"), 0.4],
            "shape_confidence": [0.3, float("nan"), 0.8],
            "parts": [("a", "b"), None, ["b"]],
        }
    )


def test_fields_of_a_schema_share_their_errors(frame):
    """Where no field has a column of errors of its own, the others count; the least confidence counts."""
    searched, _ = search(frame, "shape", "color")
    assert [searched.error(row) for row in range(3)] == [None, "Refused: no", None]
    assert [searched.confidence(row) for row in range(3)] == [0.3, None, 0.4]
    assert find(searched, order="uncertainty") == [1, 0, 2]
    assert find(searched, errors=False) == [0, 2]


def test_tags_are_entries_of_lists_and_categories(frame):
    """Most frequent first; columns of objects that are not lists have none."""
    searched, _ = search(frame.assign(thing=[{"a": 1}] * 3), "shape")
    assert searched.tags[0] == "b"
    assert set(searched.tags) == {"a", "b", "red", "blue"}
    assert find(searched, tag="b") == [0, 2]
    assert find(searched, tag="no such") == []


def test_an_empty_cell_is_doubtful(frame):
    """After errors, before what is merely unsure."""
    frame["scene_error"] = None
    searched, fields = search(frame, "shape")
    fields[0].set(2, ("edited", None))
    assert find(searched, order="uncertainty") == [2, 1, 0]


def test_labels_and_columns_of_the_same_name_do_no_harm(frame):
    """Text is found in file names; columns that are there twice are not taken for errors."""
    twice = pd.concat([frame, frame[["scene_error", "parts"]]], axis=1)
    searched, _ = search(twice, "shape")
    assert find(searched, "IMG2") == [2]
    assert searched.error(1) is None
    assert find(searched, tag="a") == [0]
