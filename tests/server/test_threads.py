"""Work in a thread of its own."""

import asyncio
import threading

import pytest

from vlmkit.server.threads import in_own_thread


def test_what_it_gives_and_what_it_raises_comes_back():
    """To whoever waits, in the loop."""
    assert asyncio.run(in_own_thread(lambda: threading.current_thread().name, "apart")) == "apart"
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_own_thread(lambda: 1 / 0, "apart"))


def test_the_end_of_the_loop_does_not_wait_for_it():
    """A load that stands still keeps nobody."""
    release = threading.Event()

    async def give_up():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await in_own_thread(release.wait, "standing")

    asyncio.run(give_up())
    release.set()
