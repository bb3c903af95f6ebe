"""The first moments of the command ``vlmkit``: an interrupt while it is still being imported ends it in order.

Takes   the name this process was started by.    Gives  exit code 130 or 143 instead of a traceback.
May use the standard library.                    Never  touches a program that imports vlmkit as a library."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

__all__ = ["guard", "release"]

_COMMAND = "vlmkit"
_USUAL: dict[signal.Signals, Any] = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}


def guard() -> bool:
    """Handle interrupts until `release`, where this process is the command; elsewhere nothing happens.

    Returns
    -------
    bool
        Whether it is the command.
    """
    program = os.path.splitext(os.path.basename(sys.argv[0]))[0] if getattr(sys, "argv", None) else ""  # noqa: PTH119, PTH122  pathlib costs more than all of this
    is_command = program == _COMMAND and threading.current_thread() is threading.main_thread()
    if is_command:
        for number, usual in _USUAL.items():
            if signal.getsignal(number) == usual:  # and not switched off, as nohup does
                signal.signal(number, _leave)
    return is_command


def release() -> None:
    """Give interrupts back to Python: from here on they are errors that can be caught."""
    for number, usual in _USUAL.items():
        if signal.getsignal(number) is _leave:
            signal.signal(number, usual)


def _leave(number: int, _frame: FrameType | None) -> None:
    # Nothing has begun, so that nothing needs to be closed; half-imported modules could not do it.
    os.write(2, b"Interrupted.\n" if number == signal.SIGINT else b"Terminated.\n")
    os._exit(128 + number)
