"""The account of an export."""

import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters.changes import ACTIONS, Changes


def test_lines_become_a_table():
    """One line each, in order, with honest types; counts by action."""
    changes = Changes()
    changes.add("a.txt", "create", after="new")
    changes.add("b.jpg", "leave out", before="old", reason="TimedOut: late")
    table = changes.table()
    assert table["action"].tolist() == ["create", "leave out"]
    assert table["action"].cat.categories.tolist() == list(ACTIONS)
    assert table["after"].isna().tolist() == [False, True]
    assert (changes.counts["create"], changes.counts["skip"]) == (1, 0)
    assert changes.reasons == ["TimedOut: late"]


def test_an_export_of_nothing_is_an_error():
    """An empty table, or rows that were all left out, with the first reason."""
    changes = Changes()
    with pytest.raises(SetupError, match="no rows"):
        changes.check_written(of=0)
    changes.add("a.jpg", "leave out", reason="the row has no text.")
    changes.check_written(of=2)
    with pytest.raises(SetupError, match="all 1 rows are left out; the first: the row has no text"):
        changes.check_written(of=1)
