"""Values become columns of an honest type."""

import pandas as pd
import pytest

from vlmkit.errors import SetupError, TimedOut
from vlmkit.frame.columns import Columns, details_of, float_array, integer_array, text_array, typed_array
from vlmkit.prompts import Field, compose_description, compose_question
from vlmkit.records import Outcome, Reply, Usage


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        (str, ["a", None, ""], "string"),
        (int, [2**63 - 1, None, -5], "Int64"),
        (float, [0.5, None, 3.0], "Float64"),
        (bool, [True, None, False], "boolean"),
    ],
)
def test_types_hold_their_values_and_na(dtype, values, expected):
    """Every value comes back exactly, what is missing is NA, and the dtype does not change for it."""
    series = pd.Series(typed_array(Field(name="x", dtype=dtype), values))
    assert series.dtype == expected
    assert [None if pd.isna(value) else value for value in series] == values
    for few in ([None, None], []):
        assert pd.Series(typed_array(Field(name="x", dtype=dtype), few)).dtype == expected


def test_choices_are_a_category_in_their_own_order():
    """Also the choices nobody gave, so that counts have a row for them."""
    series = pd.Series(typed_array(Field(name="x", choices=("low", "mid", "high")), ["high", None, "low"]))
    assert list(series.cat.categories) == ["low", "mid", "high"]
    assert series.value_counts().loc["mid"] == 0
    assert series.isna().tolist() == [False, True, False]


def test_arrays_of_numbers():
    """Missing values are NA, not NaN in a column of floats."""
    assert integer_array([1, None]).dtype == "Int64"
    assert float_array([1.5, None]).dtype == "Float64"


def test_a_file_name_that_is_no_unicode_is_kept():
    """Such a name must still open its file afterwards."""
    name = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    series = pd.Series(text_array([name, None]))
    assert series.dtype == "string"
    assert series[0] == name
    assert series.isna().tolist() == [False, True]


REPLY = Reply(
    text="x", finish_reason="stop", model="fake:m", revision="7", usage=Usage(prompt_tokens=3, completion_tokens=2)
)


def test_columns_are_filled_in_any_order():
    """Each outcome goes to its own row, twice being once."""
    columns = Columns(compose_question("?", dtype=int, into="n"), 3, details=False)
    assert columns.names == ["n", "n_error"]
    failed = Outcome(index=2, fault=TimedOut("too slow"))
    for outcome in (failed, Outcome(index=0, values={"n": 5}), failed):
        columns.take(outcome)
    frame = pd.DataFrame(columns.arrays())
    assert frame["n"].tolist()[0] == 5
    assert frame["n"].isna().tolist() == [False, True, True]
    assert pd.isna(frame["n_error"][0])
    assert frame["n_error"][1] == "Cancelled: the run ended before this row's turn."
    assert frame["n_error"][2] == "TimedOut: too slow"


def test_details_have_columns_of_their_own():
    """Named after the first field, NA where there was no answer."""
    columns = Columns(compose_description("?", into="text"), 2, details=True)
    columns.take(Outcome(index=0, values={"text": "x"}, reply=REPLY, seconds=0.5))
    columns.take(Outcome(index=1, fault=TimedOut("too slow"), seconds=9.0))
    frame = pd.DataFrame(columns.arrays())
    assert list(frame) == columns.names
    assert frame.loc[0].tolist()[2:] == ["fake:m", "7", 0.5, 3, 2, "stop"]
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
    columns = Columns(compose_question("?", dtype=int, into="n"), 3, details=True)
    columns.keep(table, [1, 2])
    columns.take(Outcome(index=1, values={"n": 2}, reply=REPLY))
    frame = pd.DataFrame(columns.arrays())
    assert frame["n"].fillna(-1).tolist() == [1, 2, -1]
    assert frame["n_error"].fillna("NA").tolist() == ["", "NA", "Cancelled: the run ended before this row's turn."]
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
    columns = Columns(task, 2, details=False)
    with pytest.raises(SetupError, match=f"'x' has values to keep .* {found}.*overwrite=True"):
        columns.keep(pd.DataFrame({"x": cells}), [])


def test_details_of_an_outcome_without_a_reply():
    """Only the seconds are known."""
    details = details_of(Outcome(index=0, fault=TimedOut("x"), seconds=2.0))
    assert details.pop("seconds") == 2.0
    assert set(details.values()) == {None}
