"""Yes or no: the word an answer begins with, as long as nothing behind it takes it back."""

from __future__ import annotations

import re

from vlmkit.prompts.quoting import unreadable

__all__ = ["read_yes_or_no"]

_YES = frozenset({"yes", "yeah", "yep", "true"})
_FIRST = re.compile(
    r"\W*(?:(?:(?:(?:my|the) )?answer(?: is)?|absolutely|definitely|certainly|clearly|indeed|well|of course|"
    r"i (?:think|believe)|i(?: would|['’]d) say|it is)\W+)*(?P<word>yes|yeah|yep|true|no|nope|false)\b",
    re.IGNORECASE,
)
# "No" before any other word belongs to a noun: no problem, no doubt, no dogs. Before these it is an answer.
_NO_AND_A_NOUN = re.compile(
    r"[*_\"'”’]*\s+(?!(?:there|it|he|she|they|this|that|these|those|the|i|we|you|not|none|sorry|because|as|since|and|or|but|"
    r"none|neither|nor|a|an|in|none)\b|[-–—(])\w",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"\s*\.\s*\d")  # No. 5
_ASKED_BACK = re.compile(r"[*_\"'”’]*\s*\?")
_QUOTED = re.compile(r"\"[^\"\n]{1,60}\"|“[^”\n]{1,60}”|‘[^’\n]{1,60}’|(?<!\w)'[^'\n]{1,60}'(?!\w)")
# A yes or no that stands for itself, not "no" before a noun, "no-smoking" or "no. 5".
_STANDS_ALONE = r"(?=\s*(?:\Z|[.,;:!?/|)\]*\n–—]|-(?!\w)|\b(?:wait|sorry|actually|rather)\b))(?!\s*\.\s*\d)"
_OPPOSITES = {
    True: re.compile(rf"\b(?:no|nope|false){_STANDS_ALONE}|\b(?:or|and|/)\s*(?:no|false)\b", re.IGNORECASE),
    False: re.compile(rf"\b(?:yes|yeah|yep)\b|\btrue{_STANDS_ALONE}", re.IGNORECASE),
}
_TAKEN_BACK = re.compile(
    r"\b(?:maybe|perhaps|possibly|uncertain|unsure|(?:not|hardly) (?:sure|certain)|depends|on second thought|"
    r"correction|i mean|scratch that|probably not|partly|partially|sort of|kind of|(?:do not|don['’]?t) know|"
    r"(?:can['’]?t|cannot|can not|could not|couldn['’]t|hard to|difficult to|impossible to|unable to) "
    r"(?:tell|say|know|determine|be (?:sure|certain)|confirm))\b|\bwait\b\s*[,.!–—-]",
    re.IGNORECASE,
)


def read_yes_or_no(text: str) -> bool:
    """Whether a text begins with yes (or true) or with no (or false).

    Parameters
    ----------
    text : str

    Raises
    ------
    UnreadableReply
        It begins with neither; with a "no" that belongs to a noun ("no problem"); or something behind it says the
        opposite, or that the answer is not certain.
    """
    match = _FIRST.match(text)
    if match is None:
        raise unreadable("yes or no", text)
    value = match["word"].casefold() in _YES
    rest = text[match.end() :]
    is_of_a_noun = match["word"].casefold() == "no" and (_NO_AND_A_NOUN.match(rest) or _NUMBERED.match(rest))
    if is_of_a_noun or _ASKED_BACK.match(rest) or _is_contradicted(value, _QUOTED.sub(" ", rest)):
        raise unreadable("yes or no", text)
    return value


def _is_contradicted(value: bool, rest: str) -> bool:
    return bool(_OPPOSITES[value].search(rest) or _TAKEN_BACK.search(rest))
