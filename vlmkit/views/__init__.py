"""Views: what a table looks like to people, as plain objects and HTML.

Takes   tables, answers, stored runs, what a model was given.   Gives  objects that widgets show, and static HTML.
May use frame and everything below it.                          Never  needs a widget, or shows a stranger's words as
                                                                       markup."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vlmkit.views.explanation import Explanation, explain
    from vlmkit.views.picking import Picker, pick_model
    from vlmkit.views.vote import compare_view

__all__ = ["Explanation", "Picker", "compare_view", "explain", "pick_model"]

_MODULE_OF = {
    "Explanation": "vlmkit.views.explanation",
    "Picker": "vlmkit.views.picking",
    "compare_view": "vlmkit.views.vote",
    "explain": "vlmkit.views.explanation",
    "pick_model": "vlmkit.views.picking",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'vlmkit.views' has no attribute {name!r}; it has: {', '.join(__all__)}.")
    value = getattr(import_module(_MODULE_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
