"""A task: how the question is written from a row, and how the reply is read into columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting, SetupError, UnreadableReply
from vlmkit.prompts.reading import read_choice, read_float, read_integer, read_text, read_yes_or_no
from vlmkit.prompts.styles import (
    ANSWER_HEADING,
    FORM_HEADING,
    WHICH_PROMPT,
    answer_suffix,
    style_prompt,
    word_limit_suffix,
)
from vlmkit.prompts.template import Template
from vlmkit.records import Constraint, Reply

if TYPE_CHECKING:
    from vlmkit.prompts.schema import Schema

__all__ = ["Field", "Task", "compose_description", "compose_form", "compose_question"]

_CONSTRAINTS: dict[type, Constraint] = {
    int: Constraint(kind="regex", text=r"-?[0-9]{1,18}"),
    float: Constraint(kind="regex", text=r"-?[0-9]{1,18}(\.[0-9]{1,9})?"),
    bool: Constraint(kind="choice", text='["yes", "no"]'),
}
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
    """

    name: str
    dtype: type = str
    choices: tuple[Any, ...] = ()

    def read(self, text: str) -> Any:
        """Value of an answer.

        Raises
        ------
        UnreadableReply
            The answer is not of this field's type.
        """
        return read_choice(text, self.choices) if self.choices else _READERS[self.dtype](text)


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
    schema : Schema or None, default None
        Reads an answer that is one JSON object; None reads it as one value.
    prefix : str, default ""
        Stands before the schema's names in those of the columns.
    """

    template: Template
    suffix: str = ""
    system: str | None = None
    fields: tuple[Field, ...]
    name: str
    constraint: Constraint | None = None
    schema: Schema | None = None
    prefix: str = ""

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
            if self.schema is not None:
                return {f"{self.prefix}{name}": value for name, value in self.schema.read(text).items()}
            return {field.name: field.read(text) for field in self.fields}
        except UnreadableReply as fault:
            if reply.finish_reason == "length":
                raise UnreadableReply(f"{fault} The answer was cut off: raise max_tokens.") from fault
            raise


def compose_description(
    prompt: str | None = None,
    *,
    style: str | None = None,
    max_words: int | None = None,
    system: str | None = None,
    into: str,
) -> Task:
    """Task that describes in free text.

    Parameters
    ----------
    prompt : str or None, default None
        Free text with ``{column}``s, instead of a style.
    style : str or None, default None
        ``"brief"``, ``"detailed"`` or ``"technical"``.
    max_words : int or None, default None
    system : str or None, default None
    into : str
        Column to fill.

    Raises
    ------
    SetupError
        Both or neither of prompt and style, an unknown style, a template that cannot be parsed, a bad limit.
    """
    if (prompt is None) == (style is None):
        raise BadSetting("give either prompt=… or style=…; one of them says what is asked.")
    template = Template.parse(prompt) if prompt is not None else Template.parse(style_prompt(str(style)))
    suffix = word_limit_suffix(max_words)
    return Task(template=template, suffix=suffix, system=system, fields=(Field(name=_column(into)),), name=into)


def compose_question(
    question: str,
    *,
    dtype: type = str,
    choices: Sequence[str] | None = None,
    max_words: int | None = None,
    system: str | None = None,
    into: str,
) -> Task:
    """Task that asks one question.

    Parameters
    ----------
    question : str
        May read the row: ``{column}``.
    dtype : type, default str
        str, int, float or bool: what the answer is read as.
    choices : sequence of str or None, default None
        The only answers allowed; the column becomes a category.
    max_words : int or None, default None
    system : str or None, default None
    into : str
        Column to fill.

    Raises
    ------
    SetupError
        A template that cannot be parsed, another dtype, choices that cannot be told apart, a bad limit.
    """
    names = _choices(choices, dtype)
    suffix = answer_suffix(dtype, names) + word_limit_suffix(max_words)
    field = Field(name=_column(into), dtype=dtype, choices=names)
    template = Template.parse(question)
    constraint = _constraint(dtype, names)
    return Task(template=template, suffix=suffix, system=system, fields=(field,), name=into, constraint=constraint)


def compose_form(
    schema: object, *, prompt: str | None = None, system: str | None = None, into: str, prefix: str = ""
) -> Task:
    """Task that asks for several typed fields at once, or for one choice.

    Parameters
    ----------
    schema : pydantic model, dataclass, TypedDict, mapping of names to types, text, or list of choices
        A list of choices fills the column `into`; everything else a column for each field.
    prompt : str or None, default None
        Said before the fields are listed, and may read the row: ``{column}``.
    system : str or None, default None
    into : str
        What the columns of errors and details are named after.
    prefix : str, default ""
        Stands before the names of the columns.

    Raises
    ------
    SetupError
        A schema that cannot be understood or cannot become columns; a template that cannot be parsed.
    """
    if isinstance(schema, list | tuple):
        question = WHICH_PROMPT if prompt is None else prompt
        return compose_question(question, choices=schema, system=system, into=f"{prefix}{into}")
    from vlmkit.prompts.schema import Schema  # pydantic takes a tenth of a second, and most runs have no schema

    read = Schema(schema)
    fields = tuple(
        Field(name=f"{prefix}{name}", dtype=kind.dtype, choices=kind.choices) for name, kind in read.columns.items()
    )
    heading = FORM_HEADING if prompt is None else f"{prompt}\n{ANSWER_HEADING}"
    return Task(
        template=Template.parse(heading),
        suffix=f"\n{read.lines()}",
        system=system,
        fields=fields,
        name=f"{prefix}{_column(into)}",
        constraint=read.constraint,
        schema=read,
        prefix=prefix,
    )


def _constraint(dtype: type, choices: tuple[str, ...]) -> Constraint | None:
    if choices:
        return Constraint(kind="choice", text=json.dumps(choices, ensure_ascii=False))
    return _CONSTRAINTS.get(dtype)


def _column(into: object) -> str:
    if not isinstance(into, str) or not into:
        raise SetupError(f"into={into!r}: give the name of the column to fill, a text.")
    return into


def _choices(choices: object, dtype: type) -> tuple[str, ...]:
    if choices is None:
        return ()
    if dtype is not str:
        raise BadSetting(f"choices=… makes a category of texts; leave out dtype={dtype!r}.")
    given = list(choices) if isinstance(choices, Iterable) and not isinstance(choices, str) else []
    names = tuple(name for name in given if isinstance(name, str) and name.strip())
    if not names or len(names) < len(given):
        raise BadSetting(f"choices={choices!r}: give a list of texts, such as choices=['indoor', 'outdoor'].")
    if len({name.casefold() for name in names}) < len(names):
        raise BadSetting(f"choices={choices!r}: two of them are the same but for their case; answers could be either.")
    return names
