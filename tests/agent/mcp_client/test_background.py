"""One thread with an event loop, for all MCP servers."""

import asyncio
import threading

import pytest

from vlmkit.agent.mcp_client.background import background_loop


def test_there_is_one_thread_for_all():
    """Wherever it is asked for."""

    async def where():
        return threading.current_thread().name

    assert background_loop() is background_loop()
    assert background_loop().run(where()) == "vlmkit-mcp"


def test_what_goes_wrong_there_is_raised_here():
    """As it is."""

    async def fail():
        raise LookupError("no row 7")

    with pytest.raises(LookupError, match="no row 7"):
        background_loop().run(fail())


def test_its_own_thread_cannot_wait_for_it():
    """It would wait for ever."""

    async def wait():
        background_loop().run(asyncio.sleep(0))

    with pytest.raises(RuntimeError, match="must not wait"):
        background_loop().run(wait())
