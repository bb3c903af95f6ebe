"""Between the event loop and threads: work that would hold the loop up, and calls that come back to it."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["LoopCalls", "in_own_thread"]

Value = TypeVar("Value")


class LoopCalls:
    """Calls from any thread on the event loop that is running; those that wait together take one wake-up.

    Waking the loop is a system call, around which the caller gives Python's lock away. The thread that writes tokens
    would lose it once for each answer in every step, and wait for it behind the loop.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._is_woken = False

    def put(self, function: Callable[..., object], *arguments: Any) -> None:
        """Have a function called on the loop, in the order in which they come; from any thread.

        Parameters
        ----------
        function : callable
            Must not raise.
        *arguments
        """
        self._waiting.append((function, arguments))
        if not self._is_woken:
            self._is_woken = True
            with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
                self._loop.call_soon_threadsafe(self._run)

    def _run(self) -> None:
        self._is_woken = False  # first: what comes from now on may be too late for this time
        while self._waiting:
            function, arguments = self._waiting.popleft()
            function(*arguments)


async def in_own_thread(work: Callable[[], Value], name: str) -> Value:
    """Do something that may take minutes, and that the end of the program does not wait for.

    The threads of an executor are joined when the interpreter ends, so that a load that stands still would keep the
    process for ever.

    Parameters
    ----------
    work : callable
    name : str
        Of the thread.

    Returns
    -------
    What it gives; what it raises is raised.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Value] = loop.create_future()

    def tell(value: Value | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        value, error = None, None
        try:
            value = work()
        except Exception as raised:  # noqa: BLE001  whoever waits gets it
            error = raised
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(tell, value, error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await done
