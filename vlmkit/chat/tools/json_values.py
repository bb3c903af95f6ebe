"""JSON as models write it becomes JSON as programs read it, character by character.

One pass with a stack and no look at the whole: it ends exactly at the closing bracket, whatever stands in strings or
behind. On the way single quotes, Python's words, commas too many or too few, bare keys, raw line ends in strings and
backslashes that escape nothing are put right. What cannot be put right is passed on as it is, with a problem.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

from vlmkit.chat.tools.source import Source, Steps

__all__ = ["ENDS_EARLY", "GEMMA", "JSON", "MOST_DEPTH", "PYTHON", "JsonCopier", "Notation", "escaped"]

ENDS_EARLY = "the arguments end before they are complete"
"""What is wrong with a value that the end of the text cuts."""
MOST_DEPTH = 100
"""Lists and objects inside each other: more than any tool takes, and few enough for every JSON reader."""

_PLAIN = re.compile(r"""[^"'\\<\x00-\x1f]+""")
_WORD = re.compile(r"[\w.+\-$]+")
_HEX = re.compile(r"[0-9a-fA-F]")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_NEARLY_NUMBER = re.compile(r"([+-]?)([0-9][0-9_]*)?(\.)?([0-9][0-9_]*)?((?:[eE][+-]?[0-9]+)?)")
_WORDS = {"True": "true", "False": "false", "None": "null", "true": "true", "false": "false", "null": "null"}
_CLOSING = {"{": "}", "[": "]", "(": ")"}
_WRITTEN = {"}": "}", "]": "]", ")": "]"}
_ESCAPES = frozenset('"\\/bfnrt')
_PYTHON_ESCAPES = {"a": "\\u0007", "v": "\\u000b", "0": "\\u0000", "\n": ""}


@dataclass(frozen=True, kw_only=True, slots=True)
class Notation:
    """How a family writes values.

    Attributes
    ----------
    quotes : tuple of str, default ()
        Further marks around strings, in which nothing is escaped.
    is_python : bool, default False
        Whether strings may have three quotes and Python's escapes, and lists round brackets.
    """

    quotes: tuple[str, ...] = ()
    is_python: bool = False


JSON = Notation()
PYTHON = Notation(is_python=True)
GEMMA = Notation(quotes=('<|"|>', "<escape>"))


def escaped(text: str) -> str:
    """A text as it stands between the quotes of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


@dataclass(slots=True)
class _Level:
    """An open list or object: the bracket that closes it, how much it holds, and what an object waits for."""

    closing: str
    count: int = 0
    waits_for: str = "key"


class JsonCopier:
    """Copies one value.

    Parameters
    ----------
    source : Source
    emit : callable (str) -> None
        Gets JSON, piece by piece. A piece never ends inside an escape.
    notation : Notation, default JSON

    Attributes
    ----------
    is_stuck : bool
        Whether the value's end was not found.
    """

    def __init__(self, source: Source, emit: Callable[[str], None], notation: Notation = JSON) -> None:
        self._source = source
        self._emit = emit
        self._notation = notation
        self._stack: list[_Level] = []
        self._problem = ""
        self.is_stuck = False

    def value(self) -> Steps[str]:
        """Copy the value that comes next; what is wrong with it, or nothing.

        A problem that is found at a character leaves this character, and all behind it, unread.
        """
        while True:
            yield from self._source.space()
            character = yield from self._source.look()
            fault = (yield from self._step(character)) if character else ENDS_EARLY
            if fault:
                self.is_stuck = True
                return fault
            if not self._stack:
                return self._problem

    def string(self, quote: str) -> Steps[bool]:
        """Copy a string whose opening quote was read; whether its closing quote came.

        Parameters
        ----------
        quote : str
        """
        has_escapes = quote not in self._notation.quotes
        self._emit('"')
        while True:
            self._emit(self._source.run(_PLAIN))
            character = yield from self._source.look()
            if not character:
                return False
            if character == "\\" and has_escapes:
                yield from self._escape()
            elif character == quote[0] and (yield from self._source.accept(quote)):
                self._emit('"')
                return True
            else:
                self._emit(escaped(self._source.take(1)))

    def quote(self, character: str) -> Steps[str]:
        """Read the quote that comes next; empty where none does.

        Parameters
        ----------
        character : str
            The next one.
        """
        if character == "<":
            return (yield from self._source.accept_any(self._notation.quotes))
        if character not in "\"'":
            return ""
        if self._notation.is_python and (yield from self._source.accept(character * 3)):
            return character * 3
        return self._source.take(1)

    def _step(self, character: str) -> Steps[str]:
        if character in "{[" or (character == "(" and self._notation.is_python):
            return self._open(character)
        if character in "}])":
            return self._close(character)
        if character in ",:":
            return self._separator(character)
        return (yield from self._item(character))

    def _item(self, character: str) -> Steps[str]:
        """Copy a string or a word."""
        if quote := (yield from self.quote(character)):
            self._before()
            if not (yield from self.string(quote)):
                return ENDS_EARLY
        elif word := (yield from self._source.word(_WORD)):
            self._before()
            self._emit(self._key_or_word(word))
        else:
            return f"the arguments are not JSON: {character!r} stands where a value should"
        self._after()
        return ""

    def _open(self, character: str) -> str:
        if len(self._stack) >= MOST_DEPTH:
            return f"the arguments are nested deeper than {MOST_DEPTH} levels"
        if self._stack and self._stack[-1].closing == "}" and self._stack[-1].waits_for == "key":
            return "the arguments are not JSON: a list or object stands where a key should"
        self._before()
        self._source.take(1)
        level = _Level(_CLOSING[character])
        self._stack.append(level)
        self._emit("{" if character == "{" else "[")
        return ""

    def _close(self, character: str) -> str:
        if not any(level.closing == character for level in self._stack):
            return f"the arguments are not JSON: {character!r} closes nothing"
        self._source.take(1)
        while True:
            level = self._stack.pop()
            if level.closing == "}" and level.waits_for != "key":
                self._problem = "the arguments are not JSON: a key has no value"
            self._emit(_WRITTEN[level.closing])
            if level.closing == character:
                break
        self._after()
        return ""

    def _separator(self, character: str) -> str:
        """Commas are written with what follows them, so that one too many or too few is none."""
        level = self._stack[-1] if self._stack else None
        if level is None or (character == ":" and level.waits_for != "colon"):
            return f"the arguments are not JSON: {character!r} stands where a value should"
        self._source.take(1)
        if character == ":":
            level.waits_for = "value"
        return ""

    def _before(self) -> None:
        """Write what stands before an item."""
        level = self._stack[-1] if self._stack else None
        if level is None:
            return
        if level.closing != "}" or level.waits_for == "key":
            self._emit(", " if level.count else "")
            level.count += 1
        else:
            if level.waits_for == "colon":
                self._problem = "the arguments are not JSON: a colon is missing"
            self._emit(": ")

    def _after(self) -> None:
        """Know what may stand behind an item."""
        if self._stack and self._stack[-1].closing == "}":
            level = self._stack[-1]
            level.waits_for = "colon" if level.waits_for == "key" else "key"

    def _key_or_word(self, word: str) -> str:
        if self._stack and self._stack[-1].closing == "}" and self._stack[-1].waits_for == "key":
            return json.dumps(word, ensure_ascii=False)
        read = _WORDS.get(word) or _number(word)
        if read is None:
            self._problem = f"the arguments are not JSON: {word[:40]!r} is not a value"
        return read or word

    def _escape(self) -> Steps[None]:
        self._source.take(1)
        character = yield from self._source.look()
        if character and character in _ESCAPES:
            self._emit("\\" + self._source.take(1))
        elif character == "'":
            self._emit(self._source.take(1))
        elif character == "u":
            self._source.take(1)
            yield from self._unicode()
        elif not self._notation.is_python or not (yield from self._python_escape(character)):
            self._emit("\\\\")

    def _python_escape(self, character: str) -> Steps[bool]:
        """Copy what only Python has; whether it is that."""
        digits = {"x": 2, "U": 8}.get(character)
        if digits is None and character not in _PYTHON_ESCAPES:
            return False
        self._source.take(1)
        if digits is None:
            self._emit(_PYTHON_ESCAPES[character])
            return True
        code = yield from self._source.exactly(_HEX, digits)
        number = int(code, 16) if len(code) == digits else -1
        is_one = 0 <= number < 0xD800 or 0xDFFF < number <= sys.maxunicode
        self._emit(escaped(chr(number)) if is_one else f"\\\\{character}{code}")
        return True

    def _unicode(self) -> Steps[None]:
        """Copy an escaped character; half a surrogate pair, which no text can have, becomes the replacement sign."""
        digits = yield from self._source.exactly(_HEX, 4)
        while _is_surrogate(digits, "d8", "db") and (yield from self._source.accept("\\u")):
            second = yield from self._source.exactly(_HEX, 4)
            if _is_surrogate(second, "dc", "df"):
                self._emit(f"\\u{digits}\\u{second}")
                return
            self._emit("\\ufffd")
            digits = second
        if len(digits) < 4:
            self._emit(f"\\\\u{digits}")
        else:
            self._emit("\\ufffd" if _is_surrogate(digits, "d8", "df") else f"\\u{digits}")


def _is_surrogate(digits: str, first: str, last: str) -> bool:
    return len(digits) == 4 and first <= digits[:2].lower() <= last


def _number(word: str) -> str | None:
    """A number as JSON has it, which knows no leading plus, point or underscore; None where it is none."""
    if _NUMBER.fullmatch(word):
        return word
    parts = _NEARLY_NUMBER.fullmatch(word)
    if not parts or not (parts[2] or parts[4]):
        return None
    whole, fraction = (part.replace("_", "") if part else "0" for part in (parts[2], parts[4]))
    read = f"{parts[1].removeprefix('+')}{whole}{'.' + fraction if parts[3] else ''}{parts[5]}"
    return read if _NUMBER.fullmatch(read) else None
