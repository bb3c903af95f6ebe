"""What a verb gave, on a stream, and how it went."""

import io
from dataclasses import dataclass

import pandas as pd
import pytest

from vlmkit.cli.tables_out import count_failures, result_table, write_result
from vlmkit.cli.verbs import VERBS
from vlmkit.frame import Estimate
from vlmkit.frame.estimation import Interval

ANSWERS = pd.DataFrame(
    {
        "path": ["a.png", "b.png", "c.png"],
        "error": [None, None, None],
        "caption": ["A dog.", None, "technical"],
        "share": [0.123456, 1.0, None],
        "caption_error": [None, "Refused: no", "TimedOut: late"],
    }
)


def text(table, known=("path", "error")):
    """What a person sees."""
    stream = io.StringIO()
    write_result(table, "table", stream, width=100, known=known)
    return stream.getvalue().splitlines()


def test_people_see_answers_beside_the_pictures():
    """Errors stand in the cell that they are about, also beside what stands in for an answer."""
    header, _, *rows = text(ANSWERS)
    assert header.split() == ["path", "caption", "share"]
    assert rows[0].split("  ")[0::1][0] == "a.png"
    assert "! Refused: no" in rows[1]
    assert "technical (! TimedOut: late)" in rows[2]
    assert "0.123456" in rows[0]


def test_a_cell_is_written_as_in_a_notebook():
    """Lists with commas; of a picture inside the table its path, and never its bytes."""
    table = pd.DataFrame({"image": [{"path": "a.png", "bytes": b"PNG"}], "tags": [["red", "round"]], "n": [12345.6]})
    assert text(table, known=())[2].split("  ") == ["a.png", "red, round", "12345.6"]


def test_where_nothing_is_new_all_columns_are_shown():
    """As of figures."""
    header, *_ = text(ANSWERS, known=())
    assert header.split() == ["path", "error", "caption", "share"]


@pytest.mark.parametrize(
    ("name", "table", "failed"),
    [
        ("caption", ANSWERS, 2),
        ("evaluate", ANSWERS, 0),
        ("lint", pd.DataFrame({"rule": ["empty", "lines"]}), 2),
        ("lint", ANSWERS, 0),
        ("check", pd.DataFrame({"check": ["reachable", "streams"], "result": ["yes", "no"]}), 0),
        ("check", pd.DataFrame({"check": ["reachable", "streams"], "result": ["no", "unknown"]}), 1),
    ],
)
def test_failures_are_counted_by_what_a_verb_gives(name, table, failed):
    """Errors of rows, findings, or a model that does not work; mended captions are not findings."""
    assert count_failures(VERBS[name], table, ("path", "error")) == failed


def test_an_index_that_says_something_becomes_a_column():
    """And what holds its table gives it."""

    @dataclass
    class Holder:
        frame: pd.DataFrame

    compared = Holder(pd.DataFrame({"rows": [3]}, index=["brief"]))
    assert result_table(VERBS["compare"], compared).to_dict("list") == {"answers": ["brief"], "rows": [3]}
    assert result_table(VERBS["caption"], ANSWERS) is ANSWERS


def test_an_estimate_is_one_record():
    """Its own table for people, an object for programs."""
    figure = Interval(2.0, 1.0, 3.0)
    found = Estimate(
        rows=9, sampled=2, failed=0, workers=1, seconds=figure, prompt_tokens=None, completion_tokens=None, money=None
    )
    assert text(found)[0].startswith("9 rows, from 2 of them")
    stream = io.StringIO()
    write_result(found, "json", stream, width=80, known=())
    assert '"likely": 2.0' in stream.getvalue()
