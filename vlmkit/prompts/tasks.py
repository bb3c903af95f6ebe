"""A task: how the question is written from a row, and how the reply is read into columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vlmkit.errors import UnreadableReply
from vlmkit.prompts.reading import read_choice, read_float, read_integer, read_text, read_yes_or_no
from vlmkit.prompts.template import Template
from vlmkit.records import Constraint, Reply

__all__ = ["Field", "Form", "Task"]

_READERS: dict[type, Any] = {str: str, int: read_integer, float: read_float, bool: read_yes_or_no}


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One column a task fills.

    Attributes
    ----------
    name : str
    dtype : type, default str
        str, int, float, bool, date, datetime or list.
    choices : tuple of str or of int, default ()
        The only values there are; makes the column a category, in this order.
    low, high : float or None, default None
        Least and greatest number.
    """

    name: str
    dtype: type = str
    choices: tuple[Any, ...] = ()
    low: float | None = None
    high: float | None = None

    def read(self, text: str) -> Any:
        """Value of an answer.

        Raises
        ------
        UnreadableReply
            The answer is not of this field's type, or beyond its bounds.
        """
        if self.choices:
            return read_choice(text, self.choices)
        value = _READERS[self.dtype](text)
        if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
            scale = f"a number from {self.low} to {self.high}"
            raise UnreadableReply(f"expected {scale}, got {value}. Ask more plainly, or ask another model.")
        return value


class Form(Protocol):
    """What reads an answer into several values."""

    def read(self, text: str) -> Mapping[str, Any]:
        """Values by column; raises UnreadableReply."""


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
            The answer is empty or not of the fields' types; the message has its beginning.
        """
        text = read_text(reply)
        try:
            if self.form is not None:
                return dict(self.form.read(text))
            return {field.name: field.read(text) for field in self.fields}
        except UnreadableReply as fault:
            if reply.finish_reason == "length":
                raise UnreadableReply(f"{fault} The answer was cut off: raise max_tokens.") from fault
            raise
