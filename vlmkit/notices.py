"""Warnings that point at the line the user wrote, however deep in the package they arise."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from vlmkit.untrusted import for_terminal

__all__ = ["warn"]

_PACKAGE = str(Path(__file__).parent)


def warn(message: str) -> None:
    """Warn, naming the first line outside this package as the place.

    Parameters
    ----------
    message : str
        What happened, where, and what to do; made safe to print.
    """
    warnings.warn(for_terminal(message, keep="\n\t"), stacklevel=_stacklevel())


def _stacklevel() -> int:
    """Level of the first frame outside the package, as `warnings.warn` counts from `warn`."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001  as pandas does it
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
