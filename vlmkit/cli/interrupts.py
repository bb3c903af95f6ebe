"""Ctrl-C where it is expected: it breaks off waiting, and never tears a line that is being written."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Self

__all__ = ["Interrupts"]


class Interrupts:
    """Defers the interrupt signal to the stretches marked as `interruptible`; a second one always comes through.

    A context manager, for the main thread; elsewhere signals do not arrive and it does nothing.

    Attributes
    ----------
    asked : bool
        Whether the user has interrupted.
    """

    def __init__(self) -> None:
        self.asked = False
        self._waiting = False
        self._is_main = threading.current_thread() is threading.main_thread()

    def __enter__(self) -> Self:
        if self._is_main:
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_main:
            signal.signal(signal.SIGINT, self._before)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Stretch of work that an interrupt may break off.

        Raises
        ------
        KeyboardInterrupt
            During the stretch, or at its begin where the user asked before.
        """
        self._waiting = True
        try:
            if self.asked:
                raise KeyboardInterrupt
            yield
        finally:
            self._waiting = False

    def _handle(self, _signal: int, _frame: FrameType | None) -> None:
        again, self.asked = self.asked, True
        if self._waiting or again:
            raise KeyboardInterrupt
