"""What all verbs do with their arguments: tasks of what is asked, rows of what is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vlmkit.errors import BadSetting
from vlmkit.frame.bulk import fill_columns
from vlmkit.frame.options import TableOptions, parse_options
from vlmkit.frame.selection import chosen_rows
from vlmkit.frame.subjects import subject_of
from vlmkit.prompts import Task, compose_description, compose_form, compose_questions

__all__ = ["compose", "fill"]

_DESCRIPTION = "description"


def compose(
    prompt: str | Mapping[str, Any] | None = None,
    *,
    schema: Any = None,
    style: str | None = None,
    max_words: int | None = None,
    max_characters: int | None = None,
    system: str | None = None,
    into: str | None = None,
    prefix: str = "",
) -> tuple[Task, ...]:
    """Tasks of what `describe` was given.

    Parameters
    ----------
    prompt, schema, style, max_words, max_characters, system, into, prefix
        As for `describe`.

    Raises
    ------
    SetupError
        What does not go together, or cannot be understood.
    """
    if isinstance(prompt, Mapping):
        _refuse(
            "many questions",
            schema=schema,
            style=style,
            max_words=max_words,
            max_characters=max_characters,
            into=into,
            prefix=prefix or None,
        )
        return compose_questions(prompt, system=system)
    if schema is not None:
        _refuse("a schema", style=style, max_words=max_words, max_characters=max_characters)
        name = into or prefix.rstrip("_") or _DESCRIPTION
        return (compose_form(schema, prompt=prompt, system=system, into=name, prefix=prefix),)
    if prefix:
        raise BadSetting(f"prefix={prefix!r} stands before the columns of a schema; here, name the column with into=….")
    style = style or (None if prompt is not None else "detailed")
    name = _DESCRIPTION if into is None else into
    return (
        compose_description(
            prompt, style=style, max_words=max_words, max_characters=max_characters, system=system, into=name
        ),
    )


def _refuse(what: str, **given: Any) -> None:
    for name, value in given.items():
        if value is not None:
            raise BadSetting(f"{name}={value!r} has no meaning for {what}; leave it out.")


def fill(source: Any, tasks: Sequence[Task], options: TableOptions) -> Any:
    """Ask these tasks about every image of a source.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
    tasks : sequence of Task
    options : TableOptions

    Raises
    ------
    SetupError
        As `describe`.
    RunError
        As `describe`.
    """
    parsed = parse_options(options, TableOptions)
    subject = subject_of(
        source, image=parsed.image, recursive=parsed.recursive, choose=lambda rows: chosen_rows(rows, parsed)
    )
    return fill_columns(subject, tasks, parsed)
