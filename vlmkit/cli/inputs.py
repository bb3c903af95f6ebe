"""What a verb is given: pictures, or a table from a file or a pipe."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import click

from vlmkit.cli.output import say
from vlmkit.cli.verbs import Verb
from vlmkit.errors import SetupError
from vlmkit.exporters import TABLE_FORMATS
from vlmkit.extras import open_by_name
from vlmkit.records import ImageRef
from vlmkit.sources import read, refer

__all__ = ["open_source", "refs_of"]


def refs_of(paths: Sequence[str], *, recursive: bool) -> list[ImageRef]:
    """References to all pictures, in the order they were named.

    A path that leads to no picture is said, and is a row that fails, as long as others lead to some.

    Parameters
    ----------
    paths : sequence of str
        Folders, files, archives, URLs, glob patterns; ``"-"`` stands for those listed on stdin, one a line, or
        separated by NUL as ``find -print0`` does. What is listed is taken as it is; a file that is gone is a row that
        fails.
    recursive : bool
        Whether folders are read with their subfolders.

    Raises
    ------
    SetupError
        None of the paths leads to a picture.
    """
    refs: list[ImageRef] = []
    problems: list[SetupError] = []
    for path in paths:
        if path == "-":
            refs += map(refer, _listed(sys.stdin.buffer.read()))
            continue
        try:
            refs += read(path, recursive=recursive)
        except SetupError as error:
            problems.append(error)
            refs.append(refer(path))
    if problems and len(problems) == len(refs):
        raise problems[0]
    for problem in problems:
        say(f"Warning: {problem}")
    return refs


def _listed(content: bytes) -> Iterator[str]:
    """Names as they are on disk: bytes, of whatever encoding."""
    by_line = b"\0" not in content
    for name in content.split(b"\n" if by_line else b"\0"):
        text = os.fsdecode(name.removesuffix(b"\r") if by_line and os.name == "nt" else name)
        if text:
            yield text


_SUFFIXES = (*chain.from_iterable(TABLE_FORMATS.values()), ".tsv")
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
