"""Where results go: stdout, and nothing else there; or a file that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from vlmkit.cli.text import harmless
from vlmkit.errors import SetupError, VlmkitError

__all__ = ["check_writable", "say", "terminal_width", "to_file", "to_stdout", "write_lines"]

_PIPE_WIDTH = 100


def say(message: str) -> None:
    """Tell the person at the terminal something that is no result: on stderr, printable."""
    print(harmless(message, keep="\n"), file=sys.stderr, flush=True)  # noqa: T201  this is the command line


def terminal_width() -> int:
    """Cells of a line; 100 where stdout is no terminal and COLUMNS is not set. Ask before `to_stdout`, not inside."""
    return shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns


@contextmanager
def to_stdout() -> Iterator[TextIO]:
    """Stream for results. Meanwhile whatever else is printed, by whichever library, goes to stderr.

    Yields
    ------
    file
        What it cannot encode is written as an escape.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        encoding = sys.stdout.encoding or "utf-8"
        with os.fdopen(os.dup(kept), "w", encoding=encoding, errors="backslashreplace") as stream:
            yield stream
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def check_writable(path: Path) -> None:
    """Find out before a run whether its results can be written.

    Raises
    ------
    SetupError
        The folder is missing or not writable, or the path is a folder.
    """
    folder = path.parent
    if not folder.is_dir():
        message = f"--output {path}: there is no folder {folder}. Create it first."
        raise SetupError(message)
    if path.is_dir():
        message = f"--output {path}: this is a folder. Name a file in it."
        raise SetupError(message)
    if not os.access(folder, os.W_OK):
        message = f"--output {path}: the folder {folder} is not writable. Choose another."
        raise SetupError(message)


@contextmanager
def to_file(path: Path) -> Iterator[TextIO]:
    """Stream whose content becomes the file when all went well; until then an older file stays as it is.

    Parameters
    ----------
    path : Path

    Yields
    ------
    file

    Raises
    ------
    SetupError
        As `check_writable`; or writing failed later, as on a full disk.
    """
    check_writable(path)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("w", encoding="utf-8") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except VlmkitError:  # some of them are OSErrors, too
        raise
    except OSError as error:
        message = f"--output {path}: cannot be written ({error.strerror or error}). Mend that, or choose another place."
        raise SetupError(message) from error
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def write_lines(lines: Iterable[str], stream: TextIO) -> None:
    """Write each line as soon as it is there."""
    for line in lines:
        stream.write(line + "\n")
        stream.flush()
