"""Notebook: where the code runs, and how a plain object is shown there.

Takes   nothing.    Gives  the shell of the kernel that a notebook talks to, or None; a base of what has a widget.
May use extras.     Never  imports IPython: a notebook has imported it already."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from vlmkit.extras import open_by_name

__all__ = ["WidgetBacked", "is_watched", "notebook_shell"]


def notebook_shell() -> Any:
    """The shell of a kernel that a front end talks to; None in scripts, terminals and IPython at a terminal."""
    ipython = sys.modules.get("IPython")  # a notebook has imported it
    shell = ipython.get_ipython() if ipython is not None else None
    return shell if hasattr(shell, "kernel") else None


def is_watched(shell: Any) -> bool:
    """Whether a person runs the cell: programs that execute notebooks say that nobody can be asked anything.

    Parameters
    ----------
    shell : object
        As `notebook_shell` gives it; None is no notebook.
    """
    return bool(getattr(shell, "parent_header", {}).get("content", {}).get("allow_stdin"))


class WidgetBacked:
    """Base of what a notebook shows as a widget, the same one each time; elsewhere it is its text.

    The widget is opened by name, and only there.

    Attributes
    ----------
    widget_name : str
        Dotted name of a widget class that takes the object.
    """

    widget_name: ClassVar[str]
    _widget: Any = None

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if notebook_shell() is None:  # IPython at a terminal asks, too, and shows nothing but text
            return {"text/plain": repr(self)}
        if self._widget is None:
            self._widget = open_by_name(self.widget_name)(self)
        return self._widget._repr_mimebundle_(**options)
