"""Tags out of what a model wrote: lists as people write them, each piece on its own; nothing is lost without a word.

A list is cut at commas, lines, bars, "and" and the like; numbers, bullets, hashes, quotes, articles and scores around a
piece go. Prose is not searched for words: "a hot dog" is not a dog.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.json_text import find_object

__all__ = ["says_none", "tags_of"]

_FIELD = "tags"
_WORDS_OF_A_TAG = 6
_WRAPPED = re.compile(r"\A\s*<(?P<name>\w+)>(?P<inside>.*)</(?P=name)>\s*\Z", re.DOTALL)
_FENCED = re.compile(r"\A\s*```[\w-]*\n?(?P<inside>.*?)\n?```\s*\Z", re.DOTALL)
_NONE = re.compile(
    r"\W*(?:(?:answer|tags?|labels?)\s*:\s*)?(?:none|no|nothing|n/a|not applicable|empty|null|\[\s*\])"
    r"(?:\s+of\s+(?:the(?:se|m)?|those)(?:\s+(?:above|listed|given|tags|terms|labels|options|categories))*)?"
    r"(?:\s+(?:tags?|labels?|terms?|applicable|matching|apply|applies|match(?:es)?|fits?|are|is|do|does|here|found|present|"
    r"to|this|the|image|picture|photo))*\W*",
    re.IGNORECASE,
)
# What stands before a list: "Tags:", "The image contains", "I can see".
_LEAD = re.compile(
    r"\A\W*(?:(?:the|this)\s+(?:image|picture|photo|photograph|scene)\s+(?:clearly\s+)?(?:contains|shows|depicts|"
    r"features|includes|has|displays)|(?:there\s+(?:is|are)|i\s+(?:can\s+)?see|it\s+(?:shows|contains|has)|we\s+see)|"
    r"(?:the\s+)?(?:applicable|relevant|matching|following|correct|best)?\s*(?:tags|labels|terms)\s+(?:are|is|would "
    r"be))(?:\s+the\s+following(?:\s+(?:tags|labels|things))?)?\s*:?\s+",
    re.IGNORECASE,
)
_LABEL = re.compile(r"\A\s*[*_]*(?P<label>[^\W\d_][\w ]{0,40}?)[*_]*\s*:[*_]*\s*(?=\S)")
_SEPARATOR = re.compile(r"[,;\n|、，；،•·・\t]|\s[-–—]\s(?=\D)|\s+(?=#)")
_ANDS = (re.compile(r"\s+(?:and|as well as)\s+", re.IGNORECASE), re.compile(r"\s*&\s*"), re.compile(r"\s*\+\s*"))
_BEFORE = re.compile(r"\A(?:[\s\"'`“”‘’*_\-–—•·#(\[{>]|\d{1,3}[.)]\s*(?=\D)|\(\d{1,3}\)|[a-zA-Z][.)]\s+)+")
_BEHIND = re.compile(r"[\s\"'`“”‘’*_.!:)\]}]+\Z")
_SCORE = re.compile(r"\s*(?:[:=–—-]|\()\s*(?:\d+(?:\.\d+)?\s*%?|\.\d+)\s*\)?\s*\Z")
_ASIDE = re.compile(r"\s*\([^()]*\)\s*\Z")
_ARTICLE = re.compile(r"\A(?:an?|the|some|one|and|also)\s+(?=\S)", re.IGNORECASE)
_DENIED = re.compile(
    r"\b(?:no|not|non|without|neither|nor|never|except|absent|lacks?|isn['’]t|aren['’]t|none)\b", re.IGNORECASE
)

_LEFT_OUT = re.compile(
    r"\b(?:absent|missing|exclud\w+|omit\w+|rejected|inapplicable|irrelevant|unrelated|wrong|incorrect|false|unlikely"
    r"|unclear|unsure|uncertain|doubtful)\b",
    re.IGNORECASE,
)
_DOUBTED = re.compile(r"\?|\b(?:maybe|perhaps|possibl[ey]|unsure|uncertain|unclear|false|0)\b", re.IGNORECASE)


def says_none(text: str) -> bool:
    """Whether an answer says that no tag applies.

    Parameters
    ----------
    text : str
    """
    return _NONE.fullmatch(text) is not None


def tags_of(text: str, is_term: Callable[[str], bool]) -> list[str]:
    """Tags that an answer lists, known or not, each once, in order.

    Parameters
    ----------
    text : str
        A JSON object or list, or tags in any usual list of plain text.
    is_term : callable
        Whether a text is a tag that may occur; decides where a piece could be cut further.

    Returns
    -------
    list of str
        Empty where the answer says that none applies.

    Raises
    ------
    UnreadableReply
        It lists nothing, or denies some tags and lists others behind them.
    """
    inner = _unwrapped(text)
    if says_none(inner) and not is_term(_bare(inner, is_term)):
        return []
    if "{" in inner or _begins_a_list(inner):
        try:
            return _unique(_listed(inner, is_term))
        except UnreadableReply:
            if "{" in inner or '"' in inner:
                raise
    pieces = _unique(_pieces(inner, is_term))
    if not pieces:
        raise UnreadableReply.expected("a list of tags", text)
    return pieces


def _begins_a_list(text: str) -> bool:
    return text.lstrip().startswith("[") and ("]" in text or '"' in text)


def _unwrapped(text: str) -> str:
    for wrapping in (_FENCED, _WRAPPED):
        match = wrapping.match(text)
        text = match["inside"] if match else text
    return text


def _unique(tags: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(tags))


def _listed(text: str, is_term: Callable[[str], bool]) -> Iterator[str]:
    """Entries of a JSON list, bare or in an object."""
    found: dict[str, Any] = find_object(f'{{"{_FIELD}": {text}}}' if text.lstrip().startswith("[") else text)
    lists = [value for value in found.values() if isinstance(value, list)]
    values = found[_FIELD] if isinstance(found.get(_FIELD), list) else lists[0] if len(lists) == 1 else None
    if values is None or not all(isinstance(value, str | int | float) for value in values):
        raise UnreadableReply.expected("a list of tags", json.dumps(found, ensure_ascii=False))
    yield from _entries([str(value).strip() for value in values if str(value).strip()], is_term)


def _entries(tags: list[str], is_term: Callable[[str], bool]) -> Iterator[str]:
    nones = [tag for tag in tags if says_none(tag) and not is_term(tag)]
    if nones and len(tags) > 1:
        raise UnreadableReply.expected("a list of tags", ", ".join(tags))  # some, and none
    if not nones:
        yield from (tag if is_term(tag) else _bare(tag, is_term) for tag in tags)


def _pieces(text: str, is_term: Callable[[str], bool]) -> Iterator[str]:
    denied = False
    for piece in _cut(_without_lead(text, is_term), is_term):
        if denied and is_term(piece):
            raise UnreadableReply.expected("a list of tags", text)  # "no cat, dog": is there a dog?
        if says_none(piece) and not is_term(piece):
            raise UnreadableReply.expected("a list of tags", text)  # some, and none
        denied = denied or (not is_term(piece) and _DENIED.search(piece) is not None)
        if not is_term(piece) and len(piece.split()) > _WORDS_OF_A_TAG:
            raise UnreadableReply.expected("a list of tags", text)
        yield piece


def _without_lead(text: str, is_term: Callable[[str], bool]) -> str:
    text = _LEAD.sub("", text, count=1)
    label = _LABEL.match(text)
    if label is None or is_term(label["label"].strip()):  # "cat: 0.98" begins with a tag
        return text
    if _DENIED.search(label["label"]) or _LEFT_OUT.search(label["label"]):  # "absent: cat"
        raise UnreadableReply.expected("a list of tags", text)
    return text[label.end() :]


def _cut(text: str, is_term: Callable[[str], bool]) -> Iterator[str]:
    for part in _SEPARATOR.split(text):
        piece = _bare(part, is_term)
        if piece:
            yield from [piece] if is_term(piece) else _cut_further(piece, is_term)


def _cut_further(piece: str, is_term: Callable[[str], bool]) -> Iterator[str]:
    """At "and"; at a slash or a space only where every part is a term."""
    for joint in _ANDS:
        parts = [part for part in (_bare(each, is_term) for each in joint.split(piece)) if part]
        if len(parts) > 1 and any(map(is_term, parts)):
            for part in parts:
                yield from [part] if is_term(part) else _cut_further(part, is_term)
            return
    yield from _cut_at_marks(piece, is_term)


def _cut_at_marks(piece: str, is_term: Callable[[str], bool]) -> Iterator[str]:
    for mark in ("/", "#", None):
        parts = [part for part in (_bare(each, is_term) for each in piece.split(mark)) if part]
        if len(parts) > 1 and all(map(is_term, parts)):
            yield from parts
            return
    yield piece


def _unless_it_counts(match: re.Match[str]) -> str:
    """What may be taken off a tag: no low score, and no aside that denies it or doubts it."""
    number = re.search(r"\d*\.?\d+", match[0]) if match.re is _SCORE else None
    is_low = number is not None and float(number[0]) < (25 if "%" in match[0] else 0.25)
    is_doubt = match.re is _ASIDE and (_DENIED.search(match[0]) or _DOUBTED.search(match[0]))
    return match[0] if is_low or is_doubt else ""


def _bare(part: str, is_term: Callable[[str], bool]) -> str:
    """A piece without bullet, number, quotes, score, aside or article, as far as it is not a tag with them."""
    part = part.strip()
    for pattern in (_BEFORE, _SCORE, _ASIDE, _BEHIND, _BEFORE, _ARTICLE, _ARTICLE):
        if is_term(part):
            return part
        part = pattern.sub(_unless_it_counts, part).strip()
    return part
