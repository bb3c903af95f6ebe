"""Something slow, got ready in a thread while a server answers already."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

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
                self._made = Future()
                self._made.set_running_or_notify_cancel()  # from here on, one who stops waiting cancels nothing
                threading.Thread(target=self._work, args=[self._made], name="vlmkit-opening", daemon=True).start()
            return self._made

    async def get(self) -> Value:
        """The value, once it is there.

        Raises
        ------
        Exception
            What making it raised.
        """
        return await asyncio.wrap_future(self.start())

    def _work(self, made: Future[Value]) -> None:
        try:
            made.set_result(self._make())
        except BaseException as error:  # noqa: BLE001  whoever waits gets it
            made.set_exception(error)
