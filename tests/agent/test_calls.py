"""Calls that take their time: progress out, a wish to end in."""

import asyncio
import threading

import pytest

from vlmkit.agent.calls import call_in_progress, call_in_thread
from vlmkit.errors import Cancelled


def test_a_call_that_nobody_watches_reports_to_nobody():
    """A tool that is called as a function works as well."""
    call_in_progress().report(1, 2, "row 0")
    assert not call_in_progress().end.is_set()


def test_progress_comes_in_order_and_before_the_value():
    """Each piece once."""
    heard = []

    async def hear(*piece):
        heard.append(piece)

    def work():
        for number in range(5):
            call_in_progress().report(number, 5)
        return "done"

    assert asyncio.run(call_in_thread(work, name="one", report=hear)) == "done"
    assert heard == [(number, 5, "") for number in range(5)]


def test_errors_come_out_as_they_are():
    """Whatever they are."""

    def work():
        raise KeyError("x")

    with pytest.raises(KeyError, match="x"):
        asyncio.run(call_in_thread(work, name="one"))


def test_a_call_that_took_too_long_ends_at_its_next_report():
    """Nobody waits for its thread meanwhile."""
    left, over = threading.Event(), []

    def work():
        call = call_in_progress()
        call.end.wait(60)
        try:
            call.report(1, 2)
        except Cancelled as error:
            over.append(str(error))
            left.set()
            raise

    with pytest.raises(TimeoutError):
        asyncio.run(call_in_thread(work, name="one", timeout_s=0.05))
    assert left.wait(60)
    assert over[0].startswith("Nobody waits for this call any more.")
