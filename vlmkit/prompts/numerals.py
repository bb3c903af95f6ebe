"""Numbers written in digits or in English words, found in a text and understood whole.

A small grammar: digits with the usual marks between their groups, signs, vulgar fractions, words from "zero" to
"trillions", and both together ("2.5 million", "six and a half"). A point stands before decimals, as in the "
"language that
was asked in; a comma does where nothing else makes sense.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.number_words import FRACTIONS, ORDINALS, SCALES, SMALL, SUFFIXES, TENS, UNITS

__all__ = ["Numeral", "Word", "numerals_of", "plain_number_text", "words_of"]

_LONGEST_EXPONENT = 4  # digits
_CURRENCY = "$€£¥₹₩฿₽¢"
_LETTER = r"[^\W\d_¼½¾⅐-⅞↉]"
_MARKS = "".join(  # signs of vowels and tones, which Python does not count among the letters of a word
    chr(code) for code in range(0x0300, 0x0E50) if unicodedata.category(chr(code)) in {"Mn", "Mc"}
)
_DIGITS = r"(?:\d+(?:[.,'_ \u00a0]\d+)*|(?<![\w.])\.\d+)"
_WORD = re.compile(
    rf"(?P<ident>[A-Za-z]+[-_]?\d\w*(?:[-.]\w+)*|(?<![\w.])[234][dD](?!\w))"
    rf"|(?P<mixed>\d+(?: and |[ -])\d{{1,2}}/\d{{1,2}}(?![/\d.,]))"
    rf"|(?P<digits>{_DIGITS}(?:[eE][-+]?\d+)?)"
    r"|(?P<vulgar>[¼½¾⅐-⅞↉])"
    r"|(?P<scale>[万萬億亿])"
    rf"|(?P<word>{_LETTER}(?:{_LETTER}|[{_MARKS}])*(?:'{_LETTER}+)*)"
    r"|(?P<sign>[^\w\s])"
)
_GROUPS = (
    (re.compile(r"\d*(?:\.\d+)?"), "", ""),
    (re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?"), ",", ""),
    (re.compile(r"[1-9]\d?(?:,\d{2})+,\d{3}(?:\.\d+)?"), ",", ""),
    (re.compile(r"[1-9]\d{0,2}(?:(?:\.\d{3}){2,}(?:,\d+)?|(?:\.\d{3})+,\d+)"), ".", ","),
    (re.compile(r"[1-9]\d{0,2}(?:'\d{3})+(?:\.\d+)?"), "'", ""),
    (re.compile(r"[1-9]\d{0,2}(?:_\d{3})+(?:\.\d+)?"), "_", ""),
    (re.compile(r"[1-9]\d{0,2}(?:\u00a0\d{3})+(?:\.\d+|,(?!\d{3}$)\d+)?"), "\u00a0", ","),
    # "640 480" are two numbers; one small group before one of three, or thousands that are whole, is one.
    (
        re.compile(r"(?:[1-9]\d? \d{3}|[1-9]\d{0,2}(?: 000)+|[1-9]\d{0,2}(?: \d{3}){2,})(?:\.\d+|,(?!\d{3}$)\d+)?"),
        " ",
        ",",
    ),
    (re.compile(r"[1-9]\d{0,2}(?: \d{3})+(?:\.\d+|,\d{1,2})"), " ", ","),
)
_UNIT_BEHIND = re.compile(
    rf"\s?(?:[%‰°{_CURRENCY}]|(?:{'|'.join(sorted(UNITS, key=len, reverse=True))}|m|s|percent|million|billion)\b)"
)
_DECIMAL_COMMA = re.compile(r"\d+,(?:\d{1,2}|\d{4,})")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_POWER = re.compile(r"\s?[x×·*]\s?10\s?(?:(?:\^|\*\*)\s?\{?([-+]?\d{1,4})\}?|([⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,4}))(?![\d.])")
_MARKUP = (
    (re.compile(r"\\(?:boxed|text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\\[()\[\],;! ]"), " "),
    (re.compile(r"</?[A-Za-z][^<>]*>"), " "),
    (re.compile(r"(?<!\w)[*_`]+(?=\S)|(?<=\S)[*_`]+(?!\w)"), ""),
    (re.compile(r"[-=]>|[→⇒⟶]"), ":"),
)
_PLAIN = str.maketrans(
    {"−": "-", "﹣": "-", "－": "-", "‐": "-", "‑": "-", "’": "'", "‘": "'", "ʼ": "'", "٫": ".", "٬": ","}
)


@dataclass(frozen=True, slots=True)
class Word:
    """One piece of a text.

    Attributes
    ----------
    sort : {"digits", "mixed", "vulgar", "scale", "ident", "word", "sign"}
        An ident is a name with digits in it, such as "MP3".
    text : str
        In lower case, except behind digits.
    start, end : int
    """

    sort: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in a text.

    Attributes
    ----------
    value : Fraction
    first, last : int
        Its first word, and the one behind its last.
    """

    value: Fraction
    first: int
    last: int


def plain_number_text(text: str) -> str:
    """Text without markup, with ASCII digits, minus signs and apostrophes; hard spaces are all U+00A0.

    Raises
    ------
    UnreadableReply
        A character stands for a number that no rule reads, such as 三 or a superscript behind digits.
    """
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    for pattern, instead in _MARKUP:
        text = pattern.sub(instead, text)
    text = _POWER.sub(lambda match: "e" + (match[1] or match[2].translate(_SUPERSCRIPTS)), text)
    return "".join(_plain_characters(text))


def words_of(text: str) -> list[Word]:
    """Pieces of a text that `plain_number_text` gave."""
    return [
        Word(str(match.lastgroup), match[0].casefold(), *match.span())
        for match in _WORD.finditer(text)
        if match[0] != "-"
    ]


def numerals_of(text: str, words: Sequence[Word]) -> Iterator[Numeral]:
    """Numbers of a text, in order; ordinals are none.

    Raises
    ------
    UnreadableReply
        A number, or what stands right beside it, follows no rule.
    """
    position = 0
    while position < len(words):
        phrase = _Phrase(text, words, position)
        value = None if _is_place(words, position) else phrase.read()
        if value is not None:
            yield Numeral(value, position, phrase.position)
        position = max(phrase.position, position + 1)


def _is_place(words: Sequence[Word], position: int) -> bool:
    """Whether digits are those of "3rd"."""
    digits, *rest = words[position : position + 2]
    return digits.sort == "digits" and any(
        word.text in {"st", "nd", "rd", "th"} and word.start == digits.end for word in rest
    )


def _plain_characters(text: str) -> Iterator[str]:
    before = ""
    for character in text:
        digit = unicodedata.decimal(character, None)
        if digit is not None:
            character = str(digit)  # noqa: PLW2901  the same digit, in ASCII
        elif unicodedata.category(character) == "Zs":
            character = " " if character == " " else "\u00a0"  # noqa: PLW2901
        elif unicodedata.category(character) == "Cf":
            continue
        elif _is_strange_number(character) and not (
            (character in "²³" and before.isalpha()) or (character in SCALES and before.isdecimal())
        ):
            raise UnreadableReply(character)
        before = character
        yield "" if character in "²³" else character


def _is_strange_number(character: str) -> bool:
    number = unicodedata.numeric(character, None)
    return number is not None and not (_vulgar(character) is not None)


def _vulgar(character: str) -> Fraction | None:
    """½ and the like."""
    parts = unicodedata.normalize("NFKC", character).split("⁄")
    is_fraction = len(character) == 1 and len(parts) == 2 and all(part.isdecimal() for part in parts)
    return Fraction(int(parts[0]), int(parts[1])) if is_fraction else None


class _Phrase:
    """Reads one number from a position on."""

    def __init__(self, text: str, words: Sequence[Word], position: int) -> None:
        self._text = text
        self._words = words
        self.position = position
        self._start = position

    def read(self) -> Fraction | None:
        """Value; None where no number begins, and for an ordinal."""
        begun = self._words[self._start]
        sign = 1
        if begun.text in {"minus", "negative"}:
            sign, self.position = -1, self.position + 1
        value = self._magnitude()
        if value is None:
            self.position = self._start
            return None
        if begun.sort in {"digits", "mixed", "vulgar"}:
            sign = self._sign_before(begun.start)
        return sign * value

    def _magnitude(self) -> Fraction | None:
        if (share := self._share()) is not None:
            return share
        value = self._cardinal()
        if value is None or self._is_ordinal(value):
            return None
        return self._with_fraction(value)

    def _share(self) -> Fraction | None:
        """Reads "half", "half a dozen", "a quarter", "a third of"."""
        first, second = self._peek(0), self._peek(1)
        if first == "half" and second in {"a", "an"} and (self._peek(2) or "") in SCALES:
            scale = SCALES[str(self._peek(2))]
            self.position += 3
            return Fraction(scale, 2)
        if first == "half":
            return self._half()
        if first == "a" and second in FRACTIONS:
            if self._peek(2) not in {"of", None} and second != "half":
                raise UnreadableReply(second)
            self.position += 2
            return Fraction(1, FRACTIONS[second])
        return None

    def _half(self) -> Fraction | None:
        before = self._words[self.position - 1].text if self.position else ""
        self.position += 1
        if before in {
            "left",
            "right",
            "upper",
            "lower",
            "top",
            "bottom",
            "other",
            "front",
            "back",
            "first",
            "second",
            "each",
        }:
            return None
        if self._peek(0) not in {"of", "the", "a", "an", None}:
            raise UnreadableReply("half")
        return Fraction(1, 2)

    def _cardinal(self) -> Fraction | None:
        """Groups below a thousand, each with its scale, from the greatest down."""
        total, last_scale, group = Fraction(0), 10**15, self._group(first=True)
        if group is None:
            return None
        while group is not None:
            scale = self._scale()
            if scale is None:
                return total + self._decimals(group)
            if scale >= last_scale:
                raise UnreadableReply("scale")
            total, last_scale = total + group * scale, scale
            group = self._group(first=False)
        return total

    def _group(self, *, first: bool) -> Fraction | None:
        """Reads "42", "forty-two", "three hundred and five", "a hundred", the empty one before "million"."""
        begin = self.position
        if not first and self._peek(0) == "and":
            self.position += 1
        word, following = self._peek(0), self._peek(1)
        if first and word in {"a", "an"} and (following == "hundred" or following in SCALES):
            self.position += 1
            word = following
        if first and (word == "hundred" or word in SCALES):
            return self._hundreds(Fraction(1)) if word == "hundred" else Fraction(1)
        value = self._digits() if first else None
        if value is None:
            value = self._below_hundred()
        if value is None:
            self.position = begin
            return None
        return self._hundreds(value)

    def _hundreds(self, value: Fraction) -> Fraction:
        if self._peek(0) not in {"hundred", "hundreds"}:
            return value
        if not 0 < value < 100:
            raise UnreadableReply("hundred")
        self.position += 1
        value *= 100
        begin = self.position
        if self._peek(0) == "and":
            self.position += 1
        rest = self._below_hundred()
        if rest is None:
            self.position = begin
            return value
        return value + rest

    def _below_hundred(self) -> Fraction | None:
        word = self._peek(0)
        if word in TENS:
            self.position += 1
            unit = SMALL.get(self._peek(0) or "", 0)
            self.position += 1 if 1 <= unit <= 9 else 0
            return Fraction(TENS[str(word)] + (unit if unit <= 9 else 0))
        if word in SMALL:
            self.position += 1
            return Fraction(SMALL[str(word)])
        return None

    def _digits(self) -> Fraction | None:
        if self.position >= len(self._words):
            return None
        word = self._words[self.position]
        if word.sort == "mixed":
            whole, above, below = map(int, re.findall(r"\d+", word.text))
            if not 0 < above < below:
                raise UnreadableReply(word.text)
            self.position += 1
            return whole + Fraction(above, below)
        if word.sort == "vulgar":
            self.position += 1
            return _vulgar(word.text)
        return self._read_digits(word) if word.sort == "digits" else None

    def _read_digits(self, word: Word) -> Fraction:
        value = _number_of(word.text, has_unit=self._has_unit(word))
        self.position += 1
        vulgar = _vulgar(self._text[word.end : word.end + 1])
        if vulgar is not None:
            self.position += 1
            return value + vulgar
        spaced = self._words[self.position] if self.position < len(self._words) else None
        if spaced and self._text[word.end : spaced.start] == " " and (vulgar := _vulgar(spaced.text)) is not None:
            self.position += 1
            return value + vulgar
        return value * self._suffix(word)

    def _suffix(self, digits: Word) -> Fraction:
        """What letters and signs right behind digits make of them."""
        letters = re.compile(r"[A-Za-zµ]+").match(self._text, digits.end)
        following = self._text[letters.end() if letters else digits.end :]
        if re.match(
            r"[-–/:^×·*÷x_\\]\s?\d|\s?\+(?!\w)|[–]\s?\w|\s?[×^÷±]\s?\d|\s?[x*]\s?\d|\^|\s-\s?\d", following
        ) or re.match(r"\s?(?:[만억천백십조打双雙对對対쌍]|ダース|다스)|.?半", following):
            raise UnreadableReply(following[:1])
        if letters is None:
            spaced = re.compile(r"[ \u00a0](k|M|mn|bn|mio|Mio|mln|K|B|T|G)\b(?!-)").match(self._text, digits.end)
            if spaced and len(spaced[1]) == 1:  # "2 k": a thousand, or a name
                raise UnreadableReply(spaced[1])
            self.position += spaced is not None
            return SUFFIXES[spaced[1]] if spaced else Fraction(1)
        self.position += 1
        return self._letters(letters[0], digits, following)

    def _letters(self, letters: str, digits: Word, following: str) -> Fraction:
        is_money = self._text[digits.start - 1 : digits.start] in _CURRENCY and digits.start > 0
        if letters in SUFFIXES and not following[:1].isalnum():
            return SUFFIXES[letters]
        if letters in {"m", "b", "T"} and is_money:
            return Fraction({"m": 10**6, "b": 10**9, "T": 10**12}[letters])
        if letters in {"x", "X"} and not re.match(r"\s*(?:more|as|larger|bigger|faster|the|than|less|\d)", following):
            return Fraction(1)
        if letters == "m" and not re.match(r"\s*\w", following):
            return Fraction(1)
        if not _is_unit(letters) or following[:1].isdigit():
            raise UnreadableReply(letters)
        return Fraction(1)

    def _has_unit(self, word: Word) -> bool:
        before, behind = self._text[: word.start][-1:], self._text[word.end :]
        return bool(before and before in _CURRENCY) or bool(_UNIT_BEHIND.match(behind))

    def _scale(self) -> int | None:
        word = self._peek(0)
        singular = word.removesuffix("s") if word else ""
        if singular not in SCALES or (word != singular and self.position == self._start):
            return None
        self.position += 1
        return SCALES[singular]

    def _decimals(self, value: Fraction) -> Fraction:
        """Reads "three point one four"."""
        if self._peek(0) != "point" or value.denominator != 1:
            return value
        digits, ahead = "", 1
        while (word := self._peek(ahead)) is not None and (
            SMALL.get(word, 10) <= 9 or word == "oh" or word.isdecimal()
        ):
            digits += word if word.isdecimal() else str(SMALL.get(word, 0))
            ahead += 1
        if not digits:
            raise UnreadableReply("point")
        self.position += ahead
        return value + Fraction(int(digits), 10 ** len(digits))

    def _is_ordinal(self, value: Fraction) -> bool:
        """Reads "thirty-first", "one hundred fifth"; what is neither ordinal nor fraction is not understood."""
        word = self._peek(0)
        if word not in ORDINALS or word == "second":
            return False
        if value >= 20 and value % 10 == 0 and ORDINALS[word] <= 9:
            self.position += 1
            return True
        if word != "first" and not (value == 1 and self._words[self.position - 1].text == "one"):
            raise UnreadableReply(word)
        return False

    def _with_fraction(self, value: Fraction) -> Fraction:
        word = self._peek(0)
        singular = (word or "").removesuffix("s")
        if singular in FRACTIONS and (word != singular or value == 1):  # "two thirds", "one half"
            self.position += 1
            return value / FRACTIONS[singular]
        if word != "and":
            return value
        begin, self.position = self.position, self.position + 1
        part = self._part()
        if part is None:
            self.position = begin
            return value
        if self._words[begin - 1].text.removesuffix("s") in {*SCALES, "hundred"}:
            raise UnreadableReply("and")  # half of one, or half of the dozen?
        return self._scaled(value + part)

    def _part(self) -> Fraction | None:
        """The fraction behind "and"."""
        first, second = self._peek(0), self._peek(1)
        if first == "half":
            self.position += 1
            return Fraction(1, 2)
        if first in {"a", "an", "one"} and second in FRACTIONS:
            self.position += 2
            return Fraction(1, FRACTIONS[second])
        if first in SMALL and second and second.endswith("s") and second.removesuffix("s") in FRACTIONS:
            self.position += 2
            return Fraction(SMALL[first], FRACTIONS[second.removesuffix("s")])
        vulgar = _vulgar(first or "")
        self.position += vulgar is not None
        return vulgar

    def _scaled(self, value: Fraction) -> Fraction:
        """Reads "two and a half million"."""
        scale = self._scale()
        return value if scale is None else value * scale

    def _peek(self, ahead: int) -> str | None:
        """Text of a word, if nothing but a space or a hyphen is before it."""
        position = self.position + ahead
        if position >= len(self._words):
            return None
        word = self._words[position]
        if position > self._start:
            gap = self._text[self._words[position - 1].end : word.start]
            if gap not in {"", "-", " ", "\u00a0"}:
                return None
        return word.text

    def _sign_before(self, start: int) -> int:
        before = self._text[:start]
        match = re.search(rf"(?:^|[\s(\[{{:=,;\"'~≈{_CURRENCY}])(-|\+|–)[{_CURRENCY}]?$", before)
        if re.search(r"(?:[±<>≤≥≠÷√^×\\@/]|!=|\d[-–:]|–|[\d)]\s?[-+*])\s?$", before) or (match and match[1] == "–"):
            raise UnreadableReply(before[-1:])
        return -1 if match and match[1] == "-" else 1


def _is_unit(letters: str) -> bool:
    return letters.casefold() in UNITS and letters != "G"  # giga, grams, or a generation


def _number_of(text: str, *, has_unit: bool) -> Fraction:
    """Value of digits with marks between them."""
    mantissa, _, exponent = text.lower().partition("e")
    if len(exponent.lstrip("+-")) > _LONGEST_EXPONENT:
        raise UnreadableReply(text)
    for pattern, group, decimal in _GROUPS:
        if pattern.fullmatch(mantissa):
            plain = mantissa.replace(group, "") if group else mantissa
            return Fraction(plain.replace(decimal, ".") if decimal else plain) * Fraction(10) ** int(exponent or 0)
    if has_unit and _DECIMAL_COMMA.fullmatch(mantissa):
        return Fraction(mantissa.replace(",", "."))
    raise UnreadableReply(text)
