"""`vlmkit store`: how large the store is, whether it is whole, mending, pruning, a copy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from vlmkit.cli.options import format_option
from vlmkit.cli.output import terminal_width, to_stdout, write_lines
from vlmkit.cli.text import draw
from vlmkit.store import Condition, Size, backup, check, mend, prune, size

__all__ = ["store"]

_file_option = click.option(
    "--store", "file", metavar="FILE", type=click.Path(path_type=Path), help="The store. [default: by the settings]"
)


@click.group()
def store() -> None:
    """Look after the file that keeps what was answered."""


@store.command("size")
@_file_option
@format_option()
def size_of(file: Path | None, form: str) -> int:
    """How large it is, and what is in it."""
    return _write(size(file), form)


@store.command("check")
@_file_option
@format_option()
def check_it(file: Path | None, form: str) -> int:
    """Read all of it and compare each entry with its checksum; exit code 1 where something is damaged."""
    found = check(file)
    _write(found, form)
    return int(not found.is_whole)


@store.command("mend")
@_file_option
@format_option()
def mend_it(file: Path | None, form: str) -> int:
    """Take damaged entries out; the next run asks for them again. A damaged file is kept beside the new one."""
    return _write(mend(file), form)


@store.command("prune")
@click.option("--older-than", "days", metavar="DAYS", type=float, required=True, help="Forget runs that began before.")
@_file_option
@format_option()
def prune_it(days: float, file: Path | None, form: str) -> int:
    """Forget old runs, and the answers that no younger run used. Reviews stay."""
    return _write(prune(file, older_than_days=days), form)


@store.command("backup")
@click.argument("target", type=click.Path(path_type=Path))
@_file_option
@format_option()
def back_up(target: Path, file: Path | None, form: str) -> int:
    """Copy it to TARGET, a file that is not there yet; runs may go on meanwhile."""
    return _write(backup(target, file), form)


def _write(found: Size | Condition, form: str) -> int:
    width = terminal_width()
    facts = asdict(found) | {"path": str(found.path)}
    if isinstance(found, Condition):
        facts["is_whole"] = found.is_whole
    with to_stdout(for_programs=form == "json") as stream:
        lines = [json.dumps(facts, indent=2)] if form == "json" else _lines(facts, width)
        write_lines(lines, stream)
    return 0


def _lines(facts: dict[str, object], width: int) -> Sequence[str]:
    return list(draw(["", ""], [(name.replace("_", " "), _shown(value)) for name, value in facts.items()], width))


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "; ".join(value) or "none" if isinstance(value, tuple) else str(value)
