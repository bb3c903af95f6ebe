"""A verb as a command: its options, how it is called, what is written of it, and how it ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from vlmkit.cli.derived_options import made_by, options_of
from vlmkit.cli.inputs import open_source
from vlmkit.cli.options import MODEL_OPTIONS, budget_of, use_model_options
from vlmkit.cli.output import Complaints, check_writable, say, terminal_width, to_file, to_stdout
from vlmkit.cli.signatures import Parameter, introduction_of, keywords_of, parameters_of
from vlmkit.cli.tables_out import RECORD_FORMATS, RESULT_FORMATS, count_failures, result_table, write_result
from vlmkit.cli.verbs import Verb
from vlmkit.errors import VlmkitError
from vlmkit.exporters import TABLE_FORMATS
from vlmkit.extras import open_by_name

__all__ = ["command_of"]

_FORM_OF = {suffix: form for form, suffixes in TABLE_FORMATS.items() for suffix in suffixes}
_OWN = {"paths", "target", "source_format", "form", "output", "overwrite", "quiet", "recursive"}
_ENDS = "Exit code: 0 all well, 1 {failed} or the set-up did not work, 2 usage, 130 interrupted, 143 terminated."
_FAILED = {"findings": "there are findings", "checks": "the model does not answer", "rows": "a row failed"}


def command_of(verb: Verb, function: Callable[..., Any] | None = None) -> click.Command:
    """The command of a verb.

    Parameters
    ----------
    verb : Verb
    function : callable or None, default None
        Behind it; None opens it by its name.
    """
    open_by_name("vlmkit.accessor:Accessor")  # plugins may use df.vlm, which the command does not register at once
    function = function or open_by_name(verb.function)
    parameters = _parameters(verb, function)
    names = {parameter.name for parameter in parameters}
    return click.Command(
        verb.name,
        params=[*_arguments(verb), *options_of(parameters), *_own_options(verb, names)],
        callback=partial(_run, verb, function, "recursive" in names),
        help=introduction_of(function),
        short_help=verb.summary,
        epilog=_ENDS.format(failed=_FAILED.get(verb.gives, "something failed")),
    )


def _parameters(verb: Verb, function: Callable[..., Any]) -> list[Parameter]:
    """Parameters that are options: not the source, the target, or what the verb does without."""
    found = parameters_of(function)
    if verb.keywords is not None:
        found += keywords_of(open_by_name(verb.keywords))
    if verb.source == "dataset":
        readers = (row.open_reader() for row in open_by_name("vlmkit.exporters:EXPORT_FORMATS").own())
        found = [each for reader in readers for each in parameters_of(reader)[1:]]
    else:
        found = found[(verb.source != "none") + verb.has_target :]
    once = {parameter.name: parameter for parameter in reversed(found) if parameter.name not in verb.without}
    return [parameter for parameter in found if once.pop(parameter.name, None) is not None]


def _arguments(verb: Verb) -> list[click.Parameter]:
    if verb.source == "none":
        return []
    kinds = {"table": "TABLE", "dataset": "DATASET"}
    several = verb.source in {"pictures", "images"}
    paths = click.Argument(
        ["paths"], nargs=-1 if several else 1, required=True, metavar=kinds.get(verb.source, "PICTURES... | TABLE")
    )
    target = click.Argument(["target"], required=False, metavar="[TARGET]")
    return [paths, target] if verb.has_target else [paths]


def _own_options(verb: Verb, names: set[str]) -> list[click.Parameter]:
    forms = RECORD_FORMATS if verb.gives == "estimate" else RESULT_FORMATS
    found: list[click.Parameter] = []
    if "model" in names or "models" in names:
        found += [each for option in MODEL_OPTIONS for each in made_by(option)]
    if verb.source != "none":
        known = open_by_name("vlmkit.exporters:EXPORT_FORMATS").names()
        text = f"Format of the table, where its ending does not say it; - is then a pipe. One of {', '.join(known)}."
        found.append(click.Option(["--from", "source_format"], type=click.Choice(known), metavar="FORMAT", help=text))
    if verb.source in {"pictures", "images"} and "recursive" not in names:
        found.append(click.Option(["-r", "--recursive"], is_flag=True, help="Look into subfolders too."))
    return [
        *found,
        click.Option(["-f", "--format", "form"], type=click.Choice(forms), help="[default: by --output, else table]"),
        click.Option(
            ["-o", "--output"], type=click.Path(path_type=Path), help="Write the result to this file, whole or not."
        ),
        click.Option(
            ["--overwrite"], is_flag=True, help="Replace the file of --output where it is there already."
        ),
        click.Option(["-q", "--quiet"], is_flag=True, help="No progress and no summary on stderr; errors still come."),
    ]  # fmt: skip


def _run(verb: Verb, function: Callable[..., Any], takes_recursive: bool, **given: Any) -> int:
    """Call the function, write what it gave also where it was broken off, and end as it did."""
    form, output = _checked_output(given["form"], given["output"], overwrite=given["overwrite"])
    options = _options(verb, function, given)
    options |= {"recursive": True} if takes_recursive and given["recursive"] else {}
    use_model_options(options)
    width, start_s = terminal_width(), time.monotonic()
    with (
        to_stdout(for_programs=form != "table") as stdout,
        to_file(output, overwrite=given["overwrite"]) if output else nullcontext(stdout) as stream,
    ):
        arguments, known = _opened(verb, given)
        result, ending = _called(partial(function, *arguments, **options), verb)
        table = result_table(verb, result)
        write_result(table, form, stream, width=width, known=known)
    failed = count_failures(verb, table, known)
    if verb.gives == "rows" and not given["quiet"]:
        _tell(len(table), failed, "failed" if ending is None else "failed or not asked", time.monotonic() - start_s)
    if ending is not None:
        raise ending
    return int(failed > 0)


def _called(function: Callable[[], Any], verb: Verb) -> tuple[Any, BaseException | None]:
    """What a function gives; where it is broken off, the rows that it has by then, and the error."""
    try:
        return function(), None
    except (VlmkitError, KeyboardInterrupt) as error:
        rows = getattr(error, "partial", None)
        if rows is None or verb.gives != "rows":
            raise
        vars(error)["__notes__"] = []  # they tell where the rows are in Python; here they are written
        return rows, error


def _tell(rows: int, failed: int, how: str, seconds: float) -> None:
    failures = f", {failed} {how}" if failed else ""
    say(f"{rows} rows: {rows - failed} ok{failures}; {seconds:.1f} s")


def _checked_output(form: str | None, output: Path | None, *, overwrite: bool) -> tuple[str, Path | None]:
    form = form or (_FORM_OF.get(output.suffix.lower()) if output else None) or "table"
    Complaints.as_json = Complaints.as_json or form in {"json", "jsonl"}
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise click.UsageError("Parquet is not for a terminal. Write it to a file with --output, or pipe it on.")
    if output:
        check_writable(output, overwrite=overwrite)
    return form, output


def _options(verb: Verb, function: Callable[..., Any], given: dict[str, Any]) -> dict[str, Any]:
    """What was said in the command: what was not has the function's own default."""
    context = click.get_current_context()
    said = {
        name: value
        for name, value in given.items()
        if name not in _OWN and context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    said = _with_budget(said, given)
    for name, value in said.items():
        if isinstance(value, tuple) and name != "price":  # of an option that may be repeated
            said[name] = dict(value) if isinstance(value[0], tuple) else list(value)
    if given["quiet"] and _shows_progress(function, verb):
        said["progress"] = False
    return said


def _with_budget(said: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    limits = [name for name in given if name.startswith("budget_")]
    if not limits:
        return said
    budget = budget_of({name: given[name] for name in (*limits, "price")})
    rest = {name: value for name, value in said.items() if name not in limits}
    return rest | ({"budget": budget} if budget else {})


def _shows_progress(function: Callable[..., Any], verb: Verb) -> bool:
    return verb.keywords is not None or any(parameter.name == "progress" for parameter in parameters_of(function))


def _opened(verb: Verb, given: dict[str, Any]) -> tuple[Sequence[Any], Sequence[str]]:
    """Arguments by position, and the columns that a table had before."""
    if verb.source == "none":
        return (), ()
    if verb.source == "dataset":
        return (given["paths"], given["source_format"]), ()
    paths = given["paths"] if isinstance(given["paths"], tuple) else (given["paths"],)
    source = open_source(verb, paths, form=given["source_format"], recursive=bool(given.get("recursive")))
    known = list(map(str, source.columns)) if hasattr(source, "columns") else _columns_of_pictures(verb)
    target = [given["target"]] if verb.has_target and given["target"] is not None else []
    return (source, *target), known if verb.gives == "rows" else ()


def _columns_of_pictures(verb: Verb) -> list[str]:
    """What `read_images` puts before the answers; for itself, that is the answer."""
    if verb.name == "images":
        return []
    return list(open_by_name("vlmkit.frame:read_images")([], digest=False).columns)
