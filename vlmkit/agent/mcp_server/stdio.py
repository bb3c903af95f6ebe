"""A server on standard input and output, as hosts start it; it ends with its input, or when it is told to."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from mcp.server.stdio import stdio_server

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

__all__ = ["StdioHost"]

_END_S = 3.0  # longer than a run needs to let go of what is in flight


class StdioHost:
    """A server that answers in a thread, so that signals reach the main thread at any moment.

    What anything else prints goes to stderr as long as it runs.

    Parameters
    ----------
    server : Server
    """

    def __init__(self, server: Server[None]) -> None:
        self._server = server
        self._is_unwanted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._serving: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._work, name="vlmkit-stdio", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether it answers: its input has not ended, and nobody stopped it."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """End what is in flight, and end; waits a few seconds at most."""
        self._is_unwanted = True
        if self._loop is not None and self._serving is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._serving.cancel)
        self._thread.join(_END_S)

    def _work(self) -> None:
        try:
            asyncio.run(self._serve())
        except* (asyncio.CancelledError, OSError):  # stopped, or the client is gone
            pass

    async def _serve(self) -> None:
        self._loop, self._serving = asyncio.get_running_loop(), asyncio.current_task()
        if self._is_unwanted:
            return
        # Only its iterator is used.
        async with stdio_server(stdin=cast("Any", _lines_of_stdin())) as (incoming, outgoing):
            await self._server.run(incoming, outgoing, self._server.create_initialization_options())


async def _lines_of_stdin() -> AsyncIterator[str]:
    """Lines as they come, from a thread that can be left behind: a read cannot be cancelled.

    Whoever else reads standard input, such as a process that this one starts, finds it empty.
    """
    source = os.fdopen(os.dup(sys.stdin.fileno()), "rb", closefd=False)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    loop, lines = asyncio.get_running_loop(), asyncio.Queue[bytes | None]()

    def feed() -> None:
        with suppress(RuntimeError):  # the loop is closed
            for line in source:
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=feed, name="vlmkit-stdin", daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line.decode("utf-8", "replace")
