"""Rows as exports see them, and which are left out."""

import numpy as np
import pandas as pd
import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters.rows import Rows, find_text_column, further_columns
from vlmkit.frame import column_of


def frame(**columns):
    return pd.DataFrame({"path": ["a.jpg", None, "c.jpg", "d.jpg"], **columns})


def test_rows_without_picture_or_text_are_left_out():
    """With the reason, the run's own where it has one; a stand-in beside an error is a text."""
    table = frame(caption=["x", "y", None, "late"], caption_error=[None, None, "Refused: no", "TimedOut: late"])
    faults = [row.fault for row in Rows(table, image=None, text="caption")]
    assert faults == [None, "the row names no picture; fill in its path or drop the row.", "Refused: no", None]


def test_rejected_rows_are_left_out():
    """A person's no counts; a column that is not a status of a column does not."""
    table = frame(caption="x", order_status="rejected", caption_status=["rejected", "auto", "edited", "rejected"])
    faults = [row.fault for row in Rows(table, image=None, text="caption")]
    assert [fault and fault.split()[0] for fault in faults] == ["rejected", "the", None, "rejected"]
    kept = [row.fault for row in Rows(table, image=None, text="caption", keep_all=True)]
    assert sum(fault is None for fault in kept) == 3


def test_records_need_no_text():
    """They are left out where their answers failed, whatever the columns are called."""
    table = frame(scene=["x", "y", None, None], scene_error=[None, None, "Refused: no", None], run_error=[None] * 4)
    faults = [row.fault for row in Rows(table, image=None, text=None, cells=["scene"], needs_text=False)]
    assert faults[2:] == ["Refused: no", None]


def test_fields_of_one_question_share_its_error():
    """The column of errors is called after the question; it speaks for a text that is missing."""
    table = frame(
        title="x",
        title_error=None,
        scene=["x", "y", None, "z"],
        place=1,
        asked_error=[None, None, "Refused: no", "E: x"],
    )
    assert [row.fault for row in Rows(table, image=None, text="scene")][2:] == ["Refused: no", None]
    assert [row.fault for row in Rows(table, image=None, text=None, needs_text=False)][2:] == ["Refused: no", "E: x"]


def test_cells_tags_and_confidence():
    """Plain values, tags as a tuple; rows can be read twice."""
    table = frame(caption="x", caption_confidence=[0.5, None, 1, 1], tags=[["a"], "b, c", None, []], n=np.arange(4))
    rows = Rows(table, image=None, text="caption", tags="tags", cells=["n"])
    for _ in range(2):
        assert [row.tags for row in rows] == [("a",), ("b", "c"), (), ()]
        assert [row.cells for row in rows] == [{"n": i} for i in range(4)]
    assert [rows.confidence(i) for i in range(2)] == [0.5, None]
    assert len(rows) == 4


def test_the_text_column_is_found_or_asked_for():
    """The only one of answers, else the only usual one; a choice is the caller's."""
    assert find_text_column(frame(scene="x", scene_error=None, text="y"), None) == "scene"
    assert find_text_column(frame(text="y"), None) == "text"
    assert find_text_column(frame(), None, required=False) is None
    for table in (frame(), frame(a="x", a_error="", b="x", b_error="")):
        with pytest.raises(SetupError, match='column="'):
            find_text_column(table, None)
    with pytest.raises(SetupError, match="no column 'zzz'"):
        find_text_column(frame(), "zzz")


def test_columns_are_checked():
    """Two of one name, or a name that is not a text, cannot be written."""
    twice = pd.DataFrame([[1, 2, "a.jpg"]], columns=["n", "n", "path"])
    with pytest.raises(SetupError, match="2 columns are called 'n'"):
        column_of(twice, "n")
    with pytest.raises(SetupError, match="not a text"):
        further_columns(frame(x=1).rename(columns={"x": 7}), None, None)
    assert further_columns(frame(n=1), None, None) == ["n"]
