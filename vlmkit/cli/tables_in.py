"""What a verb is given: pictures, or a table from a file or a pipe."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from vlmkit.cli.listing import refs_of
from vlmkit.cli.verbs import Verb
from vlmkit.extras import open_by_name

__all__ = ["open_source"]

_SUFFIXES = (".parquet", ".csv", ".tsv", ".jsonl", ".ndjson", ".json")
_PIPE = "-"


def open_source(verb: Verb, paths: Sequence[str], *, form: str | None, recursive: bool) -> Any:
    """What the function behind a verb gets as its first argument.

    Parameters
    ----------
    verb : Verb
    paths : sequence of str
        A table: one file, or ``"-"`` with a format. Otherwise pictures, as `refs_of` takes them.
    form : str or None
        Format of the table; None goes by the ending of the file.
    recursive : bool
        Whether folders are read with their subfolders.

    Returns
    -------
    DataFrame, or list of ImageRef for a verb that takes pictures.

    Raises
    ------
    click.UsageError
        Several tables, or none where one is needed.
    SetupError
        There is nothing to read.
    """
    if form is not None or _is_table(paths):
        return _table(paths, form)
    if verb.source == "table":
        raise click.UsageError(
            f"{verb.name} needs a table: a file that ends with {', '.join(_SUFFIXES)}, or one with --from FORMAT; "
            '"-" with --from reads it from a pipe.'
        )
    refs = refs_of(paths, recursive=recursive)
    return open_by_name("vlmkit.frame:read_images")(refs, digest=False) if verb.source == "images" else refs


def _is_table(paths: Sequence[str]) -> bool:
    return len(paths) == 1 and paths[0].lower().endswith(_SUFFIXES) and Path(paths[0]).is_file()


def _table(paths: Sequence[str], form: str | None) -> Any:
    if len(paths) != 1:
        raise click.UsageError(f"one table at a time; {len(paths)} paths were given with --from.")
    read = open_by_name("vlmkit.exporters:read_dataset")
    if paths[0] != _PIPE:
        return read(paths[0], form)
    with tempfile.TemporaryDirectory(prefix="vlmkit-") as folder:
        file = Path(folder) / "stdin"
        file.write_bytes(sys.stdin.buffer.read())
        return read(file, form)
