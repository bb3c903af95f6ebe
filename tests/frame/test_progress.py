"""Who hears of a run's events."""

import io
import logging
import sys
import time

import pytest

from vlmkit.errors import BadSetting, Cancelled, TimedOut
from vlmkit.frame.progress import LogLines, TextBar, listener_for
from vlmkit.runner import Done, Finished, Planned, Spent, Started, Waiting


class Terminal(io.StringIO):
    def isatty(self):
        return True


def attach_terminal(monkeypatch):
    """Within the test: pytest puts its own stderr in place after the fixtures."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    return terminal


def test_auto_is_a_bar_only_where_stderr_is_a_terminal(monkeypatch):
    """In a log file or a notebook's output it would be noise."""
    attach_terminal(monkeypatch)
    assert isinstance(listener_for("auto", "x"), TextBar)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    assert listener_for("auto", "x") is None
    monkeypatch.setattr(sys, "stderr", None)
    assert listener_for("auto", "x") is None


def test_the_caller_decides():
    """Always, never, or a function of one's own."""
    assert isinstance(listener_for(True, "x"), TextBar)
    assert listener_for(False, "x") is None
    assert listener_for(print, "x") is print


@pytest.mark.parametrize("progress", ["yes", 1, None])
def test_anything_else_is_refused(progress):
    """The message says what there is."""
    with pytest.raises(BadSetting, match='give "auto", "log", True, False, or a function'):
        listener_for(progress, "x")


def test_the_bar_shows_title_count_and_failures(monkeypatch, capsys):
    """On stderr, to the last row, and nothing on stdout."""
    stderr = attach_terminal(monkeypatch)
    bar = TextBar("caption")
    bar(Planned(total=3, workers=1))
    for index in range(3):
        bar(Started(index=index, total=3))
        fault = TimedOut("x") if index == 1 else None
        bar(Done(index=index, total=3, seconds=0.1, from_store=False, fault=fault))
    bar(Finished(total=3, ok=2, failed=1, cancelled=0, seconds=0.3, stopped_early=False))
    last = stderr.getvalue().rsplit("\r", 1)[-1]
    assert "caption: 100%" in last
    assert "3/3" in last
    assert "1 failed" in last
    assert capsys.readouterr().out == ""


def test_rows_that_were_stopped_are_neither_done_nor_failed(monkeypatch):
    """The bar stays where the run stopped."""
    stderr = attach_terminal(monkeypatch)
    bar = TextBar("x")
    bar(Planned(total=2, workers=1))
    bar(Done(index=0, total=2, seconds=0.1, from_store=False, fault=None))
    bar(Done(index=1, total=2, seconds=0.0, from_store=False, fault=Cancelled("x")))
    bar(Finished(total=2, ok=1, failed=0, cancelled=1, seconds=0.3, stopped_early=True))
    last = stderr.getvalue().rsplit("\r", 1)[-1]
    assert "1/2" in last
    assert "failed" not in last


def test_a_bar_may_come_late(monkeypatch):
    """Events without a beginning draw nothing."""
    stderr = attach_terminal(monkeypatch)
    bar = TextBar("x")
    bar(Started(index=0, total=1))
    bar(Finished(total=1, ok=0, failed=0, cancelled=1, seconds=0.0, stopped_early=True))
    assert stderr.getvalue() == ""


def finished(**more):
    counts = {"total": 3, "ok": 2, "failed": 1, "cancelled": 0, "seconds": 0.25, "stopped_early": False}
    return Finished(**counts, **more)


def test_the_bar_ends_with_where_pictures_went(monkeypatch):
    """If that is not this process."""
    stderr = attach_terminal(monkeypatch)
    bar = TextBar("x")
    bar(Planned(total=3, workers=1))
    bar(finished(destinations=("this process", "http://example.test")))
    last = stderr.getvalue().rsplit("\r", 1)[-1]
    assert "1 failed, pictures went to http://example.test" in last
    assert "this process" not in last


def test_the_bar_draws_at_most_ten_times_a_second(monkeypatch):
    """But the first and the last state always."""
    stderr = attach_terminal(monkeypatch)
    bar = TextBar("x")
    start_s = time.monotonic()
    bar(Planned(total=5000, workers=1))
    for index in range(5000):
        bar(Done(index=index, total=5000, seconds=0.1, from_store=False, fault=None))
    bar(finished())
    draws = stderr.getvalue().split("\r")[1:]
    assert "0/5000" in draws[0]
    assert "5000/5000" in draws[-1]
    assert len(draws) <= 4 + 10 * (time.monotonic() - start_s)


def test_lines_in_the_log(caplog):
    """At the beginning, every so often, and at the end."""
    lines = listener_for("log", "caption")
    assert isinstance(lines, LogLines)
    with caplog.at_level(logging.INFO, "vlmkit.progress"):
        lines(Planned(total=3, workers=2))
        lines(Done(index=0, total=3, seconds=0.1, from_store=False, fault=None))
        lines._next_s = 0.0
        lines(Done(index=1, total=3, seconds=0.1, from_store=False, fault=TimedOut("x")))
        lines(Done(index=2, total=3, seconds=0.1, from_store=False, fault=None))
        lines(finished(destinations=("http://example.test",), workers=24))
    assert [record.message for record in caplog.records] == [
        "caption: 3 rows, 2 at a time",
        "caption: 2 of 3, 1 failed, 0 active",
        "caption: 2 of 3 in 0.2 s, 1 failed, 24 at a time, pictures went to http://example.test",
    ]


def test_the_bar_says_what_is_under_way_and_what_was_spent(monkeypatch):
    """And at the end why rows are left."""
    stderr = attach_terminal(monkeypatch)
    bar = TextBar("x")
    bar(Planned(total=3, workers=2))
    for index in range(2):
        bar(Started(index=index, total=3))
    bar._bar.mininterval = 0
    spent = Spent(seconds=1.0, tokens=1234, money=0.5)
    bar(Done(index=0, total=3, seconds=0.1, from_store=False, fault=None, spent=spent))
    bar._bar.refresh()
    assert "[1 active], 1,234 tokens, 0.50 spent" in stderr.getvalue()
    bar(finished(reason="the budget of 30 minutes is used up", spent=spent))
    assert "the budget of 30 minutes is used up" in stderr.getvalue()


def test_rows_that_wait_for_another_run_are_said(monkeypatch, caplog):
    """In the bar as long as they do, in the log once in a while."""
    stderr = attach_terminal(monkeypatch)
    bar = TextBar("x")
    bar(Planned(total=3, workers=2))
    bar(Waiting(rows=2, processes=(7,)))
    assert "2 waiting for another run" in stderr.getvalue()
    bar(Waiting(rows=0))
    assert stderr.getvalue().rstrip().endswith("[0 active]]")
    with caplog.at_level(logging.INFO, "vlmkit.progress"):
        lines = LogLines("caption")
        lines(Waiting(rows=2, processes=(7,)))
        lines(Waiting(rows=1, processes=(7,)))
    assert caplog.messages == ["caption: 2 row(s) wait for the answers that another run (process 7) is asking for."]
