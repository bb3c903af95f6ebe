"""The one choice an answer is, or mentions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vlmkit.prompts.quoting import unreadable

__all__ = ["read_choice"]

_NEGATION = re.compile(r"\b(?:not|no|none|neither|nor|never|cannot|\w+n['’]t)\b", re.IGNORECASE)


def read_choice(text: str, choices: Sequence[str]) -> str:
    """The choice a text is, or the only one it mentions without a negation; case does not matter.

    Parameters
    ----------
    text : str
    choices : sequence of str

    Raises
    ------
    UnreadableReply
        None, several, or one that is denied.
    """
    plain = text.casefold().strip(" \t\n\"'`*.!,;:")
    for choice in choices:
        if plain == choice.casefold():
            return choice
    rest, found = text.casefold(), []
    for choice in sorted(choices, key=len, reverse=True):  # "dark red" before "red", which it contains
        rest, mentions = re.subn(rf"(?<!\w){re.escape(choice.casefold())}(?!\w)", " ", rest)
        found += [choice] if mentions else []
    if len(found) != 1 or _NEGATION.search(rest):
        raise unreadable(f"one of {', '.join(choices)}", text)
    return found[0]
