"""A task: how the question is written from a row, and how the reply is read into columns."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from vlmkit.errors import Refused, UnreadableReply
from vlmkit.finish_reasons import UNKNOWN, Ending, ending_of
from vlmkit.prompts.gate import admit, admit_values, advice_of_cut
from vlmkit.prompts.template import Template
from vlmkit.prompts.value_kinds import kind_of_type
from vlmkit.records import Constraint, Reply, Token
from vlmkit.untrusted import quoted

__all__ = ["Field", "Form", "Task", "cut_text"]

_SENTENCE_END = r"[.!?…]+[\"'”’»)\]]*(?=\s)|[。！？]+[」』”）]*"
_LEAST_SHARE = 0.4  # a sentence that ends earlier leaves too much of the room


def cut_text(text: str, most: int) -> str:
    """Text of at most so many characters.

    Parameters
    ----------
    text : str
    most : int
        Characters, at least 1.

    Returns
    -------
    str
        The text itself where it is short enough. Otherwise its whole sentences, where they fill two fifths of the room;
        or else its whole words; or else, of one long word, what fits.
    """
    if len(text) <= most:
        return text
    ends = [match.end() for match in re.finditer(_SENTENCE_END, text) if match.end() <= most]
    if ends and ends[-1] >= _LEAST_SHARE * most:
        return text[: ends[-1]]
    words = re.match(r"(.*\S)(?=\s)", text[: most + 1], re.DOTALL)
    if words and len(words[1]) >= _LEAST_SHARE * most:
        return words[1].rstrip(" ,;:–—-")
    return _whole_characters(text, most)


def _whole_characters(text: str, most: int) -> str:
    """Cut before a character that what follows belongs to: accents, joined emoji."""
    while most > 0 and (
        unicodedata.combining(text[most]) or text[most] in "\u200d\ufe0f" or text[most - 1] == "\u200d"
    ):
        most -= 1
    return text[:most]


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One column a task fills.

    Attributes
    ----------
    name : str
    dtype : type, default str
        That of one of `VALUE_KINDS`, or list.
    choices : tuple of str or of int, default ()
        The only values there are; makes the column a category, in this order.
    low, high : float or None, default None
        Least and greatest number.
    most_characters : int or None, default None
        A text is cut after so many.
    """

    name: str
    dtype: type = str
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None
    most_characters: int | None = None

    def read(self, text: str) -> Any:
        """Value of an answer.

        Raises
        ------
        UnreadableReply
            The answer is not of this field's type, or beyond its bounds.
        """
        if self.choices:
            from vlmkit.prompts.choices import read_choice  # only now, as its patterns take a while

            return read_choice(text, self.choices)
        if self.most_characters is not None:
            return cut_text(text, self.most_characters)
        if self.dtype is str:
            return text
        kind = kind_of_type(self.dtype)
        value: Any = text if kind is None else kind.read(text)
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            scale = f"a number from {self.low} to {self.high}"
            raise UnreadableReply(f"expected {scale}, got {value}.", "Ask more plainly, or ask another model.")
        return value


class Form(Protocol):
    """What reads an answer into several values."""

    def read(self, text: str) -> Mapping[str, Any]:
        """Values by column; raises UnreadableReply."""

    def write(self, values: Mapping[str, Any]) -> str:
        """Answer that has these values, by column."""

    def spans(self, text: str) -> Mapping[str, tuple[int, int]]:
        """Where in an answer each column's value stands, in characters; of what cannot be found, nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What is asked of every row.

    Attributes
    ----------
    template : Template
    suffix : str, default ""
        Added to the filled template as it is.
    system : str or None, default None
        System text sent with every ask.
    fields : tuple of Field
        The columns it fills.
    name : str
        What the columns of errors and details are named after.
    constraint : Constraint or None, default None
        What the answer must be; backends enforce it where they can.
    form : Form or None, default None
        Reads an answer that fills several columns, or a list; None reads it as one value.
    """

    template: Template
    suffix: str = ""
    system: str | None = None
    fields: tuple[Field, ...]
    name: str
    constraint: Constraint | None = None
    form: Form | None = None

    def write(self, row: Mapping[str, object]) -> str:
        """Prompt of one row.

        Parameters
        ----------
        row : mapping of str to object
            At least `template.columns`; None is a missing value.
        """
        return self.template.fill(row) + self.suffix

    def read(self, reply: Reply) -> dict[str, Any]:
        """Values of one answer, by column.

        Parameters
        ----------
        reply : Reply

        Raises
        ------
        UnreadableReply
            The answer holds nothing, is not of the fields' types, broke off, or was cut off where it counts.
        Refused
            It was withheld, or is an excuse; as `PictureNotSeen` where the model got no picture.
        """
        text = self._admitted(reply)
        if ending_of(reply.finish_reason) is not Ending.CUT:
            return self._values(text)
        try:
            values = self._values(text)
            # What the last half word may still change is not known; an object that ends is all there.
            is_whole = not self.is_free_text or self.fields[0].most_characters is not None
            is_settled = self.form is not None or (is_whole and self._values(_but_last(text)) == values)
        except UnreadableReply as fault:
            advice = f"The answer was cut off: {advice_of_cut(reply.finish_reason)}"
            raise UnreadableReply(fault.problem, advice) from fault
        if not is_settled:
            reason = reply.finish_reason
            where = "at max_tokens" if reason == "length" else f"(finish reason {reason!r})"
            cut = f"the answer was cut off {where}: {quoted(text)}."
            raise UnreadableReply(cut, advice_of_cut(reason).capitalize())
        return values

    def partial_text(self, reply: Reply) -> str | None:
        """What an answer that came too late says so far; None where that is nothing, or an excuse.

        Parameters
        ----------
        reply : Reply
        """
        try:
            return self._admitted(replace(reply, finish_reason=UNKNOWN))
        except (UnreadableReply, Refused):
            return None

    def is_shortened(self, reply: Reply) -> bool:
        """Whether the text of an answer was cut to the most characters it may have.

        Parameters
        ----------
        reply : Reply
        """
        most = self.fields[0].most_characters
        return most is not None and len(self.partial_text(reply) or "") > most

    @property
    def is_free_text(self) -> bool:
        """Whether any answer will do."""
        return self.form is None and self.fields[0].dtype is str and not self.fields[0].choices

    def say(self, values: Mapping[str, Any]) -> str:
        """Answer that would be read as these values.

        Parameters
        ----------
        values : mapping of str to object
            By column; None is a missing value.
        """
        if self.form is not None:
            return self.form.write(values)
        value = values[self.fields[0].name]
        return ("yes" if value else "no") if self.fields[0].dtype is bool else str(value)

    def confidence(self, reply: Reply) -> dict[str, float | None]:
        """How likely the model found what it said, by column.

        Parameters
        ----------
        reply : Reply
            With its tokens.

        Returns
        -------
        dict of str to float or None
            Of a value, the product of its tokens' probabilities: the probability of exactly this answer. Of free text,
            their geometric mean, as a product would only say how long it is. None where the tokens are not known, or
            are not the text's.
        """
        unknown: dict[str, float | None] = dict.fromkeys(field.name for field in self.fields)
        tokens = reply.tokens
        if not tokens or "".join(token.text for token in tokens) != reply.text:
            return unknown
        if self.form is None:
            likelihood = math.prod(token.probability for token in tokens)
            return {self.fields[0].name: likelihood ** (1 / len(tokens)) if self.is_free_text else likelihood}
        spans = {name: span for name, span in self.form.spans(reply.text).items() if name in unknown}
        return unknown | {name: _likelihood(tokens, *span) for name, span in spans.items()}

    def _admitted(self, reply: Reply) -> str:
        return admit(
            reply,
            self.template.words,
            is_free_text=self.is_free_text,
            is_object=self.form is not None,
            choices=self.fields[0].choices,
        )

    def _values(self, text: str) -> dict[str, Any]:
        if self.form is not None:
            return admit_values(self.form.read(text), self.template.words)
        return {field.name: field.read(text) for field in self.fields}


def _but_last(text: str) -> str:
    return text.rpartition(" ")[0]


def _likelihood(tokens: Sequence[Token], start: int, end: int) -> float:
    """Product over the tokens that have a part in a span."""
    position, likelihood = 0, 1.0
    for token in tokens:
        if position < end and position + len(token.text) > start:
            likelihood *= token.probability
        position += len(token.text)
    return likelihood
