"""The yes or the no of an answer."""

from __future__ import annotations

import re

from vlmkit.prompts.quoting import unreadable

__all__ = ["read_yes_or_no"]

_YES_OR_NO = re.compile(r"\W*(?:(?:the )?answer(?: is)?\W+)?(yes|no|true|false)\b", re.IGNORECASE)


def read_yes_or_no(text: str) -> bool:
    """Whether the text begins with yes (or true) or with no (or false).

    Raises
    ------
    UnreadableReply
        It begins with neither.
    """
    match = _YES_OR_NO.match(text)
    if match is None:
        raise unreadable("yes or no", text)
    return match[1].casefold() in {"yes", "true"}
