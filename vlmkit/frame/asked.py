"""What is asked: tasks made of a verb's arguments, examples with right answers, and the questions about each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting, RunError, SetupError
from vlmkit.frame.given import Given
from vlmkit.frame.options import CheckedOptions
from vlmkit.frame.tables import pick_all_pictures, refs_of, rows_of
from vlmkit.prompts import Task, compose_description, compose_form, compose_questions
from vlmkit.records import ImageRef
from vlmkit.runner import Example, Question, Target
from vlmkit.sources import read_header

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AskedCells", "asked_of", "compose", "examples_of"]

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


@dataclass(frozen=True, kw_only=True, slots=True)
class AskedCells:
    """What is asked about rows.

    Attributes
    ----------
    tasks : tuple of Task
        What every row may be asked, in order.
    examples : tuple of (tuple of Example)
        Of each task: shown to the model before each question.
    cells : sequence of int
        What is asked: a cell is one task in one row, numbered row by row, so that all questions about a picture follow
        each other.
    """

    tasks: tuple[Task, ...]
    examples: tuple[tuple[Example, ...], ...]
    cells: Sequence[int]

    @property
    def title(self) -> str:
        """Names of the tasks, for people."""
        return ", ".join(task.name for task in self.tasks)

    def row_of(self, index: int) -> int:
        """Position of the row that an outcome is about.

        Parameters
        ----------
        index : int
            Of the outcome: a place in `cells`.
        """
        return self.cells[index] // len(self.tasks)

    def questions(self, given: Given) -> Iterator[Question]:
        """Questions, cell by cell; each is made when it is taken.

        Parameters
        ----------
        given : Given

        Raises
        ------
        SetupError
            Two columns that a prompt reads have the same label.
        """
        columns = list(dict.fromkeys(column for task in self.tasks for column in task.template.columns))
        of_a_row = list(zip(self.tasks, self.examples, strict=True))
        rows = zip(given.refs(), given.rows(columns), strict=True)
        cells: Iterator[tuple[Any, Any, Task, tuple[Example, ...]]]
        cells = ((refs, row, task, shown) for refs, row in rows for task, shown in of_a_row)
        count = len(given) * len(self.tasks)
        if len(self.cells) < count:
            wanted = bytearray(count)
            for cell in self.cells:
                wanted[cell] = True
            cells = compress(cells, wanted)
        for refs, row, task, shown in cells:
            yield Question(task=task, images=refs, prompt=task.write(row), examples=shown)

    def check_pictures(self, targets: Sequence[Target], pictures_per_row: int) -> None:
        """See that the models take so many pictures at once.

        Parameters
        ----------
        targets : sequence of Target
        pictures_per_row : int

        Raises
        ------
        BadSetting
            One does not.
        """
        shown = max((sum(len(each.images) for each in examples) for examples in self.examples), default=0)
        needed = pictures_per_row + shown
        for target in targets:
            most = target.backend.abilities.images_per_ask if target.backend else needed
            if needed > most:
                raise BadSetting(
                    f"{target.model} takes {most} picture(s) per question, and {needed} were to be shown, examples "
                    "included. Give fewer columns in image=… or fewer examples, or name another model."
                )


def asked_of(given: Given, tasks: Sequence[Task], cells: Sequence[int], options: CheckedOptions) -> AskedCells:
    """Put together what is asked; prompts are checked, and examples opened.

    Parameters
    ----------
    given : Given
    tasks : sequence of Task
    cells : sequence of int
        As in `AskedCells`.
    options : CheckedOptions
        ``examples`` and ``image``.

    Raises
    ------
    SetupError
        A prompt reads a column that is not there; or as `examples_of`.
    """
    for task in tasks:
        task.template.check(map(str, given.column_names))
    examples = examples_of(options.examples, tasks, image=options.image)
    return AskedCells(tasks=tuple(tasks), examples=tuple(examples), cells=cells)


def examples_of(
    table: pd.DataFrame | None, tasks: Sequence[Task], *, image: str | Sequence[str] | None = None
) -> list[tuple[Example, ...]]:
    """Examples for each task; they share their pictures, so that each is opened once.

    Parameters
    ----------
    table : DataFrame or None
        Has the pictures in columns as the rows that are asked have them, what the prompts read, and the right answers
        in the columns that the tasks fill.
    tasks : sequence of Task
    image : str, sequence of str or None, default None
        As for `pick_all_pictures`.

    Raises
    ------
    SetupError
        A column is not there, or an answer or a picture is missing.
    """
    if table is None:
        return [() for _ in tasks]
    said = [list(_said(table, task)) for task in tasks]
    pictures = zip(*map(refs_of, pick_all_pictures(table, image)), strict=True)
    shown = [_readable(images, label) for images, label in zip(pictures, table.index, strict=True)]
    return [
        tuple(
            Example(images=images, prompt=prompt, answer=answer)
            for images, (prompt, answer) in zip(shown, each, strict=True)
        )
        for each in said
    ]


def _said(table: pd.DataFrame, task: Task) -> Iterator[tuple[str, str]]:
    """Prompt and right answer, row by row."""
    names = [field.name for field in task.fields]
    missing = [name for name in names if name not in table.columns]
    if missing:
        listed = ", ".join(map(repr, table.columns))
        raise SetupError(
            f"examples: there is no column {', '.join(map(repr, missing))} with the right answers; the columns are "
            f"{listed}."
        )
    task.template.check(map(str, table.columns))
    rows = zip(rows_of(table, task.template.columns), rows_of(table, names), table.index, strict=True)
    for row, answers, label in rows:
        yield task.write(row), _answer(task, answers, label)


def _readable(images: tuple[ImageRef, ...], label: object) -> tuple[ImageRef, ...]:
    """The same; an example that cannot be read would be missing in every row."""
    for image in images:
        try:
            read_header(image)
        except RunError as fault:
            raise SetupError(f"examples: row {label!r}: {fault}") from fault
    return images


def _answer(task: Task, answers: Any, label: object) -> str:
    if all(answer is None for answer in answers.values()):
        raise SetupError(f"examples: row {label!r} has no answer; leave it out.")
    return task.say(answers)
