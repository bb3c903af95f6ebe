"""The one number or time of day an answer names; whatever leaves room for doubt is an `UnreadableReply`.

Beside the number may stand of what it is ("3 dogs", "5 cm", "$4") and how sure it is ("about 5"). A second number, a
bound ("at least 3"), a negation or an alternative is doubt. A point stands before decimals: "1.234" is not a
whole number. "None" and "no dogs" are not numbers: they are said, too, where there is nothing to read a number from.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from decimal import Context, Decimal, Inexact
from fractions import Fraction

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.number_words import (
    ADDED_BEFORE,
    ADDED_BEHIND,
    AMBIGUOUS,
    BOUND_AFTER,
    BOUND_BEFORE,
    LISTED,
    MONTHS,
    NEGATIONS,
    SCALES,
    SMALL,
    TENS,
    UNSURE_TAIL,
    VAGUE,
)
from vlmkit.prompts.numerals import Numeral, Word, numerals_of, plain_number_text, words_of

__all__ = ["read_decimal", "read_float", "read_integer", "read_time"]

_LARGEST_INTEGER = 2**63 - 1  # what an Int64 column holds
_EXACT = Context(prec=60, traps=[Inexact])  # more digits than a decimal may have
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?\.?")
_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}\.000(?!\d)")  # of half the world; three decimals of the other half
_LONGEST = 4000  # characters; a number takes fewer
_DECLARED = re.compile(
    r"(?:^|[.;:,!\n]|\b(?:so|thus|therefore|hence|and)\b)\s*(?:so|thus|therefore|hence)?,?\s*(?:(?:the|my)\s)?\s*"
    r"(?:(?:final|correct)\s)?answer(?:\s(?:is|would be)\b|\s?[:=])[:\s]*",
    re.IGNORECASE,
)
_BOUNDARY = re.compile(r"[;:!?\n()\[\]{}—|…\"]|\.(?!\d)|,(?!\d)|\s[-–]\s|\bbut\b")
_SENTENCE = re.compile(r"[;:!?\n]|\.(?!\d)|\b(?:so|thus|therefore|hence|meaning)\b|\bi\.?e\b")
_NO = re.compile(r"\bno\b(?! (?:doubt|(?:more|less|fewer) than|other|others|longer|problem)\b)")
_NO_AT_START = re.compile(r"\W*no(?:\W*[,.!;:—-]|(?= (?:there|it|i|they|the|this|that)\b))")
_LABEL = re.compile(r"(\w+)\s*[:=]\s*$")
_SAYS_NUMBER = frozenset({"answer", "number", "count", "total", "result", "value", "is", "amount", "sum", "estimate"})
_COUNTS = re.compile(
    r"^\W*(?:the|a) (?:(?:total|exact|overall) )?(?:number|count|amount|total) of\b.*\b(?:is|was|are|equals)\W*$"
)
_PRONOUN_BEFORE = re.compile(r"\b(?:the|this|that|each|every|any|which|another|a|an|last|next)(?: \w+){0,2} $")
_PRONOUN_BEHIND = re.compile(r"^ (?:can|could|may|might|sees|must|should|would)\b")


def read_float(text: str) -> float:
    """The one number a text names, in digits or in words.

    Parameters
    ----------
    text : str

    Raises
    ------
    UnreadableReply
        None, several different ones, one that may be meant otherwise, or one too large for a column.
    """
    try:
        return float(_number(text, "a number"))
    except OverflowError as error:
        raise UnreadableReply.expected("a number", text) from error


def read_integer(text: str) -> int:
    """The one whole number a text names.

    Parameters
    ----------
    text : str

    Raises
    ------
    UnreadableReply
        None, several different ones, one that may be meant otherwise, one with a fraction, or one too large for a
        column.
    """
    number = _number(text, "a whole number")
    if abs(number) > _LARGEST_INTEGER or number.denominator != 1 or _THOUSANDS.search(text):
        raise UnreadableReply.expected("a whole number", text)
    return int(number)


def read_decimal(text: str) -> Decimal:
    """The one number a text names, digit for digit.

    Parameters
    ----------
    text : str

    Raises
    ------
    UnreadableReply
        As `read_float`; or it has no end in decimals, such as a third.
    """
    number = _number(text, "a decimal number")
    if _PLAIN.fullmatch(text):
        return Decimal(text.rstrip("."))
    try:
        return _EXACT.divide(Decimal(number.numerator), Decimal(number.denominator))
    except ArithmeticError as error:
        raise UnreadableReply.expected("a decimal number", text) from error


def _number(text: str, expected: str) -> Fraction:
    if _PLAIN.fullmatch(text):
        return Fraction(text.rstrip("."))
    if len(text) > _LONGEST:
        raise UnreadableReply.expected(expected, text)
    try:
        plain = plain_number_text(text)
        declared = _DECLARED.search(plain)
        return _Answer(plain[declared.end() :] if declared else plain).number()
    except UnreadableReply as error:
        raise UnreadableReply.expected(expected, text) from error


class _Answer:
    """A text with its numbers, and what beside them may change them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lower = text.casefold() if len(text.casefold()) == len(text) else text.lower()
        self._words: Sequence[Word] = words_of(text)
        found = [numeral for numeral in numerals_of(text, self._words) if not self._is_pronoun(numeral)]
        others = [numeral for numeral in found if not self._is_beside_the_point(numeral)]
        self._numerals = others or found

    def number(self) -> Fraction:
        """The one number.

        Raises
        ------
        UnreadableReply
            None, or doubt.
        """
        values = {numeral.value for numeral in self._numerals}
        if len(values) != 1 or self._has_vague_words():
            raise UnreadableReply(self._text)
        for numeral in self._numerals:
            self._check(numeral)
        for one, next_one in zip(self._numerals, self._numerals[1:], strict=False):
            self._check_repeated(one, next_one)
        return values.pop()

    def _has_vague_words(self) -> bool:
        talk = self._lower
        start = _NO_AT_START.match(talk)
        rest = talk[start.end() :] if start else talk
        rest = re.sub(r"\bno\. ?(?=\d)", "", rest)
        is_vague = any(word.text in VAGUE for word in self._words) or "~~" in talk
        return is_vague or bool(_NO.search(rest) or AMBIGUOUS.search(talk))

    def _check(self, numeral: Numeral) -> None:
        """Whether what stands around a number leaves it what it is."""
        start, end = self._span(numeral)
        before, behind = self._clause_before(start), self._lower[end:]
        bound = BOUND_BEFORE.search(before.rstrip(" ~≈$€£¥\u00a0-+"))
        negated = NEGATIONS.search(before) and not _COUNTS.match(before)
        tail = re.match(r"-([a-z]+)", behind)
        if bound or negated or (tail and tail[1] in UNSURE_TAIL) or self._is_asked(end):
            raise UnreadableReply(self._text)
        unit = re.sub(r"^\W*(?:[a-z]+ )?(?=or |and |is |was |are |were )", "", behind.lstrip(" -\u00a0"), count=1)
        if any(BOUND_AFTER.match(near) for near in (behind.lstrip(" -\u00a0"), unit)):
            raise UnreadableReply(self._text)
        if self._is_month(numeral.first - 1) or self._is_month(numeral.last) or self._is_half_the_count(numeral):
            raise UnreadableReply(self._text)

    def _is_half_the_count(self, numeral: Numeral) -> bool:
        """Whether other things are counted beside it, without a number: "two cars and a truck"."""
        start, end = self._span(numeral)
        behind = self._lower[end:]
        listed = LISTED.match(behind)
        if listed and len(re.findall(r"\ban? ", listed[1])) == numeral.value:
            return False
        return bool(ADDED_BEHIND.match(behind) or ADDED_BEFORE.search(self._clause_before(start, _SENTENCE)))

    def _check_repeated(self, one: Numeral, other: Numeral) -> None:
        """Whether an equal number says the same again: "3 (three)", "3. There are 3 circles."."""
        (_, end), (start, after) = self._span(one), self._span(other)
        between = self._lower[end:start]
        in_brackets = re.search(r"[(\[]\W*$", between) and re.match(r"\W*[)\]]", self._text[after:])
        if in_brackets or _DECLARED.search(self._lower, max(0, end - 1), start):
            return
        subjects = [self._subject(numeral) for numeral in (one, other)]
        alone = [self._is_alone(numeral) for numeral in (one, other)]
        is_new_sentence = _SENTENCE.search(between)
        again = re.match(r"(?:\W+\w+){0,3}", self._lower[after:])
        same = (subjects[0] != "" and again is not None and subjects[0] in again[0]) or (
            sum(alone) == 1 and "" in subjects
        )
        if not (is_new_sentence and same):
            raise UnreadableReply(self._text)

    def _is_pronoun(self, numeral: Numeral) -> bool:
        """As in "The big one", "one can see"."""
        if numeral.last - numeral.first != 1 or self._words[numeral.first].text != "one":
            return False
        start, end = self._span(numeral)
        before = self._lower[max(0, start - 40) : start]
        return bool(_PRONOUN_BEFORE.search(before) or _PRONOUN_BEHIND.match(self._lower[end:]))

    def _is_beside_the_point(self, numeral: Numeral) -> bool:
        """Whether it says nothing where another number is: "one of them", "a two-story house"."""
        behind = self._lower[self._span(numeral)[1] :]
        compound = re.match(r"-([a-z]{2,})", behind)
        if compound:
            return compound[1] not in {*UNSURE_TAIL, *SMALL, *TENS, *SCALES}
        is_one = self._words[numeral.first].text == "one" and numeral.last - numeral.first == 1
        return is_one and re.match(r" of (?:them|these|those|which)\b", behind) is not None

    def _is_asked(self, end: int) -> bool:
        ahead = re.search(r"[.!?;\n](?!\d)", self._lower[end:])
        return ahead is not None and ahead[0] == "?"

    def _subject(self, numeral: Numeral) -> str:
        """What is counted: the word behind, or the label before."""
        start, end = self._span(numeral)
        behind = re.match(r"[ \u00a0-]([^\W\d_]+)", self._lower[end:])
        if behind:
            return behind[1].removesuffix("s")
        label = _LABEL.search(self._lower[:start])
        return "" if label is None or label[1] in _SAYS_NUMBER else label[1].removesuffix("s")

    def _is_alone(self, numeral: Numeral) -> bool:
        """Whether nothing but the number, and of what it is, stands in its sentence."""
        start, end = self._span(numeral)
        ahead = _SENTENCE.search(self._lower, end)
        sentence = (
            self._clause_before(start, _SENTENCE) + self._lower[end : ahead.start() if ahead else len(self._lower)]
        )
        return not re.search(r"\w", _LABEL.sub("", sentence))

    def _clause_before(self, start: int, boundary: re.Pattern[str] = _BOUNDARY) -> str:
        ends = [match.end() for match in boundary.finditer(self._lower, 0, start)]
        return self._lower[ends[-1] if ends else 0 : start]

    def _span(self, numeral: Numeral) -> tuple[int, int]:
        return self._words[numeral.first].start, self._words[numeral.last - 1].end

    def _is_month(self, position: int) -> bool:
        if not 0 <= position < len(self._words):
            return False
        word = self._words[position]
        return word.text in MONTHS or self._text[word.start : word.end] == "May"


_CLOCK = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2})"
    r"(?:[:.h](?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?)?"
    r"(?:\s?(?P<half>[ap])\.?m\b\.?)?(?![\d:]|\.\d)",
    re.IGNORECASE,
)
_ISO = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?")
_ZONE = re.compile(r"\s?(?:Z\b|[+-]\d{2}:?\d{2}\b|UTC|GMT)", re.IGNORECASE)


def read_time(text: str) -> str:
    """The one time of day that a text names: "14:30", "2:30 PM", "14.30", "at 9 am".

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        ISO 8601: ``"14:30:00"``.

    Raises
    ------
    UnreadableReply
        It names none, several different ones, or one with an offset from UTC.
    """
    expected = "a time of day"
    if len(text) > _LONGEST:
        raise UnreadableReply.expected(expected, text)
    if _ISO.fullmatch(text.strip()):
        return dt.time.fromisoformat(text.strip()).isoformat()
    found = set()
    for match in _CLOCK.finditer(text):
        if match["minute"] is None and match["half"] is None:  # a number, and no time
            continue
        if _ZONE.match(text, match.end()):
            raise UnreadableReply.expected(expected, text)
        found.add(_time(match, text))
    if len(found) != 1:
        raise UnreadableReply.expected(expected, text)
    return found.pop().isoformat()


def _time(match: re.Match[str], text: str) -> dt.time:
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if not (1 <= hour <= 12 if half else hour <= 23):
        raise UnreadableReply.expected("a time of day", text)
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    return dt.time(hour, int(match["minute"] or 0), int(match["second"] or 0))
