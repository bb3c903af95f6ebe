"""One field: verdicts by row, and what of an earlier one still holds."""

import pandas as pd
import pytest

from vlmkit.frame.reviewed import ReviewedField
from vlmkit.store import Judgment


@pytest.fixture
def field():
    """A count of three rows."""
    return ReviewedField(pd.DataFrame({"count": pd.array([1, 2, None], dtype="Int64")}), "count")


def said(**changes):
    given = {"kind": "review", "subject": "count", "picture": None, "place": "/a", "original": "1"}
    return Judgment(**{**given, "verdict": "edited", "value": "7", **changes})


def test_agreeing_keeps_an_edit_an_edit(field):
    """Accepted is what the model said; a value that a person wrote stays theirs."""
    assert field.accepted(0) == ("accepted", 1)
    field.set(0, field.edited(0, 7))
    assert field.accepted(0) == ("edited", 7)
    assert field.edited(0, 1) == ("accepted", 1)
    assert field.statuses() == {"auto": 2, "suggested": 0, "accepted": 0, "edited": 1, "rejected": 0, "flagged": 0}


def test_what_an_agent_wrote_is_nobodys_until_a_person_says_so(field):
    """Accepted, it is an edit; rejected, the model's own word stands again, which can be rejected in its turn."""
    field.set(0, field.suggested(0, 7))
    assert (field.status(0), field.value(0), field.original(0)) == ("suggested", 7, 1)
    assert field.accepted(0) == ("edited", 7)
    assert field.suggested(0, 1) is None
    field.set(0, field.rejected(0))
    assert (field.status(0), field.value(0)) == ("auto", 1)
    assert field.rejected(0) == ("rejected", 1)


def test_a_suggestion_goes_with_its_table(field):
    """Whoever opens the table again finds it, with what the model had said."""
    field.set(0, field.suggested(0, 7))
    again = ReviewedField(pd.DataFrame(field.columns()), "count")
    assert (again.status(0), again.value(0), again.original(0)) == ("suggested", 7, 1)


def test_what_is_kept_comes_back(field):
    """The value only where it is another than the model's."""
    assert field.packed(0, ("edited", 7)) == ("1", "edited", "7")
    assert field.packed(2, ("rejected", None)) == ("null", "rejected", None)
    assert field.packed(0, None) == ("1", "auto", None)
    field.recall(0, said())
    assert (field.status(0), field.value(0)) == ("edited", 7)
    field.recall(0, said(verdict="auto", value=None))
    assert (field.status(0), field.value(0)) == ("auto", 1)


@pytest.mark.parametrize("changes", [{"original": "2"}, {"verdict": "liked"}, {"value": '"many"'}, {"value": "{"}])
def test_what_does_not_hold_any_more_is_left(field, changes):
    """Another answer, an unknown verdict, a value that the column cannot hold."""
    field.recall(0, said(**changes))
    assert field.status(0) == "auto"


def test_a_column_nobody_touched_is_the_same_column(field):
    """No conversion, whatever its type."""
    columns = field.columns()
    assert columns["count"] is columns["count_original"]
    field.set(1, ("edited", None))
    assert field.columns()["count"].isna().tolist() == [False, True, True]
