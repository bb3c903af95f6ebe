"""Reading an answer, as a line of small stations: text to cleaner text, then to the answer proper.

A value read wrongly is worse than none: whatever leaves room for doubt is an `UnreadableReply`.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from vlmkit.errors import Refused, UnreadableReply
from vlmkit.prompts.quoting import shortened
from vlmkit.records import Reply

__all__ = [
    "STATIONS",
    "drop_preamble",
    "drop_thinking",
    "mend_surrogates",
    "read_text",
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
