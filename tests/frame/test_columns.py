"""The columns a call fills."""

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest

import vlmkit as vk
from vlmkit.errors import SetupError, TimedOut, UnreadableReply
from vlmkit.frame.columns import Columns, TaskColumns, details_of
from vlmkit.prompts import compose_description, compose_form, compose_question, compose_questions
from vlmkit.records import Outcome, Reply, Token, Usage

REPLY = Reply(
    text="x",
    finish_reason="stop",
    response_id="r-1",
    model="fake:m",
    revision="7",
    usage=Usage(prompt_tokens=3, completion_tokens=2),
)


def test_columns_are_filled_in_any_order():
    """Each outcome goes to its own row, twice being once."""
    columns = TaskColumns(compose_question("?", dtype=int, into="n"), 3)
    assert columns.names == ["n", "n_error"]
    failed = Outcome(index=2, fault=TimedOut("too slow"))
    for outcome in (failed, Outcome(index=0, values={"n": 5}), failed):
        columns.take(outcome.index, outcome)
    frame = pd.DataFrame(columns.arrays())
    assert frame["n"].tolist()[0] == 5
    assert frame["n"].isna().tolist() == [False, True, True]
    assert pd.isna(frame["n_error"][0])
    assert frame["n_error"][1] == "Cancelled: this row's turn had not come."
    assert frame["n_error"][2] == "TimedOut: too slow"


def test_details_have_columns_of_their_own():
    """Named after the first field, NA where there was no answer."""
    columns = TaskColumns(compose_description("?", into="text"), 2, details=True)
    columns.take(0, Outcome(index=0, values={"text": "x"}, reply=REPLY, seconds=0.5, prompt="?"))
    columns.take(1, Outcome(index=1, fault=TimedOut("too slow"), seconds=9.0, retries=3))
    frame = pd.DataFrame(columns.arrays())
    assert list(frame) == columns.names
    assert frame.loc[1, "text_retries"] == 3
    digest = "0c26add61199629921e19cb614a5f581"
    assert frame.loc[0].tolist()[2:] == ["fake:m", "7", digest, 0.5, 3, 2, "stop", "r-1", False, False, 0, "x"]
    assert frame.loc[1, "text_seconds"] == 9.0
    missing = frame.loc[1, ["text_model", "text_revision", "text_prompt_tokens", "text_finish_reason"]]
    assert missing.isna().all()
    dtypes = frame.dtypes.astype(str)
    assert dtypes["text_seconds"] == "Float64"
    assert dtypes["text_completion_tokens"] == "Int64"
    assert dtypes["text_finish_reason"] == "string"


def test_cells_can_be_kept():
    """Those of the rows that are not asked, in every column that is there; what is asked begins empty."""
    table = pd.DataFrame(
        {"n": pd.array([1, None, 3], dtype="Int64"), "n_error": ["", "TimedOut: x", None], "n_model": ["m", None, "m"]}
    )
    columns = TaskColumns(compose_question("?", dtype=int, into="n"), 3, details=True)
    columns.keep(table, [1, 2])
    columns.take(1, Outcome(index=1, values={"n": 2}, reply=REPLY))
    frame = pd.DataFrame(columns.arrays())
    assert frame["n"].fillna(-1).tolist() == [1, 2, -1]
    assert frame["n_error"].fillna("NA").tolist() == ["", "NA", "Cancelled: this row's turn had not come."]
    assert frame["n_model"].fillna("NA").tolist() == ["m", "fake:m", "NA"]


@pytest.mark.parametrize(
    ("task", "cells", "found"),
    [
        (compose_question("?", dtype=int, into="x"), ["many", None], "'many'"),
        (compose_question("?", choices=["a", "b"], into="x"), ["a", "c"], "'c'"),
    ],
)
def test_cells_of_another_type_cannot_be_kept(task, cells, found):
    """They would be lost or change silently."""
    columns = TaskColumns(task, 2)
    with pytest.raises(SetupError, match=f"'x' has values to keep .* {found}.*overwrite='all'"):
        columns.keep(pd.DataFrame({"x": cells}), [])


def test_details_of_an_outcome_without_a_reply():
    """Only the seconds are known."""
    details = details_of(Outcome(index=0, fault=TimedOut("x"), seconds=2.0))
    assert details.pop("seconds") == 2.0
    assert set(details.values()) == {None, 0}  # retries: it was asked once


def test_confidence_has_a_column_for_each_value():
    """NA where the model did not say, or where there is no value."""
    columns = TaskColumns(compose_question("?", dtype=int, into="n"), 3, confidence=True)
    assert columns.names == ["n", "n_confidence", "n_error"]
    told = Reply(text="3", finish_reason="stop", model="m", tokens=(Token(text="3", probability=0.5),))
    columns.take(0, Outcome(index=0, values={"n": 3}, reply=told))
    columns.take(1, Outcome(index=1, values={"n": 3}, reply=REPLY))
    columns.take(2, Outcome(index=2, fault=UnreadableReply("no number"), reply=told))
    found = pd.DataFrame(columns.arrays())["n_confidence"]
    assert found.dtype == "Float64"
    assert found.fillna(-1).tolist() == [0.5, -1, -1]


def test_cells_of_many_tasks_are_numbered_row_by_row():
    """Each goes to its own row and columns."""
    columns = Columns(compose_questions({"a": "?", "n": ("?", int)}), 2)
    assert columns.names == ["a", "a_error", "n", "n_error"]
    assert columns.value_names == ["a", "n"]
    for cell, values in enumerate(({"a": "x"}, {"n": 1}, {"a": "y"}, {"n": 2})):
        columns.take(cell, Outcome(index=9, values=values))
    frame = pd.DataFrame(columns.arrays())
    assert (frame["a"].tolist(), frame["n"].tolist()) == (["x", "y"], [1, 2])


def test_a_value_that_no_column_holds_is_its_rows_fault():
    """The last line of defense: all other rows stand, whatever read that value."""
    columns = TaskColumns(compose_form({"n": int, "day": dt.date}, into="x"), 3)
    for row, values in enumerate(({"n": 1, "day": "2024-01-01"}, {"n": 2**70, "day": "soon"}, {"n": 3, "day": None})):
        columns.take(row, Outcome(index=row, values=values))
    arrays = columns.arrays()
    assert arrays["n"].isna().tolist() == [False, True, False]
    assert arrays["day"].isna().tolist() == [False, True, True]
    assert "UnreadableReply: the column" in arrays["x_error"][1]
    assert pd.isna(arrays["x_error"][0])
    assert pd.isna(arrays["x_error"][2])


def test_texts_that_were_cut_are_marked_in_the_details():
    """Where there is a limit; the whole answer is there, too."""
    columns = TaskColumns(compose_description("?", max_characters=6, into="x"), 2, details=True)
    for row, text in enumerate(("A cat. A dog.", "A dog.")):
        reply = Reply(text=text, finish_reason="stop", model="fake:x")
        columns.take(row, Outcome(index=row, values={"x": text[:6]}, reply=reply))
    arrays = columns.arrays()
    assert list(arrays["x_shortened"]) == [True, False]
    assert arrays["x_reply"][0] == "A cat. A dog."
    assert "x_shortened" not in TaskColumns(compose_description("?", into="x"), 1, details=True).names


def test_times_and_decimals_come_through(photos, backend):
    """From the reply to columns of Python's own values; a time with an offset is an error of its row."""
    replies = ['{"price": 12.50, "opens": "2:30 pm"}', '{"price": 3, "opens": null}', '{"price": 1, "opens": "9:00Z"}']
    model = backend(replies=lambda ask: replies[ask.pictures[0].width - 10])
    table = vk.describe(
        pd.DataFrame({"path": photos(3)}), schema="price decimal, opens time?", model=model, store=False
    )
    assert table["price"].tolist() == [Decimal("12.50"), Decimal(3), pd.NA]
    assert table["opens"].tolist() == [dt.time(14, 30), pd.NA, pd.NA]
    assert table["description_error"].isna().tolist() == [True, True, False]
    assert "time of day" in table["description_error"][2]
