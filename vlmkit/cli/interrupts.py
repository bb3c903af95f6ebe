"""Ctrl-C as a wish: the first asks the run to end, so that nothing finished is lost; the second ends it at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["noted"]


@contextmanager
def noted(stop: threading.Event) -> Iterator[None]:
    """Stretch during which an interrupt sets an event instead of breaking off whatever line is being executed.

    For the main thread; elsewhere signals do not arrive and nothing is changed.

    Parameters
    ----------
    stop : Event
        What the work ends by.

    Raises
    ------
    KeyboardInterrupt
        Interrupted again, at any point.
    """

    def handle(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
