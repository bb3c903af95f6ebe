"""Rows with right answers become examples that a model is shown before each question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting, RunError, SetupError
from vlmkit.frame.tables import pick_all_pictures, refs_of, rows_of
from vlmkit.prompts import Task
from vlmkit.records import ImageRef
from vlmkit.runner import Example, Target
from vlmkit.sources import read_header

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["check_pictures", "examples_of"]


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


def check_pictures(targets: Sequence[Target], pictures_per_row: int, shown: Sequence[tuple[Example, ...]]) -> None:
    """See that the models take so many pictures at once.

    Parameters
    ----------
    targets : sequence of Target
    pictures_per_row : int
    shown : sequence of tuple of Example
        Of each task.

    Raises
    ------
    BadSetting
        One does not.
    """
    needed = pictures_per_row + max((sum(len(each.images) for each in examples) for examples in shown), default=0)
    for target in targets:
        most = target.backend.abilities.images_per_ask if target.backend else needed
        if needed > most:
            raise BadSetting(
                f"{target.model} takes {most} picture(s) per question, and {needed} were to be shown, examples "
                "included. Give fewer columns in image=… or fewer examples, or name another model."
            )
