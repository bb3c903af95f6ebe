"""Notebook: where the code runs.

Takes   nothing.              Gives  the shell of the kernel that a notebook talks to, or None.
May use nothing of vlmkit.    Never  imports IPython: a notebook has imported it already."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["notebook_shell"]


def notebook_shell() -> Any:
    """The shell of a kernel that a front end talks to; None in scripts, terminals and IPython at a terminal."""
    ipython = sys.modules.get("IPython")  # a notebook has imported it
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if hasattr(shell, "kernel") else None
