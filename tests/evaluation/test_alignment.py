"""The truth finds its rows, or a message says why it cannot."""

import pandas as pd
import pytest

from vlmkit.errors import SetupError
from vlmkit.evaluation.alignment import BROUGHT, accepted, align_truth
from vlmkit.frame import caption


@pytest.fixture
def table():
    """Three answers about three pictures, in an order of its own."""
    return pd.DataFrame(
        {"path": ["set/c.png", "set/a.png", "set/b.png"], "count": [3, 1, 2]}, index=["third", "first", "second"]
    )


def test_a_column_a_list_or_a_series(table):
    """Whatever says the truth, it ends as a column beside the answers."""
    table["right"] = [3, 1, 9]
    by_label = pd.Series({"first": 1, "second": 9, "third": 3})
    for truth in ({"count": "right"}, {"count": [3, 1, 9]}, {"count": by_label}, by_label.rename("count")):
        assert align_truth(table, truth)["count"].tolist() == [3, 1, 9]


@pytest.mark.parametrize("column", ["file_name", "path"])
def test_a_table_is_matched_by_picture(table, column):
    """By the names of the files where the folders differ; a picture without truth stays, with a missing one."""
    truth = pd.DataFrame({column: ["a.png", "c.png"], "count": [1, 3], "unrelated": [0, 0]})
    aligned = align_truth(table, truth)
    assert list(aligned) == ["count"]
    assert aligned["count"].isna().tolist() == [False, False, True]
    assert aligned["count"].index.equals(table.index)


def test_folders_tell_pictures_apart_where_names_do_not():
    """As many parts of the path as it takes; a table may have a picture twice, and either kind of slash."""
    paths = ["/data/set/one/1.png", "/data/set/two/1.png", "/data/set/one/2.png", "/data/set/two/1.png"]
    table = pd.DataFrame({"path": paths, "n": [0] * 4})
    truth = pd.DataFrame({"file_name": ["two\\1.png", "one/1.png", "one/2.png"], "n": [21, 11, 12]})
    assert align_truth(table, truth)["n"].tolist() == [11, 21, 12, 21]


def test_pictures_that_are_no_files_are_matched_by_index():
    """Bytes have no name."""
    table = pd.DataFrame({"image": [b"x", b"y"], "n": [0, 0]})
    assert align_truth(table, table.assign(n=[1, 2]))["n"].tolist() == [1, 2]


def test_a_table_without_pictures_is_matched_by_index(table):
    """Index labels say which row is which, whatever the order."""
    truth = pd.DataFrame({"count": [1, 2, 3]}, index=["first", "second", "third"])
    assert align_truth(table, truth)["count"].tolist() == [3, 1, 2]


def test_what_cannot_be_matched_says_so(table):
    """Each slip has a message that names it and says what to do."""
    twice = pd.DataFrame({"file_name": ["a.png", "a.png"], "count": [1, 1]})
    cases = [
        ({"cuont": [1, 2, 3]}, "no column 'cuont'"),
        ({"count": "wrong"}, "no column 'wrong'"),
        ({"count": [1, 2]}, "2 values, 3 rows"),
        ({}, "names no column"),
        (pd.Series([1, 2, 3]), "Series named None"),
        (pd.Series([1, 2, 3], name="count"), "no label of the table's"),
        (pd.DataFrame({"other": [1]}), "share no column"),
        (pd.DataFrame({"file_name": ["x.png"], "count": [1]}), "none of its pictures"),
        (twice, "'a.png' more than once"),
        (7, "type int"),
    ]
    for truth, message in cases:
        with pytest.raises(SetupError, match=message):
            align_truth(table, truth)


@pytest.mark.core_model
def test_what_answers_bring_with_them_is_not_judged(scenes, store):
    """Of a table with all details only the answers are a truth; the list of what they bring is complete."""
    made = caption(scenes.head(2), model="tiny", store=store, details=True, confidence=True)
    made["caption_status"], made["caption_original"] = "auto", made["caption"]
    assert list(align_truth(made, made)) == ["caption"]
    brought = {name.removeprefix("caption_") for name in made.columns if name.startswith("caption_")}
    assert brought == set(BROUGHT)


@pytest.fixture
def reviewed():
    """Two reviewed fields, in all states."""
    return pd.DataFrame(
        {
            "path": list("abcde"),
            "brand": list("vwxyz"),
            "caption": ["A", "B", "C", "D", "E"],
            "caption_status": ["accepted", "edited", "rejected", "auto", "accepted"],
            "caption_original": ["A", "b", "C", "D", "E"],
            "caption_error": [None] * 5,
            "count": [1, 2, 3, 4, 5],
            "count_status": ["accepted", "auto", "accepted", "accepted", "edited"],
        }
    )


def test_accepted_and_edited_rows(reviewed):
    """With the picture, what prompts may read, and the value as it stands now."""
    gold = accepted(reviewed, "caption")
    assert gold["caption"].tolist() == ["A", "B", "E"]
    assert list(gold.columns) == ["path", "brand", "caption", "count", "count_status"]


def test_all_reviewed_fields_must_be_right(reviewed):
    """One that nobody looked at is not an example."""
    gold = accepted(reviewed)
    assert gold.index.tolist() == [0, 4]
    assert list(gold.columns) == ["path", "brand", "caption", "count"]


def test_a_review_gives_examples(scenes):
    """From the review itself: what was accepted and what was edited."""
    from vlmkit.views.reviewing import review

    going = review(scenes.head(3).assign(caption=["one", "two", "three"]), "caption", store=False)
    going.accept(0)
    going.edit(2, "drei")
    assert accepted(going.frame)["caption"].tolist() == ["one", "drei"]


def test_nothing_was_reviewed(reviewed):
    """The message says how to begin."""
    with pytest.raises(SetupError, match=r"df\.vlm\.review"):
        accepted(reviewed[["path", "caption"]])
    with pytest.raises(SetupError, match="'brand' was not reviewed"):
        accepted(reviewed, "brand")
