"""Views: what a table looks like to people, as plain objects and HTML.

Takes   tables, answers, stored runs, what a model was given.   Gives  objects that widgets show, and static HTML.
May use frame and everything below it.                          Never  needs a widget, or shows a stranger's words as
                                                                       markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.lazy import lazy_exports

__all__ = ["Explanation", "Picker", "compare_view", "explain", "pick_model"]

if TYPE_CHECKING:
    from vlmkit.views.explanation import Explanation, explain
    from vlmkit.views.picking import Picker, pick_model
    from vlmkit.views.vote import compare_view
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "explanation": "Explanation explain",
            "picking": "Picker pick_model",
            "vote": "compare_view",
        },
    )
