"""Rows that are to be asked again come in the order of their moments."""

from vlmkit.errors import RateLimited
from vlmkit.runner.retries import Retries
from vlmkit.runner.rows import Row


def test_whose_moment_comes_first_is_first(questions):
    """Nobody before its moment."""
    line, fault = Retries(), RateLimited("full")
    assert (line.take_due(), line.next_s(), len(line)) == (None, float("inf"), 0)
    rows = [Row(index, question) for index, question in enumerate(questions(3))]
    for row, pause_s in zip(rows, (500.0, 0.0, -1.0), strict=True):
        line.put(row, fault, pause_s)
    assert [line.take_due(), line.take_due(), line.take_due()] == [(rows[2], fault), (rows[1], fault), None]
    assert 0 < line.next_s() <= 500
    assert line.clear() == [(rows[0], fault)]
    assert len(line) == 0
