"""From rows and a task to columns, or to records one by one: the way all verbs go."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Generator, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Event
from typing import Any

from vlmkit import settings
from vlmkit.backends import borrow, parse
from vlmkit.backends.protocol import Backend
from vlmkit.errors import Cancelled, VlmkitError
from vlmkit.frame.columns import Columns
from vlmkit.frame.description import Description, describe_outcome
from vlmkit.frame.options import Options
from vlmkit.frame.progress import listener_for
from vlmkit.frame.subjects import Subject
from vlmkit.prompts import Task
from vlmkit.records import Outcome
from vlmkit.runner import Question, make_plan, run

__all__ = ["fill_columns", "yield_descriptions"]

Outcomes = Generator[Outcome, None, None]

_PACKAGE = str(Path(__file__).parents[1])


def fill_columns(subject: Subject, task: Task, options: Options) -> Any:
    """Ask every row, and give the Series, or the new table.

    Parameters
    ----------
    subject : Subject
    task : Task
    options : Options

    Raises
    ------
    SetupError
        Anything about the call, before a picture is opened.
    RunError
        The run ended early; its attribute ``partial`` has the result so far. So has that of a KeyboardInterrupt.
    """
    columns = Columns(task.fields, len(subject), details=options.details)
    subject.check_room_for(columns, overwrite=options.overwrite)
    stop = Event()
    outcomes = _outcomes(subject, task, options, stop)
    try:
        _collect(outcomes, columns, stop)
    except (VlmkitError, KeyboardInterrupt) as error:
        vars(error)["partial"] = subject.result(columns)
        error.add_note("The rows so far are in the attribute `partial` of this error; in a notebook: sys.last_value.")
        raise
    if subject.is_series:
        _warn_of_failures(columns.errors)
    return subject.result(columns)


def yield_descriptions(subject: Subject, task: Task, options: Options) -> Iterator[Description]:
    """Ask every row, and give each one's record in input order as it ends.

    Parameters
    ----------
    subject : Subject
    task : Task
    options : Options

    Raises
    ------
    SetupError
        Anything about the call, at the call.
    """
    outcomes = _outcomes(subject, task, options, Event())
    return _records(outcomes, subject, task)


def _records(outcomes: Outcomes, subject: Subject, task: Task) -> Iterator[Description]:
    rows = enumerate(zip(subject.refs(), subject.table.index, strict=True))
    with closing(outcomes):
        for outcome in outcomes:
            if not isinstance(outcome.fault, Cancelled):
                ref, label = next(row for position, row in rows if position == outcome.index)
                yield describe_outcome(outcome, ref, label, task.fields)


def _outcomes(subject: Subject, task: Task, options: Options, stop: Event) -> Outcomes:
    """Outcomes of all rows; everything that can be wrong with the call is found here, not at the first row."""
    task.template.check(map(str, subject.table.columns))
    listener = listener_for(options.progress, task.fields[0].name)
    questions = (
        Question(images=(ref,), prompt=task.write(row))
        for ref, row in zip(subject.refs(), subject.rows(task.template.columns), strict=True)
    )
    if not isinstance(options.model, Backend):
        parse(settings.require_model(options.model))
        if not len(subject):
            return _nothing()
    lease = ExitStack()
    backend = options.model if isinstance(options.model, Backend) else lease.enter_context(borrow(options.model))
    plan = make_plan(
        task,
        backend.abilities,
        sampling=options.sampling,
        timeout_s=options.timeout_s,
        workers=options.workers,
        on_error=options.on_error,
    )
    outcomes = run(questions, plan, backend, total=len(subject), on_event=listener, stop=stop.is_set)
    return _with(lease, outcomes)


def _with(lease: ExitStack, outcomes: Outcomes) -> Outcomes:
    with lease:
        yield from outcomes


def _nothing() -> Outcomes:
    yield from ()


def _collect(outcomes: Outcomes, columns: Columns, stop: Event) -> None:
    outcome: Outcome | None = None
    try:
        for outcome in outcomes:
            columns.take(outcome)
    except KeyboardInterrupt:
        # It may have come out of the run, with every row accounted for, or have landed here: then the run still stands.
        stop.set()
        if outcome is not None:
            columns.take(outcome)
        for rest in outcomes:
            columns.take(rest)
        raise


def _warn_of_failures(errors: list[str | None]) -> None:
    failed = [error for error in errors if error is not None]
    if failed:
        message = (
            f"{len(failed)} of {len(errors)} rows failed and are NA; the first: {failed[0]} "
            "Pass a DataFrame to get a column of errors."
        )
        warnings.warn(message, stacklevel=_stacklevel())


def _stacklevel() -> int:
    """Level of the first frame outside the package: the line the user wrote."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001  as pandas does it
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
