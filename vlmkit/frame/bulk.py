"""The run of a verb: from what is given and what is asked to what comes out, as a table or as records one by one."""

from __future__ import annotations

import weakref
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from threading import Event
from typing import Any

from vlmkit.errors import Cancelled, VlmkitError
from vlmkit.frame.asked import AskedCells, asked_of
from vlmkit.frame.background import Run
from vlmkit.frame.description import Description, describe_outcome
from vlmkit.frame.given import Given, given_of
from vlmkit.frame.images import Headers
from vlmkit.frame.options import CheckedOptions, TableOptions, check_options
from vlmkit.frame.progress import listener_for
from vlmkit.frame.resources import check_names, open_resources
from vlmkit.frame.result import Result
from vlmkit.frame.run_statistics import RunControl
from vlmkit.prompts import Task
from vlmkit.records import Outcome
from vlmkit.runner import OnPicture, Plan, Target, make_plan, run

__all__ = ["Outcomes", "describe_row", "fill", "start", "yield_descriptions"]

Outcomes = Generator[Outcome, None, None]

_REUSE = {
    False: "answers",
    "missing": "answers",
    "errors": "readable",
    True: "nothing",
    "unreviewed": "nothing",
    "all": "nothing",
}


def fill(source: Any, tasks: Sequence[Task], options: TableOptions) -> Any:
    """Ask these tasks about every image of a source, and give the Series, or the new table.

    Parameters
    ----------
    source : DataFrame, Series, folder, glob pattern, path, bytes, PIL image, or list of these
    tasks : sequence of Task
    options : TableOptions

    Returns
    -------
    Series, DataFrame or Run
        In the background, the `Run` that fills it.

    Raises
    ------
    SetupError
        Anything about the call, before a picture is opened; or the store, once it cannot be used any more.
    RunError
        The run ended early; its attribute ``partial`` has the result so far. So has that of a KeyboardInterrupt.
    """
    parsed = check_options(options, TableOptions)
    given = given_of(source, parsed)
    result = Result(given, tasks, parsed)
    control = RunControl(is_background=parsed.background)
    on_picture = given.headers.take if given.headers else None
    asked = asked_of(given, tasks, result.asked, parsed)
    outcomes = start(given, asked, parsed, control, on_picture)
    if parsed.background:
        return Run(outcomes, lambda each: result.collect(each, control.stop), result.frame, control)
    try:
        result.collect(outcomes, control.stop)
    except (VlmkitError, KeyboardInterrupt) as error:
        vars(error)["partial"] = result.frame()
        error.add_note("The rows so far are in the attribute `partial` of this error; in a notebook: sys.last_value.")
        raise
    result.warn_of_failures()
    return result.frame()


def yield_descriptions(
    given: Given, task: Task, options: CheckedOptions, *, stop: Event | None = None, metadata: bool = False
) -> Iterator[Description]:
    """Ask every row, and give each one's record in input order as it ends.

    Parameters
    ----------
    given : Given
    task : Task
    options : CheckedOptions
    stop : Event or None, default None
        Set, it ends the run.
    metadata : bool, default False
        As for `describe_iter`.

    Raises
    ------
    SetupError
        Anything about the call, at the call.
    """
    headers = Headers(exif=metadata, digest=metadata)
    given = given.with_headers(headers)
    asked = asked_of(given, [task], range(len(given)), options)
    outcomes = start(given, asked, options, RunControl(stop=stop or Event()), headers.take)
    return _records(outcomes, given, task, headers, confidence=options.confidence)


def describe_row(given: Given, task: Task, options: CheckedOptions) -> Description:
    """Ask the only row.

    Parameters
    ----------
    given : Given
    task : Task
    options : CheckedOptions

    Raises
    ------
    SetupError
        Anything about the call.
    RunError
        The row has no answer, and nothing that stands in for one.
    """
    headers = Headers()
    asked = asked_of(given, [task], [0], options)
    with closing(start(given, asked, options, RunControl(), headers.take)) as outcomes:
        (outcome,) = outcomes
    if outcome.fault is not None and outcome.values is None:
        raise outcome.fault
    ref = given.refs_at(0)[0]
    return describe_outcome(outcome, ref, given.table.index[0], task, header=headers.pop(ref))


def _records(
    outcomes: Outcomes, given: Given, task: Task, headers: Headers, *, confidence: bool
) -> Iterator[Description]:
    rows = enumerate(zip(given.refs(), given.table.index, strict=True))
    with closing(outcomes):
        for outcome in outcomes:
            if not isinstance(outcome.fault, Cancelled):
                refs, label = next(row for position, row in rows if position == outcome.index)
                header = headers.pop(refs[0])
                yield describe_outcome(outcome, refs[0], label, task, header=header, confidence=confidence)


def start(
    given: Given,
    asked: AskedCells,
    options: CheckedOptions,
    control: RunControl,
    on_picture: OnPicture | None = None,
) -> Outcomes:
    """Outcomes of cells; everything that can be wrong with the call is found here, not at the first row.

    Parameters
    ----------
    given : Given
    asked : AskedCells
        An outcome's index is a place in its cells.
    options : CheckedOptions
    control : RunControl
        Ends the run, or lets it pause.
    on_picture : callable or None, default None
        As for `make_plan`.

    Raises
    ------
    SetupError
        Anything about the call.
    """
    control.statistics.image_of = lambda index: given.refs_at(asked.row_of(index))[0]
    listener = listener_for(options.progress, asked.title, control)
    check_names(options)
    if not asked.cells:
        return _nothing()
    lease = ExitStack()
    try:
        resources = open_resources(options, lease)
        asked.check_pictures(resources.targets, given.pictures_per_row)
        outcomes = run(
            asked.questions(given),
            _plan(asked.tasks, resources.targets, options, on_picture),
            total=len(asked.cells),
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


def _plan(
    tasks: Sequence[Task], targets: Sequence[Target], options: CheckedOptions, on_picture: OnPicture | None
) -> Plan:
    return make_plan(
        tasks,
        targets,
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
        on_picture=on_picture,
    )


def _with(lease: ExitStack, outcomes: Outcomes) -> Outcomes:
    with lease, closing(outcomes):
        yield from outcomes


def _nothing() -> Outcomes:
    yield from ()
