"""The one choice an answer is, or names without taking it back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.yes_no import read_yes_or_no

__all__ = ["read_choice", "read_name"]

_LONGEST = 10_000  # characters
_EDGES = " \t\r\n\"'`*_.!,;:“”‘’«»„()[]{}<>#-–—•·"
_ARTICLE = re.compile(r"^(?:an?|the)\s+")
_NEGATION = re.compile(
    r"\b(?:not|no|none|neither|nor|never|cannot|without|except|excluding|apart|anything|everything|nothing"
    r"|hardly|barely"
    r"|scarcely|unlikely|impossible|lacks?|lacking|absent|missing|free of|wrong|incorrect|false|fails?|unsure"
    r"|unclear|unknown"
    r"|uncertain|instead|rather than|other than|than|unless|either|both|nowhere|if|maybe|perhaps|possibly"
    r"|\w+n['’]t)\b|!=|≠"
)
_DENIES = re.compile(
    r"(?:\b(?:not|no|neither|nor|never|without|instead of|rather than|other than|as opposed to|unlike|isn['’]t"
    r"|used to be|no longer|formerly|previously|far from|(?:opposite|reverse|contrary|absence|lack) of|anything but"
    r"|aren['’]t|wasn['’]t)"
    r"(?: (?:really|quite|exactly|a|an|the|in|at|any|on|of|it is|it's|is))*\s*[\"'“‘*`]*)$"
)
_NOT_ONLY = re.compile(
    r"\b(?:not|n['’]t) (?:only|just|merely|necessarily|entirely|purely|simply)\b|\b(?:any|every)thing but\b"
    r"|\ball but\b"
)
_TURNS = re.compile(r"\b(?:but|rather|instead|it is|it's|it’s|is)\b|[.;:]")
_CORRECTION = re.compile(
    r"^\W*(?:no|not|wait|actually|or|but|however|maybe|perhaps|possibly|well|sorry|correction|hmm?|although"
    r"|though|unless|except"
    r"|i mean|if)\b"
)
_SENTENCE_END = re.compile(r"[.!?\n;,(–—]|\s-\s")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")


def read_choice(text: str, choices: Sequence[str]) -> str:
    """The choice a text is, or the only one it names and does not deny; case does not matter.

    Parameters
    ----------
    text : str
    choices : sequence of str

    Raises
    ------
    UnreadableReply
        None, several, or one that is denied.
    """
    return read_name(text, {choice: choice for choice in choices}, choices)


def read_name(text: str, names: Mapping[str, str], choices: Sequence[str]) -> str:
    """The choice of which a text gives a name; as `read_choice`, where a choice has several names.

    Parameters
    ----------
    text : str
    names : mapping of str to str
        Choice by name.
    choices : sequence of str
        For the message.

    Raises
    ------
    UnreadableReply
        None, several, or one that is denied.
    """
    found = _whole(text, names) or _yes_or_no(text, names)
    if found is None and len(text) <= _LONGEST:
        found = _Sentence(_TAG.sub(" ", text), names).choice()
    if found is None:
        raise UnreadableReply.expected(f"one of {', '.join(choices)}", text)
    return found


def _whole(text: str, names: Mapping[str, str]) -> str | None:
    """The choice that is all of a text, but for marks, an article, or the ending of a plural."""
    if re.match(r"\W*-\d", text):
        return None
    bare = text.strip()
    for name, choice in names.items():
        if bare.casefold() == name.casefold():
            return choice
    said = _plain(text)
    plain = {_plain(name): choice for name, choice in names.items()}
    for form in (said, _ARTICLE.sub("", said)):
        if form and form in plain:
            return plain[form]
    singular = _ARTICLE.sub("", said)
    numbers = {
        choice for name, choice in plain.items() if name[-1:].isalpha() and singular in {f"{name}s", f"{name}es"}
    }
    numbers |= {choice for name, choice in plain.items() if singular and name in {f"{singular}s", f"{singular}es"}}
    return numbers.pop() if len(numbers) == 1 and len(singular) > 1 else None


def _yes_or_no(text: str, names: Mapping[str, str]) -> str | None:
    """Where yes and no are choices: the one that the text begins with, and goes on to explain."""
    plain = {name.casefold(): choice for name, choice in names.items()}
    lower = text.lower()
    others = [name for name in plain if name not in {"yes", "no"} and re.search(_pattern(name), lower)]
    if others or not {"yes", "no"} <= set(plain):
        return None
    try:
        return plain["yes" if read_yes_or_no(text) else "no"]
    except UnreadableReply:
        return None


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[_-]", " ", text.casefold().strip(_EDGES)).split())


@dataclass(frozen=True, slots=True)
class _Mention:
    choice: str
    start: int
    end: int
    is_denied: bool


class _Sentence:
    """A text that names choices among other words."""

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        lower = text.lower()
        self._text = lower if len(lower) == len(text) else text
        self._mentions = self._find(text, names)

    def choice(self) -> str | None:
        """The one that is named and stands."""
        meant = {mention.choice for mention in self._mentions if not mention.is_denied}
        if len(meant) != 1 or _NOT_ONLY.search(self._text) or self._text.rstrip().endswith("?"):
            return None
        first = next(mention for mention in self._mentions if not mention.is_denied)
        if any(mention.is_denied and mention.choice in meant for mention in self._mentions):
            return None
        if self._is_joined(first) or not self._follows_denial(first):
            return None
        return first.choice if self._opens(first) or not self._has_other_negation() else None

    def _find(self, text: str, names: Mapping[str, str]) -> list[_Mention]:
        rest = self._text
        mentions: list[_Mention] = []
        for name in sorted(names, key=len, reverse=True):  # "dark red" before "red", which it contains
            for match in re.finditer(_pattern(name), rest):
                if _is_determiner(name, text[match.end() :]):
                    continue
                if not _is_letter(name) or _stands_alone(text, match.end(), name):
                    before = self._text[: match.start()]
                    denied = bool(_DENIES.search(before)) or self._continues_denial(mentions, match.start())
                    mentions.append(_Mention(names[name], *match.span(), denied))
                rest = rest[: match.start()] + "\0" * (match.end() - match.start()) + rest[match.end() :]
        return sorted(mentions, key=lambda mention: mention.start)

    def _continues_denial(self, mentions: Sequence[_Mention], start: int) -> bool:
        """As in "Not red or blue"."""
        return any(
            mention.is_denied and re.fullmatch(r"\W*(?:or|nor)\W*(?:an? |the )?", self._text[mention.end : start])
            for mention in mentions
        )

    def _follows_denial(self, first: _Mention) -> bool:
        """Whether a denial before it has ended: "not red but blue", and not "not red, blue"."""
        denied = [mention for mention in self._mentions if mention.is_denied and mention.end <= first.start]
        return not denied or bool(_TURNS.search(self._text[denied[-1].end : first.start]))

    def _is_joined(self, mention: _Mention) -> bool:
        """Whether it is one of two: "red or pink", "red/pink", "red and green" and nothing more."""
        before, behind = self._text[: mention.start], self._text[mention.end :]
        if re.search(r"(?:\bor|[/&+|])\W*$", before) or re.match(r"\W*(?:or\b|[/&+|])", behind):
            return True
        scored = re.match(r"[\"'”]?\s*[:=]\s*(?:0?\.\d|0\b|null|no\b)", behind)
        return bool(scored) or (
            len(self._text.split()) <= 4
            and bool(re.search(r"\band\W*$", before) or re.match(r"\W*and\b(?! not)", behind))
        )

    def _opens(self, first: _Mention) -> bool:
        """Whether the text begins with it as its answer, and goes on to explain: "Indoor. There are no windows."."""
        before, behind = self._text[: first.start], self._text[first.end :]
        end = _SENTENCE_END.search(behind)
        is_begin = re.fullmatch(r"\W*(?:(?:the )?answer(?: is)?\W+)?(?:it(?:'s| is)\W+)?(?:an? |the )?\W*", before)
        if not is_begin or end is None or behind[: end.start()].strip(_EDGES):
            return False
        rest = behind[end.end() :]
        denied = [mention for mention in self._mentions if mention.is_denied and mention.start >= first.end]
        pieces = re.split(r"[.!?\n;]", rest)
        return all(not _CORRECTION.match(piece) or self._only_denies(piece, denied) for piece in pieces)

    def _only_denies(self, piece: str, denied: Sequence[_Mention]) -> bool:
        return any(self._text[mention.start : mention.end] in piece for mention in denied) and len(piece.split()) <= 6

    def _has_other_negation(self) -> bool:
        """Whether anything but a named choice is denied."""
        rest, shift = self._text, 0
        for mention in self._mentions:
            before = rest[: mention.start - shift]
            match = _DENIES.search(before) if mention.is_denied else None
            cut = match.start() if match else len(before)
            rest = f"{before[:cut]} {rest[mention.end - shift :]}"
            shift = mention.end - cut - 1
        return bool(_NEGATION.search(rest))


def _pattern(name: str) -> str:
    """A name as a word of its own: neither part of a compound nor of a number; spaces and hyphens are the same."""
    spaced = r"[\s_-]+".join(re.escape(part) for part in re.split(r"[\s_-]+", name.lower()) if part) or re.escape(
        name.lower()
    )
    before = r"(?<![\w-])(?<!\w['’])(?<!\d[.,])" + (r"(?<![$€£+-])" if name[:1].isdigit() else "")
    return rf"{before}{spaced}(?![\w])(?!-\w)(?!['’]\w)" + (r"(?![.,:/]\d|%)" if name[-1:].isdigit() else "")


def _is_letter(name: str) -> bool:
    return len(name) == 1 and name.isalpha()


def _stands_alone(text: str, end: int, name: str) -> bool:
    """Whether "A" is the choice and not the article."""
    return text[end - 1 : end] == name and not re.match(r"\s+[a-z]", text[end:])


def _is_determiner(name: str, behind: str) -> bool:
    """Whether "no" belongs to a noun: "there is no roof"."""
    return name.casefold() == "no" and bool(re.match(r"\s+\w", behind))
