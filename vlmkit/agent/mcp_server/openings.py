"""Something slow, got ready in a thread while a server answers already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from vlmkit.agent.calls import CallInProgress, start_in_thread

__all__ = ["Opening"]

Value = TypeVar("Value")


class Opening(Generic[Value]):
    """A value that is made once, by whoever wants it first.

    Parameters
    ----------
    make : callable
        Called in a daemon thread, for which the end of the program does not wait. Where it fails, whoever waits gets
        the error, and the next one to come has it called again.
    """

    def __init__(self, make: Callable[[], Value]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Future[Value] | None = None

    def start(self) -> Future[Value]:
        """Begin, unless that was done; returns at once, from any thread."""
        with self._lock:
            if self._made is None or (self._made.done() and self._made.exception() is not None):
                self._made = start_in_thread(CallInProgress(), self._make, name="vlmkit-opening")
            return self._made

    async def get(self) -> Value:
        """The value, once it is there.

        Raises
        ------
        Exception
            What making it raised.
        """
        return await asyncio.wrap_future(self.start())
