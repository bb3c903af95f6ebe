"""`vlmkit describe`: pictures in, descriptions out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vlmkit import settings
from vlmkit.backends import Backend, borrow
from vlmkit.cli.formats import FORMATS, format_of_file
from vlmkit.cli.output import check_writable, say, terminal_width, to_file, to_stdout, write_lines
from vlmkit.cli.results import Record, Results
from vlmkit.errors import BadSetting

if TYPE_CHECKING:
    from vlmkit.frame import Description
    from vlmkit.records import ImageRef

__all__ = ["describe"]


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
@click.option("-r", "--recursive", is_flag=True, help="Look into subfolders too.")
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary on stderr; errors still come.")
def describe(paths: Sequence[str], form: str | None, output: Path | None, quiet: bool, **options: Any) -> int:
    """Describe pictures: folders, files and glob patterns; "-" reads one path per line from stdin.

    Results go to stdout and nothing else does. A model has to be named, here or by a setting; "tiny" is bundled.
    """
    _check_usage(options)
    write = FORMATS[form or (format_of_file(output.name) if output else None) or "table"]
    if output:
        check_writable(output)
    refs = list(_refs(paths, recursive=options.pop("recursive")))
    width = terminal_width()
    # The model is opened inside, too: a library that greets its user, or shows a download, does so on stdout.
    with (
        to_stdout() as stdout,
        to_file(output) if output else nullcontext(stdout) as stream,
        borrow(options.pop("model")) as backend,
    ):
        results = _start(refs, backend, quiet=quiet, **options)
        write_lines(write(results, width), stream)
    return _conclude(results, quiet=quiet)


def _check_usage(options: dict[str, Any]) -> None:
    if options["style"] and options["prompt"]:
        raise click.UsageError("--style and --prompt exclude each other: a prompt is used as it is.")


def _refs(paths: Sequence[str], *, recursive: bool) -> Iterator[ImageRef]:
    from vlmkit import sources

    for path in paths:
        if path == "-":
            listed = sys.stdin.read()
            yield from map(sources.refer, filter(None, listed.split("\0" if "\0" in listed else "\n")))
        else:
            yield from sources.read(path, recursive=recursive)


def _start(refs: list[ImageRef], backend: Backend, *, quiet: bool, **options: Any) -> Results:
    from vlmkit.frame import describe_iter

    descriptions = describe_iter(
        refs,
        model=backend,
        progress=False if quiet else "auto",
        **{name: value for name, value in options.items() if value is not None},
    )
    return Results(
        _records(descriptions),
        total=len(refs),
        model=backend.model,
        model_revision=backend.revision,
        workers=settings.get("workers", options["workers"]),
    )


def _records(descriptions: Iterator[Description]) -> Generator[Record, None, None]:
    for description in descriptions:
        yield _record(description)


def _record(description: Description) -> Record:
    facts = description.metadata
    return {
        "path": facts["path"],
        "description": description.text,
        "error": description.error,
        **{name: facts[name] for name in ("format", "width", "height", "size_bytes")},
        "seconds": round(description.seconds, 4),
        "model": description.model,
        "model_revision": description.revision,
        "prompt_tokens": description.prompt_tokens,
        "completion_tokens": description.completion_tokens,
        "finish_reason": description.finish_reason,
    }


def _conclude(results: Results, *, quiet: bool) -> int:
    summary = results.summary()
    if not quiet:
        counts = ", ".join(f"{summary[name]} {name}" for name in ("ok", "failed", "cancelled") if summary[name])
        say(f"{summary['total']} pictures: {counts or 'none'}; {summary['seconds']:.1f} s, {summary['model']}")
    if results.fault is not None:
        raise results.fault
    if results.interrupted:
        raise KeyboardInterrupt
    return int(results.ok < results.total)
