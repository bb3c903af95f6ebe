"""The one number a text names, understood whole: figures, words, scales and fractions, or not at all.

An answer is cut into figures, words and marks. Neighbours that form one number become one: "2.5 million", "forty-two",
"a hundred and five", "3½", "half a dozen". Whatever could change the value and is not understood is doubt: a bound
("at least 3"), a range, a product, a date, a second number, a number word of another language.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.number_words import (
    COUNTING,
    FRACTIONS,
    HALVED,
    HUNDRED,
    NO_UNITS,
    ORDINALS,
    SCALE_CHARACTERS,
    SCALES,
    TENS,
    TOUCHING_SCALES,
    UNITS,
)
from vlmkit.prompts.quoting import unreadable

__all__ = ["read_float", "read_integer"]

_DOUBT = "something beside the number could change it."
_LONGEST_CLAUSE = 200  # characters that are looked at before a number
_LARGEST_INTEGER = 2**63 - 1  # what an Int64 column holds

_BOUNDS_BEFORE = re.compile(
    r"(?:\b(?:at (?:least|most)|(?:more|less|fewer|greater|higher|lower|smaller|larger|other) than|over|under|above|"
    r"below|beyond|up to|minimum(?: of)?|maximum(?: of)?|exceeding|between|several|few|many|some|every|times|plus|"
    r"divided by|multiplied by)|[<>≥≤±]|\d\s*[+×*/^])\s*[$€£¥₹]?\s*\Z",
    re.IGNORECASE,
)
_BOUNDS_AFTER = re.compile(
    r"\s*(?:[+×^]|\*\s*\d|(?:or|and) (?:more|less|fewer|above|below|up|over)\b|(?:plus|minus|times|dozens|squared|"
    r"cubed|point|pairs?|couples?|score)\b|out of\b|to (?:the )?\d)",
    re.IGNORECASE,
)
_LOOSE_SCALE = re.compile(r"\s[kKMB]\b")  # "2 k": a scale or a name, who knows
_VAGUE = re.compile(
    r"\b(?:couples?|pairs?) of\b|\b(?:do not|don['’]?t) know\b|\b(?:not|un) ?(?:sure|certain)\b|"
    r"\b(?:can['’]?t|cannot|can not|hard to|difficult to|impossible to|unable to) (?:tell|say|determine|count|know)\b",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"\b(?:not|no|none|neither|nor|never|cannot|without|hardly)\b|n['’]t\b", re.IGNORECASE)
_PRONOUN_AFTER = re.compile(
    r"\s+(?:of (?:them|the|these|those|which|its|his|her|their)|another|can|could|might|may|would|who|that|which)\b",
    re.IGNORECASE,
)
_PRONOUN_BEFORE = re.compile(r"\b(?:this|that|which|each|every|any|another|the|other|last)\s+\Z", re.IGNORECASE)
_NO_NOUN_AFTER = re.compile(r"\s*(?:\Z|[.,;:!?)]|(?:in|on|with|at|is|has|was|to|near|behind|from|for|by)\b)")
_COMPOUND_AFTER = re.compile(r"[-‑][A-Za-z]")
_EMPHASIS = re.compile(r"(?<!\d)[*_`]+|[*_`]+(?!\d)")
_WORD_AFTER = re.compile(r"\s*([^\W\d_]+)")
_CLAUSES_APART = re.compile(r"[.;:!?\n(]")
_CLAUSE_END = re.compile(r"[.,;:!?\n()，。；：！？]")
_MEASURED = re.compile("[一二三四五六七八九十两兩]+[个個只隻匹头頭条條张張辆輛人名位件本台臺棵朵座间間双雙对對枚杯羽]")

_GROUP_MARKS = "'’_\u00a0\u202f\u2009"
_FIGURE = re.compile(
    rf"""
    (?P<whole>\d+)[ \u00a0-](?P<over>\d{{1,2}})/(?P<under>\d{{1,2}})(?![\d/])     # 3 1/2
    |(?:
        (?P<comma>\d{{1,3}}(?:,\d{{3}})+(?:\.\d+)?)(?![\d,])                      # 1,234.5
        |(?P<dot>\d{{1,3}}(?:\.\d{{3}})+,\d+)(?![\d.,]?\d)                         # 1.234,56
        |(?P<mark>\d{{1,3}}(?:[{_GROUP_MARKS}]\d{{3}})+(?:[.,]\d+)?)(?!\d)         # 1 234 with a narrow space
        |(?P<space>\d{{1,3}}(?:(?:[ ]\d{{3}})+,\d{{1,2}}|(?:[ ]\d{{3}}){{2,}}))(?!\d)  # 1 234,56 or 1 234 567
        |(?P<plain>\d+(?:\.\d+)?|(?<![\w.])\.\d+)
     )(?P<power>[eE][-+−]?\d{{1,4}}(?!\d))?
    """,
    re.VERBOSE,
)
_LETTER = r"[^\W\d_¼-¾⅐-⅞]"  # Python counts vulgar fractions among the letters
_WORD = re.compile(rf"{_LETTER}+(?:['’]{_LETTER}+)?")
_TOKEN = re.compile(rf"(?P<figure>{_FIGURE.pattern})|(?P<word>{_WORD.pattern})|(?P<mark_>\S)", re.VERBOSE)
# A figure that goes on: a range, a time, a date, a ratio, a product, a version, a power.
_GOES_ON = re.compile(r"\s*[-–—−/:×*^xX·]{1,2}\s*[\d½¼¾]|[.,\s]\d|[⁰¹²³⁴⁵⁶⁷⁸⁹]|\s?⁄")
_LETTERS = re.compile(r"[A-Za-zÀ-ɏµ]+")
_NAME_BEFORE = re.compile(r"[A-Za-zÀ-ɏ_]\Z")
_HYPHENED_BEFORE = re.compile(r"[A-Za-zÀ-ɏ][-–]\Z")
_FACTOR_BEFORE = re.compile(r"\d[xX]\Z")
_SIGN_BEFORE = re.compile(r"(?:(?<![\w%°)\].])|\A)(?P<sign>[-−])\s?[$€£¥]?\Z")
_SIGN_WORD = re.compile(r"\b(?:minus|negative)\s*\Z", re.IGNORECASE)


class _Token(NamedTuple):
    kind: str  # "figure", "word", "mark"
    text: str
    start: int
    end: int
    value: Decimal | None = None


def read_float(text: str) -> float:
    """The one number a text names.

    Parameters
    ----------
    text : str
        Figures, English number words, scales such as "million" or "k", fractions such as "½" or "and a half"; a unit,
        a currency, "about" and other words around it do not matter.

    Raises
    ------
    UnreadableReply
        None, several different ones, or one with something beside it that could change it.
    """
    number = float(_number(text, "a number"))
    if not math.isfinite(number):
        raise unreadable("a number", text)
    return number


def read_integer(text: str) -> int:
    """The one whole number a text names, read as `read_float` reads it.

    Raises
    ------
    UnreadableReply
        None, several different ones, one with a fraction, one too large for a column, or one in doubt.
    """
    number = _number(text, "a whole number")
    if abs(number) > _LARGEST_INTEGER or number != number.to_integral_value():
        raise unreadable("a whole number", text)
    return int(number)


def _number(text: str, expected: str) -> Decimal:
    try:
        found = set(_values(text))
    except UnreadableReply:
        raise unreadable(expected, text) from None
    if len(found) != 1:
        raise unreadable(expected, text)
    return found.pop()


def _values(text: str) -> Iterator[Decimal]:
    """Values of all numbers in a text; several spellings of one number are that number several times."""
    text = _EMPHASIS.sub("", text)
    if _MEASURED.search(text) or _VAGUE.search(text):
        raise UnreadableReply(_DOUBT)
    tokens = list(_tokens(text))
    spans: list[tuple[int, int, Decimal]] = []
    position = 0
    while position < len(tokens):
        phrase = _Phrase(tokens, position)
        if phrase.value is None:
            position += 1
            continue
        spans.append((tokens[position].start, tokens[phrase.end - 1].end, phrase.value))
        position = phrase.end
    _check_words(tokens, spans)
    _check_repeats(text, spans)
    for start, end, value in spans:
        if len(spans) > 1 and _is_beside_the_point(text, start, end):
            continue
        _check_around(text, start, end)
        yield -value if _is_negative(text, start) else value


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        if match["figure"] is not None:
            if _is_a_quantity(text[max(0, start - 2) : start]):
                yield from _figure(text, match)
        elif match["word"] is not None:
            touches = start > 0 and text[start - 1].isdigit()
            if not (touches and (_LETTERS.match(match["word"]) or match["word"][0] in SCALE_CHARACTERS)):
                yield _Token("word", match["word"], start, end)  # what touches a figure was taken with it
        else:
            yield _mark(match["mark_"], start)


def _is_a_quantity(before: str) -> bool:
    """Whether a figure behind these two characters is none of a name: MP3, Q1, F-16."""
    if _HYPHENED_BEFORE.search(before) or _FACTOR_BEFORE.search(before):
        raise UnreadableReply(_DOUBT)
    return _NAME_BEFORE.search(before) is None


def _mark(mark: str, start: int) -> _Token:
    numeric = unicodedata.numeric(mark, 0.0)
    if 0 < numeric < 1:
        return _Token("fraction", mark, start, start + 1, Decimal(str(numeric)))
    return _Token("mark", mark, start, start + 1)


def _figure(text: str, match: re.Match[str]) -> Iterator[_Token]:
    start, end = match.span()
    if _GOES_ON.match(text, end):
        raise UnreadableReply(_DOUBT)
    value = _value_of(match)
    letters = _LETTERS.match(text, end)
    yield _Token("figure", match[0], start, end, value)
    if letters is None:
        if text[end : end + 1] in SCALE_CHARACTERS and text[end : end + 1]:
            yield _Token("word", text[end], end, end + 1)
        return
    unit = letters[0]
    following = text[letters.end() : letters.end() + 1]
    if unit in NO_UNITS or following.isdigit():
        raise UnreadableReply(_DOUBT)
    scale = TOUCHING_SCALES.get(unit)
    if scale is not None or unit.casefold() in SCALES or unit.casefold() in HUNDRED:
        yield _Token("word", unit, end, letters.end(), scale)


def _value_of(match: re.Match[str]) -> Decimal:
    if match["whole"]:
        over, under = int(match["over"]), int(match["under"])
        if not 0 < over < under:
            raise UnreadableReply(_DOUBT)
        return Decimal(match["whole"]) + Decimal(over) / Decimal(under)
    power = (match["power"] or "").replace("−", "-")
    if match["dot"] or match["space"]:
        digits = re.sub(r"[. ]", "", match["dot"] or match["space"]).replace(",", ".")
    elif match["mark"]:
        digits = re.sub(f"[{_GROUP_MARKS}]", "", match["mark"]).replace(",", ".")
    else:
        digits = (match["comma"] or match["plain"]).replace(",", "")
    return Decimal(digits + power)


class _Phrase:
    """The longest number that begins with a token.

    Attributes
    ----------
    value : Decimal or None
        None where no number begins there.
    end : int
        Behind its last token.
    """

    def __init__(self, tokens: list[_Token], start: int) -> None:
        self._tokens = tokens
        self.end = start
        self.value: Decimal | None = None
        self._total = Decimal(0)
        self._group: Decimal | None = None
        self._last_scale: Decimal | None = None
        self._room = Decimal(0)  # what may still be added to the group: below ten after tens, below a hundred after it
        self._read()

    def _read(self) -> None:
        if not self._leading_half():
            self._leading_article()
        while self._step():
            pass
        if self._group is not None or self._last_scale is not None:
            self.value = self._total + (self._group or 0)
            self._trailing_fraction()

    def _peek(self, ahead: int = 0) -> str:
        place = self.end + ahead
        if not 0 <= place < len(self._tokens):
            return ""
        token = self._tokens[place]
        return token.text.casefold() if token.kind == "word" else token.text

    def _leading_half(self) -> bool:
        """Take "half a dozen", "half a million", "a half", "half"."""
        ahead = 1 if self._peek() in {"a", "an", "one"} and self._peek(1) in {"half", "quarter"} else 0
        word = self._peek(ahead)
        if word not in {"half", "quarter"} or self._peek(-1) in HALVED:
            return False
        following = [self._peek(ahead + 1), self._peek(ahead + 2)]
        skip = 1 if following[0] in {"a", "an"} else 0
        self.end += ahead + 1
        self._group = FRACTIONS[word]
        if following[skip] in SCALES:
            self.end += skip
        self._room = Decimal(0)
        return True

    def _leading_article(self) -> bool:
        if self._peek() in {"a", "an"} and (self._peek(1) in SCALES or self._peek(1) in HUNDRED):
            self.end += 1
            self._group = Decimal(1)
            return True
        return False

    def _step(self) -> bool:
        """Take one more token into the number; whether it belonged."""
        if self.end >= len(self._tokens):
            return False
        joined = self._joiner()
        place = self.end + joined
        token = self._tokens[place] if place < len(self._tokens) else None
        if token is None or not self._take(token, joined=bool(joined)):
            return False
        self.end = place + 1
        return True

    def _joiner(self) -> int:
        """Tokens between two parts of one number: the hyphen of "forty-two", the "and" of "a hundred and five"."""
        if self._group is None and self._last_scale is None:
            return 0
        joins_with_and = self._group is None or self._room == 100
        return 1 if self._peek() in {"-", "‑"} or (joins_with_and and self._peek() == "and") else 0

    def _take(self, token: _Token, *, joined: bool) -> bool:
        if token.kind == "fraction":
            return self._take_fraction(token, joined=joined)
        if token.kind == "figure":
            return self._take_figure(token, joined=joined)
        return token.kind == "word" and self._take_any_word(token, joined=joined)

    def _take_any_word(self, token: _Token, *, joined: bool) -> bool:
        word = token.text.casefold()
        scale = token.value if token.value is not None else SCALES.get(word)
        if word in UNITS or word in TENS:
            return self._take_word(UNITS[word] if word in UNITS else TENS[word], joined=joined)
        if joined:
            if self._peek() in {"-", "‑"} and word in ORDINALS and self._room:
                raise UnreadableReply(_DOUBT)  # twenty-first
            return False
        if word in HUNDRED:
            return self._take_hundred()
        return scale is not None and self._take_scale(scale)

    def _take_fraction(self, token: _Token, *, joined: bool) -> bool:
        if joined or token.value is None or (self._group or Decimal(0)) % 1:
            return False
        self._group = (self._group or Decimal(0)) + token.value
        self._room = Decimal(0)
        return True

    def _take_figure(self, token: _Token, *, joined: bool) -> bool:
        value = token.value or Decimal(0)
        if self._group is not None or joined:
            return False
        if self._last_scale is not None and value >= self._last_scale:
            return False
        self._group, self._room = value, Decimal(0)
        return True

    def _take_word(self, value: Decimal, *, joined: bool) -> bool:
        if self._group is None:
            if joined and self._peek() in {"-", "‑"}:
                return False
            self._group = value
        elif 0 < value < self._room:
            self._group += value
        else:
            return False
        self._room = Decimal(10) if value >= 20 else Decimal(0)
        return True

    def _take_hundred(self) -> bool:
        if self._group is None or self._group >= 100 or self._group == 0:
            return False
        self._group *= 100
        self._room = Decimal(100)
        return True

    def _take_scale(self, scale: Decimal) -> bool:
        if self._group is None or (self._last_scale is not None and scale >= self._last_scale):
            return False
        self._total += self._group * scale
        self._group, self._last_scale, self._room = None, scale, Decimal(0)
        return True

    def _trailing_fraction(self) -> None:
        """Take what follows in "six and a half", "two and three quarters", "one and a half million"."""
        if self.value is None:
            return
        if self._peek() == "quarters":
            raise UnreadableReply(_DOUBT)  # coins, or three fourths
        if self._peek() == "and":
            self._and_fraction()
        if self._peek() in SCALES and self._last_scale is None and self.value % 1:
            self.value, self.end = self.value * SCALES[self._peek()], self.end + 1

    def _and_fraction(self) -> None:
        article = 1 if self._peek(1) in {"a", "an", "one"} else 0
        word = self._peek(1 + article)
        if word in {"half", "quarter"}:
            scale = self._last_scale if self._group is None and self._last_scale is not None else Decimal(1)
            if scale != 1:
                raise UnreadableReply(_DOUBT)  # "two million and a half" is said of either
            self.value = (self.value or Decimal(0)) + FRACTIONS[word]
            self.end += 2 + article
        elif self._peek(1) in UNITS and self._peek(2) in {"quarters", "quarter"}:
            self.value = (self.value or Decimal(0)) + UNITS[self._peek(1)] * FRACTIONS["quarter"]
            self.end += 3


def _check_words(tokens: list[_Token], spans: list[tuple[int, int, Decimal]]) -> None:
    """Doubt where a word says how many and is no part of a number that was understood."""
    for position, token in enumerate(tokens):
        if token.kind not in {"word", "fraction"} or any(start <= token.start < end for start, end, _ in spans):
            continue
        word = token.text.casefold()
        if word in FRACTIONS and position and tokens[position - 1].text.casefold() in HALVED:
            continue  # "in the left half"
        if token.kind == "fraction" or word in SCALES or word in HUNDRED or word in FRACTIONS or word in COUNTING:
            raise UnreadableReply(_DOUBT)


def _check_repeats(text: str, spans: list[tuple[int, int, Decimal]]) -> None:
    """Doubt where equal numbers in one sentence count different things: "1 man and 1 woman"."""
    for (_, end, _), (start, behind, _) in pairwise(spans):
        first, second = _WORD_AFTER.match(text, end), _WORD_AFTER.match(text, behind)
        if (
            first
            and second
            and first[1].casefold() != second[1].casefold()
            and not _CLAUSES_APART.search(text[end:start])
        ):
            raise UnreadableReply(_DOUBT)


def _is_beside_the_point(text: str, start: int, end: int) -> bool:
    """Whether a number beside others says nothing about how many: "one of them", "a two-story house"."""
    if _COMPOUND_AFTER.match(text, end):
        return True
    if text[start:end].casefold() != "one":
        return False
    is_after_article = _PRONOUN_BEFORE.search(text, 0, start) and _NO_NOUN_AFTER.match(text, end)
    return bool(_PRONOUN_AFTER.match(text, end) or is_after_article)


def _is_negative(text: str, start: int) -> bool:
    before = text[max(0, start - 12) : start]
    sign = _SIGN_BEFORE.search(before)
    return bool(_SIGN_WORD.search(before)) or (sign is not None and not before[sign.end("sign") :].startswith(" "))


def _check_around(text: str, start: int, end: int) -> None:
    """Doubt where the words around a number bound it, deny it, or calculate with it."""
    before = text[max(0, start - _LONGEST_CLAUSE) : start]
    if _BOUNDS_BEFORE.search(before) or _BOUNDS_AFTER.match(text, end) or _LOOSE_SCALE.match(text, end):
        raise UnreadableReply(_DOUBT)
    if _NEGATION.search(_CLAUSE_END.split(before)[-1]):
        raise UnreadableReply(_DOUBT)
