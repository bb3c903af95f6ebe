"""One of several given answers, as a whole text or as the only one that a text mentions and does not deny."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.quoting import unreadable
from vlmkit.prompts.yes_no import read_yes_or_no

__all__ = ["read_choice"]

_AROUND = " \t\n\"'`“”‘’*_.!,;:()[]"
_POLAR = {"yes": True, "no": False}
# What denies a choice, leaves it open, or sets another thing beside it.
_DOUBT = re.compile(
    r"\b(?:not|no|none|neither|nor|never|cannot|without|except|unlike|(?:anything|everything|all|nothing) but|or|"
    r"either|between|instead|rather|hardly|barely|maybe|perhaps|possibly|unsure|uncertain|unclear|unknown|than|besides|"
    r"excluding|excludes?|lacks?|if|unless)\b|\w+n['’]t\b|\?",
    re.IGNORECASE,
)


def read_choice(text: str, choices: Sequence[str]) -> str:
    """The choice a text is, or the only one it mentions; case does not matter.

    Parameters
    ----------
    text : str
    choices : sequence of str

    Raises
    ------
    UnreadableReply
        None, several, one that is denied, or one beside which something else is left open.
    """
    plain = text.casefold().strip(_AROUND)
    by_name = {choice.casefold(): choice for choice in choices}
    for name, choice in by_name.items():
        if plain == name or text.casefold().strip() == name or plain == name.strip(_AROUND):
            return choice
    found, rest = _mentioned(text.casefold(), by_name)
    if _is_led_by(text, found, by_name):
        return by_name[found[0]]
    if len(found) != 1 or _DOUBT.search(rest):
        raise unreadable(f"one of {', '.join(choices)}", text)
    return by_name[found[0]]


def _mentioned(text: str, by_name: dict[str, str]) -> tuple[list[str], str]:
    """Choices that a text names, and the text without them."""
    found = []
    for name in sorted(by_name, key=len, reverse=True):  # "dark red" before "red", which it contains
        text, mentions = re.subn(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text)
        found += [name] if mentions else []
    return found, text


def _is_led_by(text: str, found: list[str], by_name: dict[str, str]) -> bool:
    """Whether yes and no are choices, and the text is one of them with its reason, as in "No, there is none."."""
    if not set(_POLAR) <= set(by_name) or len(found) != 1 or found[0] not in _POLAR:
        return False
    try:
        return read_yes_or_no(text) is _POLAR[found[0]]
    except UnreadableReply:
        return False
