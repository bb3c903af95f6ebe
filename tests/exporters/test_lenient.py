"""The account of reading: rows, faults, what is left out; one warning."""

import pytest

from vlmkit.errors import SetupError
from vlmkit.exporters.lenient import Fault, Reading


def test_one_warning_tells_all(recwarn):
    """Counts, the first few places, and nothing that a terminal obeys."""
    reading = Reading("set.json")
    for number in range(5):
        assert reading.attempt(f"line {number}", int, "x\x1b[31m") is None
    reading.missing("gone.jpg")
    table = reading.table([{"path": "a.jpg", "caption": Fault("a.txt: not UTF-8")}, {"path": "b.jpg", "caption": "b"}])
    (told,) = [str(each.message) for each in recwarn]
    assert told.startswith("set.json: 5 of 7 records are left out: line 0 (")
    assert "and 2 more" in told
    assert "1 picture, not where the data set says" in told
    assert "1 cell, NA because of what the column …_error says: a.jpg (caption: a.txt: not UTF-8)" in told
    assert "\x1b" not in told
    assert table["caption"].isna().tolist() == [True, False]
    assert table["caption_error"].isna().tolist() == [False, True]


def test_what_is_whole_is_not_spoken_of(recwarn):
    """No warning, and no column of errors."""
    assert list(Reading("x").table([{"path": "a", "caption": "b"}]).columns) == ["path", "caption"]
    assert not recwarn.list


def test_a_broken_cell_leaves_the_others(recwarn):
    """A text that is not UTF-8 is NA beside its reason; a path is never judged: files are called as they are."""
    bad = b"\xe9".decode("utf-8", "surrogateescape")
    table = Reading("x").table([{"path": bad, "text": bad, "number": 1, "tags": [bad]}], ["path", "text"])
    assert table["path"].tolist() == [bad]
    assert table["text"].isna().all()
    assert set(table.columns) == {"path", "text", "text_error", "number", "tags_error"}
    assert "2 cells" in str(recwarn.pop().message)


def test_nothing_to_read_is_a_fault():
    """Where all records are broken, the file is none of its format."""
    reading = Reading("set.json")
    reading.attempt("line 1", {}.__getitem__, "messages")
    with pytest.raises(SetupError, match=r"set.json: cannot be read as what it should be \(line 1: no 'messages'"):
        reading.table([])


def test_a_strict_account_ends_at_the_first():
    """What is to be completed must be whole."""
    with pytest.raises(SetupError, match="line 1"):
        Reading("set.json", strict=True).leave_out("line 1", "half")
