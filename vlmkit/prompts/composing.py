"""Tasks made: of a style, a question, a schema, a vocabulary, a scale, or of many questions about the same picture."""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from vlmkit.errors import BadSchema, BadSetting, SetupError
from vlmkit.prompts.styles import (
    ANSWER_HEADING,
    FORM_HEADING,
    WHICH_PROMPT,
    answer_suffix,
    character_limit_suffix,
    style_prompt,
    word_limit_suffix,
)
from vlmkit.prompts.tasks import Field, Task
from vlmkit.prompts.template import Template
from vlmkit.records import Constraint

__all__ = [
    "compose_description",
    "compose_form",
    "compose_question",
    "compose_questions",
    "compose_score",
    "compose_tags",
]

_MOST_SCORES = 200
_CONSTRAINTS: dict[type, Constraint] = {
    int: Constraint(kind="regex", text=r"-?[0-9]{1,18}"),
    float: Constraint(kind="regex", text=r"-?[0-9]{1,18}(\.[0-9]{1,9})?"),
    bool: Constraint(kind="choice", text='["yes", "no"]'),
}


def compose_description(
    prompt: str | None = None,
    *,
    style: str | None = None,
    max_words: int | None = None,
    max_characters: int | None = None,
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
    max_words, max_characters : int or None, default None
        The text is cut after so many characters.
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
    suffix = word_limit_suffix(max_words) + character_limit_suffix(max_characters)
    field = Field(name=_column(into), most_characters=max_characters)
    return Task(template=template, suffix=suffix, system=system, fields=(field,), name=into)


def compose_question(
    question: str,
    *,
    dtype: Any = str,
    choices: Sequence[str] | None = None,
    max_words: int | None = None,
    max_characters: int | None = None,
    system: str | None = None,
    into: str,
) -> Task:
    """Task that asks one question.

    Parameters
    ----------
    question : str
        May read the row: ``{column}``.
    dtype : type, default str
        What the answer is read as: str, int, float, bool, or whatever a schema's field may be, such as ``list[str]``.
    choices : sequence of str or None, default None
        The only answers allowed; the column becomes a category.
    max_words, max_characters : int or None, default None
        The text is cut after so many characters.
    system : str or None, default None
    into : str
        Column to fill.

    Raises
    ------
    SetupError
        A template that cannot be parsed, another dtype, choices that cannot be told apart, a bad limit.
    """
    if choices is None and dtype not in (str, int, float, bool):
        return compose_form({_column(into): dtype}, prompt=question, system=system, into=into)
    names = _choices(choices, dtype)
    suffix = answer_suffix(dtype, names) + word_limit_suffix(max_words) + character_limit_suffix(max_characters)
    if max_characters is not None and (dtype is not str or names):
        raise BadSetting(f"max_characters={max_characters!r} shortens texts; leave it out for another type or choices.")
    field = Field(name=_column(into), dtype=dtype, choices=names, most_characters=max_characters)
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

    read = Schema(schema, prefix=prefix)
    fields = tuple(Field(name=name, dtype=kind.dtype, choices=kind.choices) for name, kind in read.columns.items())
    heading = FORM_HEADING if prompt is None else f"{prompt}\n{ANSWER_HEADING}"
    return Task(
        template=Template.parse(heading),
        suffix=f"\n{read.lines()}",
        system=system,
        fields=fields,
        name=_column(into),
        constraint=read.constraint,
        form=read,
    )


def compose_tags(
    vocabulary: Sequence[str] | Mapping[str, Sequence[str]],
    *,
    prompt: str | None = None,
    system: str | None = None,
    into: str,
    multiple: bool = True,
    report_unknown: bool = False,
) -> Task:
    """Task that tags with the terms of a vocabulary.

    Parameters
    ----------
    vocabulary : sequence of str, or mapping of str to sequence of str
        As `vlmkit.prompts.vocabulary` has it.
    prompt : str or None, default None
        Said before the terms are listed, and may read the row: ``{column}``.
    system : str or None, default None
    into : str
        Column to fill, with lists.
    multiple : bool, default True
        False asks for the one term that fits best.
    report_unknown : bool, default False
        Lets the model write other tags, too, and lists them in the column of this name with ``_unknown`` behind it.

    Raises
    ------
    SetupError
        A vocabulary that is empty or ambiguous; a template that cannot be parsed.
    """
    from vlmkit.prompts.vocabulary import Vocabulary

    if not multiple:
        return _one_term(vocabulary, prompt, system, into, report_unknown=report_unknown)
    names = [_column(into), f"{into}_unknown"] if report_unknown else [_column(into)]
    terms = Vocabulary(vocabulary, column=into, unknown_column=names[1] if report_unknown else None)
    heading = FORM_HEADING if prompt is None else f"{prompt}\n{ANSWER_HEADING}"
    return Task(
        template=Template.parse(heading),
        suffix=f"\n{terms.lines()}",
        system=system,
        fields=tuple(Field(name=name, dtype=list) for name in names),
        name=into,
        constraint=None if report_unknown else terms.constraint,
        form=terms,
    )


def _one_term(
    vocabulary: Sequence[str] | Mapping[str, Sequence[str]],
    prompt: str | None,
    system: str | None,
    into: str,
    *,
    report_unknown: bool,
) -> Task:
    from vlmkit.prompts.vocabulary import OneTerm

    if report_unknown:
        raise BadSetting("report_unknown=True lists further tags; it goes with multiple=True.")
    form = OneTerm(vocabulary, column=_column(into))
    return Task(
        template=Template.parse(WHICH_PROMPT if prompt is None else prompt),
        suffix=answer_suffix(str, form.terms),
        system=system,
        fields=(Field(name=into, choices=form.terms),),
        name=into,
        constraint=_constraint(str, form.terms),
        form=form,
    )


def compose_score(criterion: str, *, low: float = 1, high: float = 5, system: str | None = None, into: str) -> Task:
    """Task that asks for a number on a scale.

    Parameters
    ----------
    criterion : str
        The question, and may read the row: ``{column}``.
    low, high : int or float, default 1 and 5
        Ends of the scale, both possible; whole numbers make the column whole numbers.
    system : str or None, default None
    into : str
        Column to fill.

    Raises
    ------
    SetupError
        A template that cannot be parsed, or a scale that is none.
    """
    ends: tuple[object, object] = (low, high)
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends)
    if not numbers or not -1e9 < low < high < 1e9:
        raise BadSetting(f"low={low!r}, high={high!r}: give two numbers, the lower one first.")
    whole = isinstance(low, int) and isinstance(high, int)
    return Task(
        template=Template.parse(criterion),
        suffix=f" Answer with a number from {low} to {high} only.",
        system=system,
        fields=(Field(name=_column(into), dtype=int if whole else float, low=low, high=high),),
        name=into,
        constraint=_constraint_of_scale(int(low), int(high)) if whole else _CONSTRAINTS[float],
    )


def _constraint_of_scale(low: int, high: int) -> Constraint:
    """The scores one by one, where these are few."""
    if high - low >= _MOST_SCORES:
        return _CONSTRAINTS[int]
    return Constraint(kind="choice", text=json.dumps([str(score) for score in range(low, high + 1)]))


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
    names = tuple(choices) if isinstance(choices, Iterable) and not isinstance(choices, str) else ()
    if not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise BadSetting(f"choices={choices!r}: give a list of texts, such as choices=['indoor', 'outdoor'].")
    if len({name.casefold() for name in names}) < len(names):
        raise BadSetting(f"choices={choices!r}: two of them are the same but for their case; answers could be either.")
    return names


_ANSWER_FORMS = "a question; (question, type); (question, [choices]); (question, schema); [choices]; or a schema"


def compose_questions(questions: Mapping[str, object], *, system: str | None = None) -> tuple[Task, ...]:
    """Tasks of many questions.

    Parameters
    ----------
    questions : mapping of str to object
        By the name of the column to fill: a question in words; a pair of question and what the answer is (a type, a
        list of choices, a schema); a list of choices or a schema alone. A schema's columns have the name before theirs.
    system : str or None, default None
        Sent with each of them.

    Raises
    ------
    SetupError
        No questions, one that is none of these, or two that fill the same column.
    """
    if not questions:
        raise SetupError("questions: there are none; give a dict of column names and questions.")
    tasks = tuple(_task_of(name, asked, system) for name, asked in questions.items())
    names = [field.name for task in tasks for field in task.fields] + [f"{task.name}_error" for task in tasks]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SetupError(f"questions: two of them fill the column {twice!r}; rename one.")
    return tasks


def _task_of(name: object, asked: object, system: str | None) -> Task:
    if not isinstance(name, str) or not name:
        raise SetupError(f"questions: {name!r} is not a name of a column; give a text.")
    question, answer = _in_two(name, asked)
    if question is None and isinstance(answer, str):
        return compose_description(answer, system=system, into=name)
    choices = answer if isinstance(answer, list) else _choices_of_type(answer)
    if choices:
        asked_in_words = question or f"Which {name.replace('_', ' ')} fits this image best?"
        return compose_question(asked_in_words, choices=choices, system=system, into=name)
    if question is not None and answer in (str, int, float, bool):
        return compose_question(question, dtype=answer, system=system, into=name)
    return _form_of(name, asked, question, answer, system)


def _in_two(name: str, asked: object) -> tuple[str | None, Any]:
    """The question in words, where there is one, and what answers it."""
    if not (isinstance(asked, tuple) and len(asked) == 2):
        return None, asked
    question, answer = asked
    if question is not None and (not isinstance(question, str) or isinstance(answer, str)):
        raise SetupError(f"questions: {name!r} is {asked!r}; give {_ANSWER_FORMS}.")
    return question, answer


def _form_of(name: str, asked: object, question: str | None, answer: Any, system: str | None) -> Task:
    """Fields of a schema, or one field of the type that a schema has for it."""
    try:
        return compose_form(answer, prompt=question, system=system, into=name, prefix=f"{name}_")
    except BadSchema as no_schema:
        try:
            return compose_form({name: answer}, prompt=question, system=system, into=name)
        except BadSchema:
            raise BadSchema(f"questions: {name!r} is {asked!r}; give {_ANSWER_FORMS}. ({no_schema})") from no_schema


def _choices_of_type(answer: object) -> list[str]:
    """Texts of an enumeration or a literal, in their order."""
    if isinstance(answer, type) and issubclass(answer, Enum):
        values = [member.value for member in answer]
    else:
        values = list(typing.get_args(answer)) if typing.get_origin(answer) is typing.Literal else []
    return values if all(isinstance(value, str) for value in values) else []
