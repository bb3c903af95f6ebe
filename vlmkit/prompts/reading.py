"""Reading an answer, as a line of small stations: text to cleaner text, then to one value.

A value read wrongly is worse than none: whatever leaves room for doubt is an `UnreadableReply`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from vlmkit.errors import Refused, UnreadableReply
from vlmkit.records import Reply

__all__ = [
    "STATIONS",
    "drop_preamble",
    "drop_thinking",
    "mend_surrogates",
    "read_choice",
    "read_float",
    "read_integer",
    "read_text",
    "read_yes_or_no",
    "shortened",
    "strip_space",
]

_THINKING = re.compile(r"<(think|thinking|thought)>.*?(</\1>|\Z)", re.DOTALL | re.IGNORECASE)
_THOUGHT_END = re.compile(r"\A.*</(?:think|thinking|thought)>", re.DOTALL | re.IGNORECASE)
# What models say before they answer. Only what names an answer and ends in a colon: "Here is a dog: …" is one already.
_PREAMBLE = re.compile(
    r"\A(?:(?:sure(?: thing)?|certainly|of course|absolutely|okay|ok|gladly)\b[\s!.,:;–—-]*)?"
    r"(?:(?:here(?:['’]s| is| are)|below is|the following is|this is)\b[^\n:]{0,60}?"
    r"\b(?:descriptions?|captions?|answers?|responses?|summary|tags|analysis|breakdown|overview|json|object)\b"
    r"[^\n:]{0,60}:|(?:sure(?: thing)?|certainly|of course|absolutely)[!.])\s*",
    re.IGNORECASE,
)
_EXCUSE = (
    r"(?:(?:i['’]?m |i am )?(?:very |really |so |deeply )?sorry|i apologi[sz]e|unfortunately)\b[\s,.!]*(?:but\s+)?"
)
_MACHINE = r"as an? (?:ai|artificial|language)\b[^.\n]{0,60}?,\s*"
_UNABLE = (
    r"i(?:['’]m| am)?\s*"
    r"(?:can['’]?t|cannot|can not|unable to|not able to|won['’]t|will not|(?:must|have to) decline to)"
)
_DENIED = (
    r"help|assist|comply|fulfill?|provide|process|view|access|open|analy[sz]e|describe|engage|generate|create|answer"
    r"|do that|(?:identify|recogni[sz]e) (?:the |this |that |any |real )?(?:person|people|individuals?|who|anyone)"
    r"|see (?:the |this |any )?(?:images?|pictures?|photos?)"
)
_REFUSAL = re.compile(rf"\A(?:{_EXCUSE})?(?:{_MACHINE})?{_UNABLE}\s+(?:{_DENIED})\b", re.IGNORECASE)
_NUMBER = re.compile(
    r"(?<![\w.,])[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d{1,3})?(?!\d|[.,]\d|[eE][-+]?\d)"
)
_WORDS = tuple(
    word
    for line in (
        "zero one two three four five six seven eight nine ten",
        "eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty",
    )
    for word in line.split()
)
_YES_OR_NO = re.compile(r"\W*(?:(?:the )?answer(?: is)?\W+)?(yes|no|true|false)\b", re.IGNORECASE)
_NEGATION = re.compile(r"\b(?:not|no|none|neither|nor|never|cannot|\w+n['’]t)\b", re.IGNORECASE)
_LARGEST_INTEGER = 2**63 - 1  # what an Int64 column holds


def mend_surrogates(text: str) -> str:
    """Replace halves of characters, which JSON can carry and no column can."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def drop_thinking(text: str) -> str:
    """Leave out what stands between thinking tags, ended or not, opened by the model or by its template."""
    return _THOUGHT_END.sub("", _THINKING.sub("", text))


def drop_preamble(text: str) -> str:
    """Leave out an announcement of the answer: "Sure! Here is a description of the image:"."""
    return _PREAMBLE.sub("", text)


def strip_space(text: str) -> str:
    """Leave out white space at both ends."""
    return text.strip()


STATIONS: tuple[Callable[[str], str], ...] = (mend_surrogates, drop_thinking, strip_space, drop_preamble, strip_space)


def read_text(reply: Reply) -> str:
    """The answer proper.

    Parameters
    ----------
    reply : Reply

    Raises
    ------
    UnreadableReply
        Nothing is left to read.
    Refused
        The model says that it will not, or cannot, answer.
    """
    text = reply.text
    for station in STATIONS:
        text = station(text)
    if _REFUSAL.match(text):
        raise Refused(f"the model declined: {shortened(text)}. Ask in other words, or ask another model.")
    if not text:
        raw = f"only {shortened(reply.text)}" if reply.text.strip() else "nothing"
        cut = "The answer was cut off: raise max_tokens." if reply.finish_reason == "length" else ""
        raise UnreadableReply(f"the model answered {raw}.", cut or "Ask in other words, or ask another model.")
    return text


def read_float(text: str) -> float:
    """The one number a text names, in digits or, up to twenty, as a word.

    Raises
    ------
    UnreadableReply
        None, or several different ones.
    """
    number = float(_number(text))
    if not math.isfinite(number):
        raise _unreadable("a number", text)
    return number


def read_integer(text: str) -> int:
    """The one whole number a text names.

    Raises
    ------
    UnreadableReply
        None, several different ones, one with a fraction, or one too large for a column.
    """
    number = _number(text)
    if abs(number) > _LARGEST_INTEGER or number != number.to_integral_value():
        raise _unreadable("a whole number", text)
    return int(number)


def read_yes_or_no(text: str) -> bool:
    """Whether the text begins with yes (or true) or with no (or false).

    Raises
    ------
    UnreadableReply
        It begins with neither.
    """
    match = _YES_OR_NO.match(text)
    if match is None:
        raise _unreadable("yes or no", text)
    return match[1].casefold() in {"yes", "true"}


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
        raise _unreadable(f"one of {', '.join(choices)}", text)
    return found[0]


def _number(text: str) -> Decimal:
    digits = {Decimal(match.replace(",", "").replace("−", "-")) for match in _NUMBER.findall(text)}
    found = digits or {Decimal(_WORDS.index(word)) for word in re.findall(r"[a-z]+", text.casefold()) if word in _WORDS}
    if len(found) != 1 or (not digits and _NEGATION.search(text)):  # "no one is in it"
        raise _unreadable("a number", text)
    return found.pop()


def _unreadable(expected: str, text: str) -> UnreadableReply:
    problem = f"expected {expected}, got {shortened(text)}."
    return UnreadableReply(problem, "Ask more plainly, or read it with dtype=str.")


def shortened(text: str, longest: int = 80) -> str:
    """A text as messages quote it: on one line, cut after so many characters."""
    text = " ".join(text.split())
    return repr(text if len(text) <= longest else text[: longest - 1] + "…")
