"""One thread with an event loop, for all MCP servers of this process.

Servers are spoken to asynchronously, and whoever asks them waits in a plain call. `asyncio.run` is refused where a loop
runs already, as in every cell of a notebook; a thread of one's own works everywhere, and a connection stays open
between calls.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, TypeVar

from vlmkit.errors import Cancelled

__all__ = ["BackgroundLoop", "background_loop"]

Result = TypeVar("Result")

_POLL_S = 0.1
_LONGEST_END_S = 7.0  # a server has 2 s after its input was closed, and 2 s more after SIGTERM

_lock = threading.RLock()  # what is collected as garbage may ask for the loop while it is asked for
_shared: BackgroundLoop | None = None


class BackgroundLoop:
    """A loop in a daemon thread; had by `background_loop`.

    Attributes
    ----------
    process : int
        Where the thread is.
    at_exit : set of callable
        What is to be awaited before this process ends.
    """

    def __init__(self) -> None:
        self.process = os.getpid()
        self.at_exit: set[Callable[[], Awaitable[object]]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._work, name="vlmkit-mcp", daemon=True)
        self._thread.start()
        atexit.register(self.end)

    def submit(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Begin something in the loop's thread.

        Parameters
        ----------
        work : coroutine
        """
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, Result], end: threading.Event | None = None) -> Result:
        """Wait for something that is done in the loop's thread; an interrupt ends it too.

        Parameters
        ----------
        work : coroutine
        end : threading.Event or None, default None
            Set, nobody waits for it any more.

        Raises
        ------
        Cancelled
            `end` was set.
        RuntimeError
            This is the loop's thread itself, which would wait for ever.
        Exception
            What the work raised.
        """
        if threading.current_thread() is self._thread:
            work.close()
            raise RuntimeError("A callback of an MCP server must not wait for a server in the thread of all servers.")
        future = self.submit(work)
        try:
            while end is not None and not wait([future], _POLL_S).done:
                if end.is_set():
                    raise Cancelled("Nobody waits for this call any more; the server was told to stop.")
            return future.result()
        finally:
            future.cancel()

    def end(self) -> None:
        """Await what is in `at_exit`, for seven seconds at most, and end the thread; the process is about to end."""
        if self.process != os.getpid():  # a forked child has the object, and not its thread
            return
        with suppress(TimeoutError):
            self.submit(self._last()).result(_LONGEST_END_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1)

    async def _last(self) -> None:
        await asyncio.gather(*(close() for close in self.at_exit), return_exceptions=True)

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()


def background_loop() -> BackgroundLoop:
    """The loop of this process, begun where there is none."""
    global _shared  # noqa: PLW0603  one per process is the point
    with _lock:
        if _shared is None or _shared.process != os.getpid():
            _shared = BackgroundLoop()
        return _shared
