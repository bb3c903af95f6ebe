"""A prompt that reads its row: ``{column}`` is that row's value, ``{{`` and ``}}`` are braces."""

from __future__ import annotations

import datetime as dt
import numbers
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vlmkit.arguments import did_you_mean
from vlmkit.errors import SetupError

__all__ = ["MISSING_TEXT", "Template"]

MISSING_TEXT = "unknown"
"""How a missing value is written: "Who made {brand}?" becomes "Who made unknown?"."""

_LARGEST_EXACT = 2**53  # up to here a float knows every whole number
# Not str.format: a column is taken by its whole name, whatever characters it has, and never by attribute or index.
_PIECE = re.compile(r"\{\{|\}\}|\{(?P<column>[^{}]+)\}|(?P<stray>[{}])|[^{}]+")


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed prompt.

    Attributes
    ----------
    pieces : tuple of (str, bool)
        Literal text (False) and column names (True), in order.

    Examples
    --------
    >>> Template.parse("Who made {brand}? Say {{unsure}} if unsure.").fill({"brand": "Acme"})
    'Who made Acme? Say {unsure} if unsure.'
    """

    pieces: tuple[tuple[str, bool], ...]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Parse a prompt.

        Parameters
        ----------
        text : str

        Raises
        ------
        SetupError
            Not a text, empty, or with a brace that neither opens nor closes a column name.
        """
        given: object = text
        if not isinstance(given, str) or not given.strip():
            raise SetupError(f"prompt {given!r}: give a text that is not empty.")
        pieces = []
        for match in _PIECE.finditer(text):
            if match["stray"]:
                where = text[max(0, match.start() - 20) : match.end() + 20]
                raise SetupError(f"prompt: a single {match[0]!r} near {where!r}; write {match[0] * 2} for a brace.")
            column = match["column"]
            pieces.append((column, True) if column else (match[0].replace("{{", "{").replace("}}", "}"), False))
        return cls(tuple(pieces))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns it reads, each once, in order."""
        return tuple(dict.fromkeys(text for text, is_column in self.pieces if is_column))

    def check(self, available: Iterable[str]) -> None:
        """Make sure that every column it reads is there.

        Parameters
        ----------
        available : iterable of str

        Raises
        ------
        SetupError
            A column is not there; lists those that are.
        """
        names = list(available)
        for column in self.columns:
            if column not in names:
                raise SetupError(_unknown_column(column, names))

    @property
    def words(self) -> str:
        """The text without its columns."""
        return "".join(text for text, is_column in self.pieces if not is_column)

    def fill(self, row: Mapping[str, object]) -> str:
        """Prompt of one row.

        Parameters
        ----------
        row : mapping of str to object
            At least the columns it reads; None is a missing value, written as `MISSING_TEXT`. Numbers and dates are
            written as people do: 2001 and not 2001.0, a time only where there is one.
        """
        return "".join(_rendered(row[text]) if is_column else text for text, is_column in self.pieces)


def _rendered(value: object) -> str:
    if value is None:
        return MISSING_TEXT
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(_rendered(item) for item in value)
    if isinstance(value, dt.datetime):
        return _rendered_moment(value)
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
        return _rendered_number(value)
    return str(value)


def _rendered_moment(moment: dt.datetime) -> str:
    """A date, with its time where it has one."""
    if moment.time() == dt.time():
        return moment.date().isoformat()
    return moment.isoformat(sep=" ", timespec="auto" if moment.microsecond or moment.second else "minutes")


def _rendered_number(number: numbers.Real) -> str:
    """A whole number without ".0": pandas makes floats of whole numbers where one is missing."""
    value = float(number)
    return str(int(value)) if value.is_integer() and abs(value) < _LARGEST_EXACT else str(number)


def _unknown_column(column: str, names: list[str]) -> str:
    hint = did_you_mean(column, names, write=lambda name: f"{{{name}}}")
    listed = f"The columns are: {', '.join(names)}." if names else "There are no columns here; pass a DataFrame."
    return f"prompt: {{{column}}} is not a column.{hint} {listed} For braces as such write {{{{ and }}}}."
