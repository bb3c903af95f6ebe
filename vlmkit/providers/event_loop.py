"""One thread with an event loop, for all requests of this process; it is there as long as somebody needs it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

__all__ = ["EventLoop"]

Result = TypeVar("Result")

_CLOSING_TURNS = 8

_lock = threading.Lock()
_shared: EventLoop | None = None


class EventLoop:
    """A loop in a daemon thread; had by `enter`.

    Attributes
    ----------
    loop : AbstractEventLoop
        Of asyncio.
    process : int
        Where the thread is.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._users = 0
        self.process = os.getpid()
        threading.Thread(target=self._work, name="vlmkit-ask", daemon=True).start()

    @classmethod
    def enter(cls) -> EventLoop:
        """The loop of this process, begun where there is none; to be left once by each who entered."""
        global _shared  # noqa: PLW0603  one per process is the point
        with _lock:
            if _shared is None or _shared.process != os.getpid():  # a forked child has the object, and not its thread
                _shared = cls()
            _shared._users += 1
            return _shared

    def leave(self) -> None:
        """Need it no more; what was handed over before is still begun, and the last one to leave ends the thread."""
        global _shared  # noqa: PLW0603
        with _lock:
            self._users -= 1
            if self._users:
                return
            if _shared is self:
                _shared = None
        self.call(self.loop.stop)

    def call(self, work: Callable[..., object], *arguments: object) -> None:
        """Have something done in the loop's thread soon; returns at once."""
        if self.process == os.getpid():
            self.loop.call_soon_threadsafe(work, *arguments)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Wait, in another thread than the loop's, for something that is done in it.

        Raises
        ------
        Exception
            What the work raised.
        """
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result()
        finally:
            future.cancel()  # an interrupted wait ends the work too

    def _work(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()
        self.loop.run_until_complete(_settle())
        self.loop.close()


async def _settle() -> None:
    """End what was begun last; a connection that is closed says so a few turns later."""
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for _ in range(_CLOSING_TURNS):
        await asyncio.sleep(0)
