"""The text of an answer while it arrives: looked ahead in, taken, and given back where it was no call after all.

Readers are generators: they yield where they need characters that have not come yet. What they decide depends on
characters alone, never on where one piece ended and the next began; so a streamed answer reads as a whole one does.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Sequence
from typing import TypeVar

__all__ = ["EVERYTHING", "Source", "Steps"]

_T = TypeVar("_T")
Steps = Generator[None, None, _T]
"""A reader: yields to wait for more characters, returns what it found."""

EVERYTHING = re.compile(r".+", re.DOTALL)
"""All that is there."""

_SPACE = re.compile(r"\s+")


class Source:
    """Characters that have come and are not read yet.

    What waits unread is never more than a reader looks ahead, some forty characters; so pieces of one character cost no
    more than one of a million.
    """

    def __init__(self) -> None:
        self._text = ""
        self._at = 0
        self._closed = False
        # Places are counted from the beginning of the answer. What was read since the first remembered one, and is not
        # in `_text` any more, is held in pieces.
        self._start = 0  # of `_text`
        self._remembered: int | None = None
        self._held: list[str] = []

    def feed(self, text: str) -> None:
        """Add a piece."""
        if self._remembered is not None:
            self._held.append(self._text[max(0, self._remembered - self._start) : self._at])
        self._text = self._text[self._at :] + text
        self._start += self._at
        self._at = 0

    def close(self) -> None:
        """Say that nothing more comes."""
        self._closed = True

    @property
    def is_closed(self) -> bool:
        """Whether nothing more comes."""
        return self._closed

    def take(self, count: int) -> str:
        """Read characters that are there.

        Parameters
        ----------
        count : int
        """
        taken = self._text[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def run(self, pattern: re.Pattern[str]) -> str:
        """Read what matches of the characters that are there, perhaps nothing.

        Parameters
        ----------
        pattern : re.Pattern
            Of one character each, as ``[a-z]+``: it must not matter where a piece ends.
        """
        found = pattern.match(self._text, self._at)
        return self.take(found.end() - self._at) if found else ""

    def look(self) -> Steps[str]:
        """The next character, not read; empty at the end of the text."""
        while self._at >= len(self._text):
            if self._closed:
                return ""
            yield
        return self._text[self._at]

    def starts(self, literal: str) -> Steps[bool]:
        """Whether a text comes next, which is not read.

        Parameters
        ----------
        literal : str
        """
        while True:
            seen = self._text[self._at : self._at + len(literal)]
            if len(seen) == len(literal) or self._closed or not literal.startswith(seen):
                return seen == literal
            yield

    def accept(self, literal: str) -> Steps[bool]:
        """Read a text where it comes next; whether it does.

        Parameters
        ----------
        literal : str
        """
        found = yield from self.starts(literal)
        if found:
            self.take(len(literal))
        return found

    def accept_any(self, literals: Iterable[str]) -> Steps[str]:
        """Read the first of some texts that comes next; empty where none does.

        Parameters
        ----------
        literals : iterable of str
        """
        for literal in literals:
            if (yield from self.accept(literal)):
                return literal
        return ""

    def starts_any(self, literals: Iterable[str]) -> Steps[bool]:
        """Whether one of some texts comes next, which is not read.

        Parameters
        ----------
        literals : iterable of str
        """
        for literal in literals:
            if (yield from self.starts(literal)):
                return True
        return False

    def word(self, pattern: re.Pattern[str], most: int | None = None) -> Steps[str]:
        """Read all that matches, up to another character or the end of the text.

        Parameters
        ----------
        pattern : re.Pattern
            As for `run`.
        most : int or None, default None
            Stop soon after so many characters.
        """
        pieces: list[str] = []
        count = 0
        while (yield from self.look()) and (piece := self.run(pattern)):
            pieces.append(piece)
            count += len(piece)
            if most is not None and count > most:
                break
        return "".join(pieces)

    def exactly(self, pattern: re.Pattern[str], count: int) -> Steps[str]:
        """Read so many characters that match; fewer where another character or the end of the text comes first.

        Parameters
        ----------
        pattern : re.Pattern
            Of one character.
        count : int
        """
        pieces = ""
        while len(pieces) < count and (character := (yield from self.look())) and pattern.match(character):
            pieces += self.take(1)
        return pieces

    def space(self) -> Steps[str]:
        """Read white space."""
        return self.word(_SPACE)

    def mark(self) -> int:
        """Remember this place, to come back to it with `rewind`."""
        place = self._start + self._at
        if self._remembered is None:
            self._remembered = place
        return place

    def since(self, mark: int) -> str:
        """What was read since a place.

        Parameters
        ----------
        mark : int
        """
        if mark >= self._start:
            return self._text[mark - self._start : self._at]
        held = self._unheld(mark)
        self._held.append(held)
        return held + self._text[: self._at]

    def rewind(self, mark: int) -> None:
        """Go back to a place, or as far as what was read is still remembered.

        Parameters
        ----------
        mark : int
        """
        mark = max(mark, self._start + self._at if self._remembered is None else self._remembered)
        if mark < self._start:
            self._text = self._unheld(mark) + self._text
            self._start = mark
        self._at = mark - self._start

    def commit(self) -> None:
        """Forget all remembered places: what was read is not given back any more."""
        self._remembered = None
        self._held.clear()

    def _unheld(self, mark: int) -> str:
        """What is held since a place, and not any more after this."""
        pieces: list[str] = []
        place = self._start
        while place > mark:
            pieces.append(self._held.pop())
            place -= len(pieces[-1])
        text = "".join(reversed(pieces))
        self._held.append(text[: mark - place])
        return text[mark - place :]

    def find(self, pattern: re.Pattern[str], literals: Sequence[str]) -> tuple[str, bool]:
        """Read up to the next of some texts; of what may become one only what cannot.

        Parameters
        ----------
        pattern : re.Pattern
            Of all these texts.
        literals : sequence of str
            They themselves.

        Returns
        -------
        (str, bool)
            What was read, and whether one of the texts comes next.
        """
        found = pattern.search(self._text, self._at)
        if found:
            return self.take(found.start() - self._at), True
        return self.take(self._possible_start(literals) - self._at), False

    def _possible_start(self, literals: Sequence[str]) -> int:
        """Where one of some texts may begin, of which only a part has come."""
        end = len(self._text)
        if not self._closed:
            longest = max(map(len, literals), default=1)
            for place in range(max(self._at, end - longest + 1), end):
                tail = self._text[place:]
                if any(literal.startswith(tail) for literal in literals):
                    return place
        return end
