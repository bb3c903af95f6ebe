"""Many questions about the same picture, each a task of its own."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from enum import Enum

from vlmkit.errors import BadSchema, SetupError
from vlmkit.prompts.composing import compose_description, compose_form, compose_question
from vlmkit.prompts.tasks import Task

__all__ = ["compose_questions"]

_FORMS = "a question; (question, type); (question, [choices]); (question, schema); [choices]; or a schema"


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
    tasks = tuple(_task(name, asked, system) for name, asked in questions.items())
    names = [field.name for task in tasks for field in task.fields] + [f"{task.name}_error" for task in tasks]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SetupError(f"questions: two of them fill the column {twice!r}; rename one.")
    return tasks


def _task(name: object, asked: object, system: str | None) -> Task:
    if not isinstance(name, str) or not name:
        raise SetupError(f"questions: {name!r} is not a name of a column; give a text.")
    question, answer = asked if isinstance(asked, tuple) and len(asked) == 2 else (None, asked)
    if question is None and isinstance(answer, str):
        return compose_description(answer, system=system, into=name)
    if question is not None and (not isinstance(question, str) or isinstance(answer, str)):
        raise SetupError(f"questions: {name!r} is {asked!r}; give {_FORMS}.")
    choices = answer if isinstance(answer, list) else _choices(answer)
    if choices:
        asked_in_words = question or f"Which {name.replace('_', ' ')} fits this image best?"
        return compose_question(asked_in_words, choices=choices, system=system, into=name)
    if question is not None and answer in (str, int, float, bool):
        return compose_question(question, dtype=answer, system=system, into=name)
    try:
        return compose_form(answer, prompt=question, system=system, into=name, prefix=f"{name}_")
    except BadSchema as no_schema:
        try:
            return compose_form({name: answer}, prompt=question, system=system, into=name)
        except BadSchema:
            raise BadSchema(f"questions: {name!r} is {asked!r}; give {_FORMS}. ({no_schema})") from no_schema


def _choices(answer: object) -> list[str]:
    """Texts of an enumeration or a literal, in their order."""
    if isinstance(answer, type) and issubclass(answer, Enum):
        values = [member.value for member in answer]
    else:
        values = list(typing.get_args(answer)) if typing.get_origin(answer) is typing.Literal else []
    return values if all(isinstance(value, str) for value in values) else []
