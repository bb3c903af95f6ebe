"""Edits: a changed copy, whose suggestions a person reviews and merges; what a person decided stays."""

from contextlib import closing

import pandas as pd
import pytest
from scene_tables import Called, scene_table

from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import ToolError


@pytest.fixture
def table():
    """Four scenes, of whose captions a person has accepted the last."""
    looked = scene_table(4).vlm.review("caption", store=False)
    looked.accept(3)
    return looked.frame


@pytest.fixture
def called(table):
    """Tools that may edit it."""
    return Called(table, allow_edits=True)


def test_a_suggestion_goes_through_review_into_the_table(table, called):
    """Old and new stand side by side; a person accepts one and rejects one; the table given is not changed."""
    before = table.copy(deep=True)
    told = called.set_cell(row=0, column="caption", value="A small red square.")
    assert told.rows == (0,)
    assert told.data == {
        "row": 0,
        "column": "caption",
        "before": "A red square on a gray background.",
        "value": "A small red square.",
        "status": "suggested",
    }
    called.set_cell(row=1, column="Caption", value="Two things.")
    edited = called.tools.table
    assert edited["caption_status"].tolist() == ["suggested", "suggested", "auto", "accepted"]
    assert edited.index.equals(table.index)
    assert edited.dtypes.equals(table.dtypes)
    pd.testing.assert_frame_equal(table, before)

    merged = scene_table(4).vlm.merge_edits(edited)
    assert merged["caption"].tolist() == edited["caption"].tolist()
    assert merged["caption_status"].tolist() == ["suggested", "suggested", "auto", "accepted"]
    looked = merged.vlm.review("caption", store=False)
    looked.accept(0)
    looked.reject(1)
    assert looked.frame["caption_status"].tolist() == ["edited", "auto", "auto", "accepted"]
    assert looked.frame["caption"].tolist() == ["A small red square.", *table["caption"].tolist()[1:]]


def test_a_suggestion_that_is_what_the_model_said_takes_itself_back(table, called):
    """Nothing is left of it."""
    called.set_cell(row=0, column="caption", value="nonsense")
    assert called.set_cell(row=0, column="caption", value=table["caption"].iloc[0]).data["status"] == "auto"
    assert called.tools.table["caption"].tolist() == table["caption"].tolist()


def test_cells_keep_the_type_of_their_column(called):
    """Numbers, lists and choices are read as such; the tools read what was written."""
    called.set_cell(row=0, column="count", value="7")
    called.set_cell(row=0, column="tags", value=["star"])
    called.set_cell(row=0, column="background", value="PINK")
    edited = called.tools.table
    assert (edited["count"].iloc[0], edited["count"].dtype) == (7, "Int64")
    assert (edited["tags"].iloc[0], edited["background"].iloc[0]) == (["star"], "pink")
    assert called.filter_rows(column="count", operator="=", value=7).data["rows"][0]["row"] == 0


@pytest.mark.parametrize(
    ("row", "column", "value", "message"),
    [
        (9, "caption", "x", "row 9: the table has rows 0 to 3"),
        (0, "captoin", "x", "Did you mean 'caption'"),
        (0, "path", "/etc/passwd", "'path' holds the pictures, which stay as they are"),
        (0, "caption_status", "accepted", "says what people think of another column, and is theirs"),
        (0, "caption_original", "x", "is theirs to change"),
        (3, "caption", "x", r"row 3, 'caption': a person has reviewed it \(accepted\), and their word stays"),
        (0, "count", "many", "'count' takes a whole number, such as 3; 'many' is none"),
        (0, "count", "", "a cell cannot be emptied"),
        (0, "background", "plaid", "'background' takes one of"),
    ],
)
def test_what_cannot_be_changed_says_why(called, row, column, value, message):
    """And changes nothing."""
    before = called.tools.table
    with pytest.raises(ToolError, match=message):
        called.set_cell(row=row, column=column, value=value)
    assert called.tools.table is before


def test_a_column_is_filled_with_a_models_answers(called):
    """Those of the rows that were named, with their type and their errors, as `vlmkit.ask` would have it."""
    told = called.add_column(name="n", kind="count", question="How many objects are there?", rows=[2, 0]).data
    assert told == {"column": "n", "filled": 2, "failed": 0, "empty": 2}
    edited = called.tools.table
    assert (edited["n"].dtype, edited["n_error"].dtype) == ("Int64", "string")
    assert edited["n"].tolist() == [1, pd.NA, 3, pd.NA]


def test_a_column_may_begin_empty(called):
    """Of any kind, to be filled cell by cell."""
    called.add_column(name="mood", kind="one_of", choices=["calm", "wild"])
    called.set_cell(row=1, column="mood", value="Wild")
    edited = called.tools.table
    assert edited["mood"].cat.categories.tolist() == ["calm", "wild"]
    assert edited["mood"].iloc[1] == "wild"
    assert edited["mood_status"].tolist() == ["auto", "suggested", "auto", "auto"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "caption"}, "the column 'caption' is there already"),
        ({"name": "a\u202eb"}, "give one of 1 to 80 characters, on one line"),
        ({"name": "count_status"}, "would be taken for what belongs to another column"),
        ({"name": "x", "kind": "one_of"}, "needs the answers to choose from"),
        ({"name": "x", "question": "?", "rows": [7]}, "row 7: the table has rows 0 to 3"),
    ],
)
def test_a_column_that_cannot_be_added_says_why(called, arguments, message):
    """And adds nothing."""
    before = called.tools.table
    with pytest.raises(ToolError, match=message):
        called.add_column(**arguments)
    assert called.tools.table is before


def test_one_call_asks_about_so_many_rows():
    """More are a matter of several calls, or of `vlmkit.ask`."""
    called = Called(pd.concat([scene_table(4)] * 60), allow_edits=True)
    with pytest.raises(ToolError, match="240 rows are too many for one call, which asks about at most 200"):
        called.add_column(name="n", question="What is it?")


def test_a_column_that_was_not_filled_in_time_is_not_there():
    """What was answered is kept, so that the next call goes on."""
    with closing(FakeBackend(delay_s=60)) as model:
        called = Called(scene_table(2), model=model, allow_edits=True, timeout_s=0.1)
        with pytest.raises(ToolError, match="there was no time for 2 of 2 rows"):
            called.add_column(name="n", question="What is it?")
        assert "n" not in called.tools.table
