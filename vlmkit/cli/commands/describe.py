"""`vlmkit describe`: pictures in, descriptions out."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Any

import click

from vlmkit import settings
from vlmkit.backends import parse
from vlmkit.cli.derived_options import made_by, options_of
from vlmkit.cli.formats import OUTPUT_FORMATS, format_of_file
from vlmkit.cli.inputs import refs_of
from vlmkit.cli.interrupts import termination
from vlmkit.cli.monitor import Monitor
from vlmkit.cli.options import MODEL_OPTIONS, budget_of, use_model_options
from vlmkit.cli.output import Complaints, check_writable, say, terminal_width, to_file, to_stdout, write_lines
from vlmkit.cli.results import METADATA, Results, answer_fields, record_of
from vlmkit.cli.signatures import parameters_of
from vlmkit.frame import describe_iter

__all__ = ["describe"]

_HERE = "this process"
_OWN = frozenset({"source", "image", "sample", "limit", "overwrite", "metadata"})
"""Parameters of the function that have options of their own here, as these mean more or less in a shell; or none."""
_RESULT_OPTIONS = (
    click.option(
        "-f", "--format", "form", type=click.Choice(list(OUTPUT_FORMATS)), help="[default: by --output, else table]"
    ),
    click.option(
        "-o", "--output", type=click.Path(path_type=Path), help="Write the results to this file, whole or not."
    ),
    click.option("--overwrite", is_flag=True, help="Replace the file of --output where it is there already."),
)
_RUN_OPTIONS = (
    *MODEL_OPTIONS,
    click.option("--resume/--no-resume", default=True, help="Take what is stored already, or ask everything anew."),
    click.option("--limit", type=click.IntRange(min=1), help="Only the first so many pictures."),
    click.option("--metadata", is_flag=True, help="Add the file's digest and all of its EXIF; to json the run, too."),
    click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr; errors still come."),
    click.option("-v", "--verbose", is_flag=True, help="A line on stderr for each picture instead of a bar."),
)


def _with_options(command: click.Command) -> click.Command:
    """Give the command the options of the function behind it, and its own."""
    parameters = [each for each in parameters_of(describe_iter) if each.name not in _OWN]
    own = ([each for option in options for each in made_by(option)] for options in (_RESULT_OPTIONS, _RUN_OPTIONS))
    results, run = own
    command.params += [*options_of(parameters), *results, *run]
    return command


@_with_options
@click.command(
    epilog="Exit code: 0 all described, 1 some failed or the set-up did, 2 usage, 130 interrupted, 143 terminated."
)
@click.argument("paths", nargs=-1, required=True)
def describe(paths: Sequence[str], form: str | None, output: Path | None, overwrite: bool, **options: Any) -> int:
    """Describe pictures: folders, files, archives, URLs and glob patterns; "-" reads paths from stdin.

    Results go to stdout and nothing else does. A model has to be named, here or by a setting; "tiny" is bundled.
    Answers are stored as they come: the same command again asks only what is missing.
    """
    form = form or (format_of_file(output.name) if output else None) or "table"
    Complaints.as_json = Complaints.as_json or form in {"json", "jsonl"}
    _check_usage(form, options)
    use_model_options(options)
    if output:
        check_writable(output, overwrite=overwrite)
    width = terminal_width()
    # Models are opened inside, too: a library that greets its user, or shows a download, does so on stdout.
    with (
        to_stdout(for_programs=OUTPUT_FORMATS[form].for_programs) as stdout,
        to_file(output, overwrite=overwrite) if output else nullcontext(stdout) as stream,
    ):
        results = _start(paths, beside=output.parent if output else None, **options)
        write_lines(OUTPUT_FORMATS[form].draw(results, width), stream)
    return _conclude(results, quiet=options["quiet"])


def _check_usage(form: str, options: dict[str, Any]) -> None:
    if options["style"] and options["prompt"]:
        raise click.UsageError("--style and --prompt exclude each other: a prompt is used as it is.")
    if options["quiet"] and options["verbose"]:
        raise click.UsageError("--quiet and --verbose exclude each other.")
    options["budget"] = budget_of(options)
    for name in ("metadata", "confidence"):
        if options[name] and not OUTPUT_FORMATS[form].for_programs:
            room = ", ".join(sorted(each.name for each in OUTPUT_FORMATS.values() if each.for_programs))
            say(f"Warning: --{name} shows nothing in the format {form}; these have room for it: {room}.")


def _start(
    paths: Sequence[str],
    *,
    beside: Path | None,
    recursive: bool,
    limit: int | None,
    metadata: bool,
    quiet: bool,
    verbose: bool,
    **asked: Any,
) -> Results:
    model = str(parse(settings.require_model(asked["model"])))
    refs = refs_of(paths, recursive=recursive)[:limit]
    monitor = Monitor(refs, quiet=quiet, verbose=verbose, options=asked if metadata else None)
    options = {name: value for name, value in asked.items() if value not in (None, ())}
    stop, fields = Event(), answer_fields(asked["schema"], asked["prompt"], confidence=asked["confidence"])
    descriptions = describe_iter(
        refs, progress=monitor, overwrite=not options.pop("resume"), stop_event=stop, metadata=metadata, **options
    )
    records = (record_of(each, refs[each.index], metadata=metadata, fields=fields) for each in descriptions)
    extra = (*fields, *(METADATA if metadata else ()))
    return Results(records, total=len(refs), model=model, extra=extra, facts=monitor.facts, beside=beside, stop=stop)


def _conclude(results: Results, *, quiet: bool) -> int:
    summary = results.summary()
    if not quiet:
        say(_summary_line(summary))
    if results.fault is not None:
        raise results.fault
    if results.signal == signal.SIGTERM:
        raise termination()
    if results.interrupted:
        raise KeyboardInterrupt
    return int(results.ok < results.total)


def _summary_line(summary: dict[str, Any]) -> str:
    counts = ", ".join(f"{summary[name]} {name}" for name in ("ok", "failed", "cancelled") if summary[name])
    stored = f" ({summary['from_store']} from the store)" if summary["from_store"] else ""
    stand_ins = f" ({summary['stand_ins']} with a text instead of the answer)" if summary["stand_ins"] else ""
    places = [place for place in summary["destinations"] if place != _HERE]
    sent = f"; pictures went to {', '.join(places)}" if places else ""
    twice = f" ({summary['duplicates']} as an equal picture)" if summary["duplicates"] else ""
    why = f"; {summary['reason']}" if summary["reason"] else ""
    seconds, model = f"{summary['seconds']:.1f} s", summary["model"]
    counted = f"{summary['total']} pictures: {counts or 'none'}{stored}{twice}{stand_ins}{why}; "
    return counted + ", ".join(filter(None, [seconds, model])) + sent
