"""Work that would hold up the event loop, in threads: pictures in a few, each load or closing in one of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

__all__ = ["in_own_thread"]

Value = TypeVar("Value")


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
