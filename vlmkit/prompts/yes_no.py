"""The yes or the no of an answer: its first word, unless anything behind it takes that back.

"No" before a noun is not an answer: "No dogs are visible" says something else to "Is there a dog?" than to "Is it
empty?".
"""

from __future__ import annotations

import re

from vlmkit.errors import UnreadableReply

__all__ = ["read_yes_or_no"]

_YES = frozenset({"yes", "true", "yep", "yeah", "yup"})
_NO = frozenset({"no", "false", "nope", "nah"})
_WORD = "|".join(sorted(_YES | _NO, key=len, reverse=True))
_LONGEST = 10_000  # characters; whoever goes on for longer than that has not answered yes or no
_MARKUP = re.compile(r"</?[a-z][^<>]*>|\\(?:boxed|text)|[*`\"“”{}\[\]()]|(?<!\w)['‘_]|['’_](?!\w)")
_OPENER = re.compile(
    r"(?:\W*(?:(?:the|my) )?(?:(?:final|correct|short) )?answer(?: is| would be)?\b\s*[:=,-]?"
    r"|\W*(?:sure(?: thing)?|certainly|of course|okay|ok|well|hm+|oh"
    r"|ah|so|in short)"
    r"\s*[!.,:;–—-]+"
    r"|\W*(?:i(?:'d| would)? (?:say|think|believe|guess)(?: that)?|it(?:'s| is)|that(?:'s| is)|this is"
    r"|definitely|indeed|clearly"
    r"|obviously|probably|most likely|likely|certainly|absolutely|quite)(?: that is)?\b[,:]?"
    r"|[^?.!\n]*\?(?=\s)"
    r")\s*"
)
_HEAD = re.compile(rf"\W*({_WORD})(?![\w'-])")
# A no that answers is set apart, or a sentence begins behind it.
_SET_APART = re.compile(
    r"\s*$|\s*\.(?!\s*\d)|\s*[,!:;\n–—-]|\.{2,}|…"
    r"|\s+(?:there|it|its|it's|they|he|she|i|we|you|this|that|these|those|not|because|as|since|and|but|the|sir"
    r"|ma'am|thanks|thank)\b"
)
_INTERJECTION = re.compile(
    r"\b(?:nope|nah)\b|(?:^|[,.!?;:/|\n–—-]|\b(?:and|or|but|so|then|also|answer is|say|well|oh|actually|really"
    r"|wait))\s*no"
    r"(?=\s*(?:$|[,.!?;:/|\n–—-]))|^\s*no\b|(?:[.!?\n/|–—-]|\b(?:and|or|wait|actually))\s*no\b"
)
_YES_AGAIN = re.compile(r"\b(?:yes|yep|yeah|yup)\b")
_TRUE = re.compile(r"(?<!not )(?<!n't )(?<!not really )\btrue\b")
_FALSE = re.compile(r"(?<!not )(?<!n't )\bfalse\b")
_TAKEN_BACK = re.compile(
    r"(?:^|[.,;!\n—-])\s*(?:no,? )?wait\b\s*(?:$|[,.!:—-])|\b(?:not|un) ?(?:sure|certain)\b|\b(?:hard|difficult"
    r"|impossible) to (?:say|tell)\b"
    r"|\bcan(?:'?t|not) (?:tell|say|be sure)\b|\bcorrection\b|\bscratch that\b|\bi mean\b|\bsecond thought"
    r"|\bmistake|\bmistaken\b|\bmy bad\b"
    r"|(?:^|[.,;!\n])\s*(?:or )?(?:actually|maybe|perhaps|possibly|not)\s*(?:$|[,.!;]|\s(?:not|no|yes|it|there)\b)"
    r"|(?:^|[.,;!\n])\s*(?:not (?:really|quite|exactly|sure|entirely|certain)|or not|i'm not|i am not"
    r"|i can(?:'?t|not)|hard to say)"
    r"|^[\s,;:–—-]*(?:if|unless|depending|or|except|apart from|aside from|other than|save for)\b"
    r"|\bi(?:'m| am| was) wrong\b|\b(?:yes|no|true|false)\s*[:=(]?\s*\d+(?:\.\d+)?\s?%"
    r"|\bdepends\b|\bor (?:maybe|perhaps|not)\b|^\s*\?"
)
_QUALIFIED = re.compile(
    r"\b(?:but|however|although|though|except|yet)\b.*(?:\b(?:not|no|never|none|cannot)\b|n't\b)", re.DOTALL
)
_MAYBE_ONE = re.compile(r"\b(?:maybe|perhaps|possibly) (?:an?|one|two|some|there)\b")
_IN_THE_END = re.compile(
    rf"(?:\b(?:so|thus|therefore|hence)\b,?\s*(?:the answer(?: is|:)\s*)?|\banswer(?: is|:)\s*)({_WORD})\W*$"
)


def read_yes_or_no(text: str) -> bool:
    """Whether an answer is yes (or true) or no (or false).

    Parameters
    ----------
    text : str

    Raises
    ------
    UnreadableReply
        It is neither, is both, takes back what it began with, or begins with a "no" that belongs to a noun.
    """
    if len(text) > _LONGEST:
        raise UnreadableReply.expected("yes or no", text)
    plain = _MARKUP.sub(" ", text.replace("’", "'").casefold()).strip()
    if plain in {"y", "n"}:
        return plain == "y"
    answer = _first_word(plain)
    if answer is None:
        answer = _last_word(plain)
    if answer is None:
        raise UnreadableReply.expected("yes or no", text)
    return answer


def _first_word(plain: str) -> bool | None:
    position = 0
    while (opener := _OPENER.match(plain, position)) and opener.end() > position:
        if re.search(rf"\b(?:{_WORD})\b", opener[0]):
            return None
        position = opener.end()
    head = _HEAD.match(plain, position)
    if head is None:
        return None
    rest = plain[head.end() :]
    is_yes = head[1] in _YES
    if (head[1] == "no" and not _SET_APART.match(rest)) or _contradicts(rest, is_yes=is_yes):
        return None
    return is_yes


def _contradicts(rest: str, *, is_yes: bool) -> bool:
    if _TAKEN_BACK.search(rest):
        return True
    if is_yes:
        return bool(_INTERJECTION.search(rest) or _FALSE.search(rest) or _QUALIFIED.search(rest))
    return bool(_YES_AGAIN.search(rest) or _TRUE.search(rest) or _MAYBE_ONE.search(rest))


def _last_word(plain: str) -> bool | None:
    """As in "There is a dog, so the answer is yes."."""
    match = _IN_THE_END.search(plain)
    before = plain[: match.start()] if match else ""
    if (
        match is None
        or _YES_AGAIN.search(before)
        or _INTERJECTION.search(before)
        or re.search(r"\b(?:true|false)\b", before)
    ):
        return None
    return match[1] in _YES
