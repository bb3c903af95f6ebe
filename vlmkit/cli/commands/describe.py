"""`vlmkit describe`: pictures in, descriptions out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import click

from vlmkit import settings
from vlmkit.backends import parse
from vlmkit.cli.formats import FORMATS, format_of_file
from vlmkit.cli.output import check_writable, say, terminal_width, to_file, to_stdout, write_lines
from vlmkit.cli.results import FIELDS, Results
from vlmkit.errors import BadSetting

__all__ = ["describe"]

_HERE = "this process"
_ON_TIMEOUT = (
    "Instead of a late answer: its error, a technical sentence, or what was written until then. [default: error]"
)
_STORE = 'Where answers are kept: a file, "true" (the default file), "false", or "replay" to ask no model.'


def _setting(name: str) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """Checks an option as the setting of this name is checked; a wrong one is a mistake in the command."""

    def check(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
        if text is not None:
            try:
                settings.get(name, text)
            except BadSetting as error:
                raise click.BadParameter(f"{text!r}. Give {settings.SETTINGS[name].accepts}.") from error
        return text

    return check


@click.command(
    epilog="Exit code: 0 every picture described, 1 some failed or the set-up did, 2 usage, 130 interrupted."
)
@click.argument("paths", nargs=-1, required=True)
@click.option("-m", "--model", help='Who describes: "tiny", a Hub id, a directory, or engine:name.')
@click.option("--style", type=click.Choice(["brief", "detailed", "technical"]), help="[default: detailed]")
@click.option("--prompt", help="Free text instead of a style; {width} and the like read the picture's facts.")
@click.option("--system", help="System text, sent before the prompt.")
@click.option("--max-words", type=click.IntRange(min=1), help="Ask for at most so many words.")
@click.option("--max-tokens", type=click.IntRange(min=1), help="Cut an answer after so many tokens. [default: 256]")
@click.option("--temperature", type=click.FloatRange(min=0), help="0 gives the same table every time. [default: 0]")
@click.option("--seed", type=int, help="Chooses among answers where the temperature is above 0. [default: 0]")
@click.option("-f", "--format", "form", type=click.Choice(list(FORMATS)), help="[default: by --output, else table]")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the results to this file, whole or not.")
@click.option("--workers", callback=_setting("workers"), help='Pictures in flight: "auto" or a number; 1 is in turn.')
@click.option("--timeout", "timeout_s", callback=_setting("timeout_s"), help='Seconds for one answer, or "none".')
@click.option("--on-error", type=click.Choice(["skip", "fail"]), default="skip", show_default=True)
@click.option("--on-timeout", type=click.Choice(["error", "fallback", "continue"]), help=_ON_TIMEOUT)
@click.option(
    "--fallback", multiple=True, metavar="MODEL", help="Asked where the model before failed; may be repeated."
)
@click.option("--allow-remote", is_flag=True, help="Pictures may go to a server on another machine.")
@click.option("--store", callback=_setting("store"), metavar="FILE", help=_STORE)
@click.option("--resume/--no-resume", default=True, help="Take what is stored already, or ask everything anew.")
@click.option("--limit", type=click.IntRange(min=1), help="Only the first so many pictures.")
@click.option("-r", "--recursive", is_flag=True, help="Look into subfolders too.")
@click.option(
    "--metadata", is_flag=True, help="Add orientation, digest, camera, time and place to json, jsonl and csv."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr; errors still come.")
@click.option("-v", "--verbose", is_flag=True, help="A line on stderr for each picture instead of a bar.")
def describe(paths: Sequence[str], form: str | None, output: Path | None, **options: Any) -> int:
    """Describe pictures: folders, files, archives, URLs and glob patterns; "-" reads paths from stdin.

    Results go to stdout and nothing else does. A model has to be named, here or by a setting; "tiny" is bundled.
    Answers are stored as they come: the same command again asks only what is missing.
    """
    _check_usage(options)
    if options.pop("allow_remote"):
        settings.use(allow_remote=True)
    write = FORMATS[form or (format_of_file(output.name) if output else None) or "table"]
    if output:
        check_writable(output)
    width = terminal_width()
    # Models are opened inside, too: a library that greets its user, or shows a download, does so on stdout.
    with to_stdout() as stdout, to_file(output) if output else nullcontext(stdout) as stream:
        results = _start(paths, **options)
        write_lines(write(results, width), stream)
    return _conclude(results, quiet=options["quiet"])


def _check_usage(options: dict[str, Any]) -> None:
    if options["style"] and options["prompt"]:
        raise click.UsageError("--style and --prompt exclude each other: a prompt is used as it is.")
    if options["quiet"] and options["verbose"]:
        raise click.UsageError("--quiet and --verbose exclude each other.")


def _start(
    paths: Sequence[str],
    *,
    recursive: bool,
    limit: int | None,
    metadata: bool,
    quiet: bool,
    verbose: bool,
    **asked: Any,
) -> Results:
    from vlmkit.cli.facts import METADATA, record_of
    from vlmkit.cli.listing import refs_of
    from vlmkit.cli.monitor import Monitor
    from vlmkit.frame import describe_iter

    model = str(parse(settings.require_model(asked["model"])))
    refs = list(islice(refs_of(paths, recursive=recursive), limit))
    monitor = Monitor(refs, quiet=quiet, verbose=verbose)
    options = {name: value for name, value in asked.items() if value not in (None, ())}
    stop = Event()
    descriptions = describe_iter(
        refs, progress=monitor, overwrite=not options.pop("resume"), stop_event=stop, **options
    )
    records = (record_of(each, refs[each.index], metadata=metadata) for each in descriptions)
    fields = (*FIELDS, *METADATA) if metadata else FIELDS
    return Results(records, total=len(refs), model=model, fields=fields, facts=monitor.facts, stop=stop)


def _conclude(results: Results, *, quiet: bool) -> int:
    summary = results.summary()
    if not quiet:
        say(_summary_line(summary))
    if results.fault is not None:
        raise results.fault
    if results.interrupted:
        raise KeyboardInterrupt
    return int(results.ok < results.total)


def _summary_line(summary: dict[str, Any]) -> str:
    counts = ", ".join(f"{summary[name]} {name}" for name in ("ok", "failed", "cancelled") if summary[name])
    stored = f" ({summary['from_store']} from the store)" if summary["from_store"] else ""
    places = [place for place in summary["destinations"] if place != _HERE]
    sent = f"; pictures went to {', '.join(places)}" if places else ""
    seconds, model = f"{summary['seconds']:.1f} s", summary["model"]
    return (
        f"{summary['total']} pictures: {counts or 'none'}{stored}; " + ", ".join(filter(None, [seconds, model])) + sent
    )
