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
from vlmkit.cli.derived_options import SCHEMA_METAVAR, read_schema
from vlmkit.cli.formats import OUTPUT_FORMATS, format_of_file
from vlmkit.cli.interrupts import termination
from vlmkit.cli.options import MODEL_OPTIONS, SHARED_OPTIONS, budget_of, budget_options, use_model_options
from vlmkit.cli.output import Complaints, check_writable, say, terminal_width, to_file, to_stdout, write_lines
from vlmkit.cli.results import Results
from vlmkit.errors import SetupError
from vlmkit.prompts import style_prompt

__all__ = ["describe"]

_HERE = "this process"
_STYLE = "brief, detailed, technical, or one that a plugin brings. [default: detailed]"
_ON_TIMEOUT = (
    "Instead of a late answer: its error, a technical sentence, or what was written until then. [default: error]"
)


def _checked_style(_context: click.Context, _option: click.Parameter, style: str | None) -> str | None:
    try:
        if style is not None:
            style_prompt(style)
    except SetupError as error:
        raise click.BadParameter(str(error)) from error
    return style


@click.command(
    epilog="Exit code: 0 all described, 1 some failed or the set-up did, 2 usage, 130 interrupted, 143 terminated."
)
@click.argument("paths", nargs=-1, required=True)
@SHARED_OPTIONS["model"]
@click.option("--style", callback=_checked_style, metavar="STYLE", help=_STYLE)
@click.option("--prompt", help="Free text instead of a style; {width} and the like read the picture's facts.")
@click.option(
    "--schema",
    type=read_schema,
    metavar=SCHEMA_METAVAR,
    help='Typed columns: "count int, colors list[str], sky: blue|gray", or the file that says so.',
)
@click.option("--system", help="System text, sent before the prompt.")
@click.option("--max-words", type=click.IntRange(min=1), help="Ask for at most so many words.")
@click.option("--max-characters", type=click.IntRange(min=1), help="Cut a longer text where a sentence or word ends.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Cut an answer after so many tokens. [default: 256]")
@click.option("--temperature", type=click.FloatRange(min=0), help="0 gives the same table every time. [default: 0]")
@click.option("--seed", type=int, help="Chooses among answers where the temperature is above 0. [default: 0]")
@click.option(
    "-f", "--format", "form", type=click.Choice(list(OUTPUT_FORMATS)), help="[default: by --output, else table]"
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the results to this file, whole or not.")
@click.option("--overwrite", is_flag=True, help="Replace the file of --output where it is there already.")
@SHARED_OPTIONS["workers"]
@SHARED_OPTIONS["timeout_s"]
@SHARED_OPTIONS["silence_s"]
@click.option("--max-retries", type=click.IntRange(min=0), help="Further tries where a server is busy. [default: 3]")
@budget_options()
@click.option("--on-error", type=click.Choice(["skip", "fail"]), default="skip", show_default=True)
@click.option("--on-timeout", type=click.Choice(["error", "fallback", "continue"]), help=_ON_TIMEOUT)
@SHARED_OPTIONS["fallback"]
@MODEL_OPTIONS[0]
@MODEL_OPTIONS[1]
@SHARED_OPTIONS["store"]
@click.option("--resume/--no-resume", default=True, help="Take what is stored already, or ask everything anew.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many pictures.")
@click.option("-r", "--recursive", is_flag=True, help="Look into subfolders too.")
@click.option("--confidence", is_flag=True, help="Add how likely each description was to the model, from 0 to 1.")
@click.option("--metadata", is_flag=True, help="Add the file's digest and all of its EXIF; to json the run, too.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr; errors still come.")
@click.option("-v", "--verbose", is_flag=True, help="A line on stderr for each picture instead of a bar.")
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
    from vlmkit.cli.inputs import refs_of
    from vlmkit.cli.monitor import Monitor
    from vlmkit.cli.results import METADATA, answer_fields, record_of
    from vlmkit.frame import describe_iter

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
