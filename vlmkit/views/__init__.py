"""Views: what a table looks like to people, as plain objects and HTML.

Takes   tables, answers, stored runs, what a model was given.   Gives  objects that widgets show, and static HTML.
May use frame and everything below it.                          Never  needs a widget, or shows a stranger's words as
                                                                       markup."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "TIE",
    "BlindComparison",
    "Choice",
    "Explanation",
    "Markup",
    "Picker",
    "Review",
    "Shown",
    "Thumbnails",
    "compare_view",
    "escape",
    "explain",
    "pick_model",
    "picture_element",
    "review",
    "show",
    "static_comparison",
    "static_review",
    "table_element",
    "visible",
]

if TYPE_CHECKING:
    from vlmkit.views.explanation import Explanation, explain
    from vlmkit.views.markup import Markup, escape, picture_element, table_element, visible
    from vlmkit.views.picking import Choice, Picker, pick_model
    from vlmkit.views.reviewing import Review, review
    from vlmkit.views.showing import Shown, show, static_comparison, static_review
    from vlmkit.views.thumbnails import Thumbnails
    from vlmkit.views.vote import TIE, BlindComparison, compare_view
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "explanation": "Explanation explain",
            "markup": "Markup escape picture_element table_element visible",
            "picking": "Choice Picker pick_model",
            "reviewing": "Review review",
            "showing": "Shown show static_comparison static_review",
            "thumbnails": "Thumbnails",
            "vote": "TIE BlindComparison compare_view",
        },
    )
