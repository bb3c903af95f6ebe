"""Ctrl-C and SIGTERM as wishes: the first asks the run to end, so that nothing finished is lost; the second ends it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["is_termination", "noted", "terminable", "termination"]

Handler = Callable[[int, FrameType | None], Any]


def termination() -> KeyboardInterrupt:
    """An interrupt by somebody who asked this process to end, as ``kill`` and service managers do."""
    return KeyboardInterrupt(signal.SIGTERM)


def is_termination(error: BaseException | None) -> bool:
    """Whether an interrupt, or what came of it, was a `termination`."""
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return error.args == (signal.SIGTERM,)
        error = error.__cause__ or error.__context__
    return False


@contextmanager
def noted(stop: threading.Event) -> Iterator[list[int]]:
    """Stretch during which an interrupt sets an event instead of breaking off whatever line is being executed.

    For the main thread; elsewhere signals do not arrive and nothing is changed.

    Parameters
    ----------
    stop : Event
        What the work ends by.

    Yields
    ------
    list of int
        The signal that set it, once one did.

    Raises
    ------
    KeyboardInterrupt
        Interrupted again, at any point; by SIGTERM it is a `termination`.
    """
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise _error_of(number)
        received.append(number)
        stop.set()

    with _handling(handle, signal.SIGINT, signal.SIGTERM):
        yield received


@contextmanager
def terminable() -> Iterator[None]:
    """Stretch during which SIGTERM is an exception, by which everything is closed in order.

    Raises
    ------
    KeyboardInterrupt
        A `termination`, when it came.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        raise _error_of(number)

    with _handling(handle, signal.SIGTERM):
        yield


def _error_of(number: int) -> KeyboardInterrupt:
    return termination() if number == signal.SIGTERM else KeyboardInterrupt()


@contextmanager
def _handling(handle: Handler, *numbers: signal.Signals) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # Also where the signal is switched off, as a shell does it for what runs in the background: a wish harms nobody.
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
