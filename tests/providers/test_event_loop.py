"""The loop's thread: there while somebody needs it, the same for all, gone afterwards."""

import asyncio
import threading

import pytest

from vlmkit.providers import event_loop
from vlmkit.providers.event_loop import EventLoop

WAIT_S = 20


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch):
    """Models that other tests keep open have a loop of their own."""
    monkeypatch.setattr(event_loop, "_shared", None)


async def which_thread():
    return threading.current_thread()


def test_all_share_one_thread_until_the_last_leaves():
    """And the next one begins another."""
    first, second = EventLoop.enter(), EventLoop.enter()
    assert first is second
    thread = first.run(which_thread())
    first.leave()
    assert second.run(which_thread()) is thread
    second.leave()
    thread.join(WAIT_S)
    assert first.loop.is_closed()
    third = EventLoop.enter()
    assert third.run(which_thread()) is not thread
    third.leave()


def test_what_fails_there_is_raised_here():
    """As if it had been done here."""
    loop = EventLoop.enter()

    async def fail():
        raise ValueError("there")

    with pytest.raises(ValueError, match="there"):
        loop.run(fail())
    loop.leave()


def test_what_is_still_going_on_ends_with_the_last_one():
    """And is told, so that it can tidy up."""
    loop, begun, ended = EventLoop.enter(), threading.Event(), threading.Event()

    async def go_on():
        begun.set()
        try:
            await asyncio.sleep(1000)
        finally:
            ended.set()

    loop.call(lambda: loop.loop.create_task(go_on()))
    assert begun.wait(WAIT_S)
    loop.leave()
    assert ended.wait(WAIT_S)
