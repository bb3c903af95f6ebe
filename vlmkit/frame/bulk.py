"""From rows and tasks to columns, or to records one by one: the way all verbs go.

A cell is one task in one row; cells are numbered row by row, so that all questions about a picture follow each other.
"""

from __future__ import annotations

import weakref
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from functools import partial
from itertools import compress
from threading import Event
from typing import Any

from vlmkit.errors import Cancelled, VlmkitError
from vlmkit.frame.background import Run
from vlmkit.frame.columns import Columns
from vlmkit.frame.description import Description, describe_outcome
from vlmkit.frame.examples import check_pictures, examples_of
from vlmkit.frame.options import Options
from vlmkit.frame.progress import listener_for
from vlmkit.frame.resources import check_names, open_resources
from vlmkit.frame.review_state import warn_of_reviews
from vlmkit.frame.run_statistics import RunControl
from vlmkit.frame.selection import cells_to_ask
from vlmkit.frame.subjects import Subject
from vlmkit.notices import warn
from vlmkit.prompts import Task
from vlmkit.records import Outcome
from vlmkit.runner import Example, Question, make_plan, run

__all__ = ["Outcomes", "describe_row", "fill_columns", "start", "yield_descriptions"]

Outcomes = Generator[Outcome, None, None]

_REUSE = {
    False: "answers",
    "missing": "answers",
    "errors": "readable",
    True: "nothing",
    "unreviewed": "nothing",
    "all": "nothing",
}


def fill_columns(subject: Subject, tasks: Sequence[Task], options: Options) -> Any:
    """Ask every row, and give the Series, or the new table; in the background, the `Run` that fills it.

    Parameters
    ----------
    subject : Subject
    tasks : sequence of Task
    options : Options

    Raises
    ------
    SetupError
        Anything about the call, before a picture is opened; or the store, once it cannot be used any more.
    RunError
        The run ended early; its attribute ``partial`` has the result so far. So has that of a KeyboardInterrupt.
    """
    columns = Columns(tasks, len(subject), details=options.details, confidence=options.confidence)
    subject.check_room_for(columns, overwrite=options.overwrite)
    asked = cells_to_ask(subject.table, columns, options.overwrite)
    control = RunControl(is_background=options.background)
    warn_of_reviews(subject.table, columns, options.overwrite)
    outcomes = start(subject, tasks, options, asked=asked, control=control)
    collect = partial(_collect, columns=columns, asked=asked, stop=control.stop)
    if options.background:
        return Run(outcomes, collect, lambda: subject.result(columns), control)
    try:
        collect(outcomes)
    except (VlmkitError, KeyboardInterrupt) as error:
        vars(error)["partial"] = subject.result(columns)
        error.add_note("The rows so far are in the attribute `partial` of this error; in a notebook: sys.last_value.")
        raise
    if subject.gives_series(columns):
        _warn_of_failures(columns.parts[0].errors)
    return subject.result(columns)


def yield_descriptions(
    subject: Subject, task: Task, options: Options, *, stop: Event | None = None
) -> Iterator[Description]:
    """Ask every row, and give each one's record in input order as it ends.

    Parameters
    ----------
    subject : Subject
    task : Task
    options : Options
    stop : Event or None, default None
        Set, it ends the run.

    Raises
    ------
    SetupError
        Anything about the call, at the call.
    """
    outcomes = start(subject, [task], options, asked=range(len(subject)), control=RunControl(stop=stop or Event()))
    return _records(outcomes, subject, task, confidence=options.confidence)


def describe_row(subject: Subject, task: Task, options: Options) -> Description:
    """Ask the only row.

    Parameters
    ----------
    subject : Subject
    task : Task
    options : Options

    Raises
    ------
    SetupError
        Anything about the call.
    RunError
        The row has no answer, and nothing that stands in for one.
    """
    with closing(start(subject, [task], options, asked=[0], control=RunControl())) as outcomes:
        (outcome,) = outcomes
    if outcome.fault is not None and outcome.values is None:
        raise outcome.fault
    return describe_outcome(outcome, subject.refs_at(0)[0], subject.table.index[0], task)


def _records(outcomes: Outcomes, subject: Subject, task: Task, *, confidence: bool) -> Iterator[Description]:
    rows = enumerate(zip(subject.refs(), subject.table.index, strict=True))
    with closing(outcomes):
        for outcome in outcomes:
            if not isinstance(outcome.fault, Cancelled):
                refs, label = next(row for position, row in rows if position == outcome.index)
                yield describe_outcome(outcome, refs[0], label, task, confidence=confidence)


def start(
    subject: Subject, tasks: Sequence[Task], options: Options, *, asked: Sequence[int], control: RunControl
) -> Outcomes:
    """Outcomes of cells; everything that can be wrong with the call is found here, not at the first row.

    Parameters
    ----------
    subject : Subject
    tasks : sequence of Task
    options : Options
    asked : sequence of int
        Cells, in order; an outcome's index is the place in this sequence.
    control : RunControl
        Ends the run, or lets it pause.

    Raises
    ------
    SetupError
        Anything about the call.
    """
    for task in tasks:
        task.template.check(map(str, subject.table.columns))
    shown = examples_of(options.examples, tasks, image=options.image)
    control.statistics.image_of = lambda index: subject.refs_at(asked[index] // len(tasks))[0]
    listener = listener_for(options.progress, ", ".join(task.name for task in tasks), control)
    check_names(options)
    if not asked:
        return _nothing()
    lease = ExitStack()
    try:
        resources = open_resources(options, lease)
        check_pictures(resources.targets, subject.pictures_per_row, shown)
        plan = make_plan(
            tasks,
            resources.targets,
            sampling=options.sampling,
            timeout_s=options.timeout_s,
            silence_s=options.silence_s,
            on_timeout=options.on_timeout,
            max_retries=options.max_retries,
            workers=options.workers,
            on_error=options.on_error,
            reuse=_REUSE[options.overwrite],
            token_probabilities=options.confidence,
            budget=options.budget,
            price=options.price,
        )
        questions = _questions(subject, list(zip(tasks, shown, strict=True)), asked)
        outcomes = run(
            questions,
            plan,
            total=len(asked),
            store=resources.store,
            on_event=listener,
            stop=control.stop.is_set,
            pause=control.pause.is_set,
        )
    except BaseException:
        lease.close()
        raise
    leased = _with(lease, outcomes)
    # A generator that is never started has no end of its own.
    weakref.finalize(leased, lease.close).atexit = False
    return leased


def _with(lease: ExitStack, outcomes: Outcomes) -> Outcomes:
    with lease, closing(outcomes):
        yield from outcomes


def _questions(
    subject: Subject, tasks: Sequence[tuple[Task, tuple[Example, ...]]], asked: Sequence[int]
) -> Iterator[Question]:
    columns = list(dict.fromkeys(column for task, _ in tasks for column in task.template.columns))
    rows = zip(subject.refs(), subject.rows(columns), strict=True)
    cells: Iterator[tuple[Any, Any, Task, tuple[Example, ...]]]
    cells = ((refs, row, task, shown) for refs, row in rows for task, shown in tasks)
    if len(asked) < len(subject) * len(tasks):
        wanted = bytearray(len(subject) * len(tasks))
        for cell in asked:
            wanted[cell] = True
        cells = compress(cells, wanted)
    for refs, row, task, shown in cells:
        yield Question(task=task, images=refs, prompt=task.write(row), examples=shown)


def _nothing() -> Outcomes:
    yield from ()


def _collect(outcomes: Iterator[Outcome], columns: Columns, asked: Sequence[int], stop: Event) -> None:
    def take(outcome: Outcome) -> None:
        columns.take(asked[outcome.index], outcome)

    outcome: Outcome | None = None
    try:
        for outcome in outcomes:
            take(outcome)
    except KeyboardInterrupt:
        # It may have come out of the run, with every row accounted for, or have landed here: then the run still stands.
        stop.set()
        if outcome is not None:
            take(outcome)
        for rest in outcomes:
            take(rest)
        raise


def _warn_of_failures(errors: list[str | None]) -> None:
    failed = [error for error in errors if error is not None]
    if failed:
        message = (
            f"{len(failed)} of {len(errors)} rows failed and are NA; the first: {failed[0]} "
            "Pass a DataFrame to get a column of errors."
        )
        warn(message)
