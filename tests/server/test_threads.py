"""Work in a thread of its own, and calls that come back to the loop."""

import asyncio
import threading

import pytest

from vlmkit.server.threads import LoopCalls, in_own_thread


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


def test_calls_of_many_threads_all_come_each_threads_in_order():
    """While the loop runs them, further ones come."""

    async def heard():
        calls, found, everything = LoopCalls(), [], asyncio.Event()

        def hear(caller, number):
            found.append((caller, number))
            if len(found) == 4 * 500:
                everything.set()

        def call(caller):
            for number in range(500):
                calls.put(hear, caller, number)

        threads = [threading.Thread(target=call, args=[caller]) for caller in range(4)]
        for thread in threads:
            thread.start()
        await asyncio.wait_for(everything.wait(), 30)
        for thread in threads:
            thread.join()
        return found

    found = asyncio.run(heard())
    for caller in range(4):
        assert [number for who, number in found if who == caller] == list(range(500))


def test_calls_that_wait_together_wake_the_loop_once(monkeypatch):
    """And one that comes later wakes it again."""

    async def woken():
        loop, found, wakes = asyncio.get_running_loop(), [], []
        wake = loop.call_soon_threadsafe
        monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *call: (wakes.append(call), wake(*call)))
        calls = LoopCalls()
        for number in range(5):
            calls.put(found.append, number)
        await asyncio.sleep(0)
        calls.put(found.append, 5)
        await asyncio.sleep(0)
        return found, len(wakes)

    assert asyncio.run(woken()) == ([0, 1, 2, 3, 4, 5], 2)


def test_calls_on_a_loop_that_is_closed_are_nobodys():
    """The thread that makes them goes on."""

    async def made():
        return LoopCalls()

    asyncio.run(made()).put(print, "never")
