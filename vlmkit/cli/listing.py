"""What the command line was pointed at: paths of mixed kinds, and lists of them from a pipe."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

from vlmkit.cli.output import say
from vlmkit.errors import SetupError
from vlmkit.records import ImageRef
from vlmkit.sources import read, refer

__all__ = ["refs_of"]


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
