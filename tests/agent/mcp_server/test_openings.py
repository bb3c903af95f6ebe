"""Something slow, got ready once, and awaited by whoever needs it."""

import asyncio
import threading

import pytest

from vlmkit.agent.mcp_server.openings import Opening


def test_it_is_made_once_for_all():
    """Also when several wait, and one of them gives up."""
    gate, made = threading.Event(), []

    def make():
        gate.wait(60)
        made.append(1)
        return "table"

    async def run():
        opening = Opening(make)
        waiting = [asyncio.ensure_future(opening.get()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        gate.set()
        return await asyncio.gather(*waiting[1:]), await opening.get()

    assert asyncio.run(run()) == (["table", "table"], "table")
    assert made == [1]


def test_a_failure_is_told_and_the_next_one_tries_again():
    """A folder may be there by then."""
    results = [FileNotFoundError("no photos"), "table"]

    def make():
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    async def run():
        opening = Opening(make)
        with pytest.raises(FileNotFoundError, match="no photos"):
            await opening.get()
        return await opening.get()

    assert asyncio.run(run()) == "table"
