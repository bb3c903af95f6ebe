"""Tools: the calls that a model writes into its answer, read while it is written; each family writes its own way.

Takes   an answer's text, piece by piece; tools.           Gives  events: text, reasoning, calls, arguments.
May use the events of chat.                                Never  raises over a text, or takes back what it said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = ["TOOL_STYLES", "ReasoningSplitter", "Scanner", "ToolStyle", "constraint_for", "markup_of", "style_for"]

if TYPE_CHECKING:
    from vlmkit.chat.tools.choice import markup_of, style_for
    from vlmkit.chat.tools.grammars import constraint_for
    from vlmkit.chat.tools.reasoning import ReasoningSplitter
    from vlmkit.chat.tools.scanner import Scanner
    from vlmkit.chat.tools.styles import TOOL_STYLES, ToolStyle
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "choice": "markup_of style_for",
            "grammars": "constraint_for",
            "reasoning": "ReasoningSplitter",
            "scanner": "Scanner",
            "styles": "TOOL_STYLES ToolStyle",
        },
    )
