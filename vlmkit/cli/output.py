"""Where results go: stdout, and nothing else there; or a file that appears whole or not at all."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from vlmkit.cli.text import dump
from vlmkit.errors import SetupError, VlmkitError
from vlmkit.files import replace_whole
from vlmkit.untrusted import for_terminal

if TYPE_CHECKING:
    import click

__all__ = ["Complaints", "check_writable", "say", "terminal_width", "to_file", "to_stdout", "write_lines"]

_PIPE_WIDTH = 100
_ESCAPING = "vlmkit.escape"


def say(message: str) -> None:
    """Tell the person at the terminal something that is not a result: on stderr, printable."""
    print(for_terminal(message, keep="\n"), file=sys.stderr, flush=True)  # noqa: T201  this is the command line


class Complaints:
    """How errors are told: as a line for people, or as JSON where a program reads the results.

    Attributes
    ----------
    as_json : bool
        ``{"status": "failed", "error": {"code": "ModelNotFound", "message": "…"}}``, on one line of stderr.
    command : click.Command or None
        The one that was called, whose options errors name.
    """

    as_json = False
    command: click.Command | None = None

    @classmethod
    def tell(cls, code: str, message: str, *, status: str = "failed") -> None:
        """Tell of what ended the command.

        Parameters
        ----------
        code : str
            Name of the kind of error; a person reads it only where the message begins with it.
        message : str
        status : str, default "failed"
        """
        say(dump({"status": status, "error": {"code": code, "message": message}}) if cls.as_json else message)


def terminal_width() -> int:
    """Cells of a line; 100 where stdout is not a terminal, or one that does not know, and COLUMNS is not set.

    Ask before `to_stdout`, not inside.
    """
    return shutil.get_terminal_size((_PIPE_WIDTH, 24)).columns or _PIPE_WIDTH


@contextmanager
def to_stdout(*, for_programs: bool = False) -> Iterator[TextIO]:
    """Stream for results. Meanwhile whatever else is printed, by whichever library, goes to stderr.

    Parameters
    ----------
    for_programs : bool, default False
        Whether a file or a pipe gets UTF-8 whatever the locale says, as formats do that programs read.

    Yields
    ------
    file
        What it cannot encode is written as an escape, and that is said at the end.
    """
    sys.stdout.flush()
    encoding = sys.stdout.encoding or "utf-8"
    if for_programs and not sys.stdout.isatty():
        encoding = "utf-8"
    escaped: list[str] = []
    codecs.register_error(_ESCAPING, lambda error: _escape(error, escaped))
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with os.fdopen(os.dup(kept), "w", encoding=encoding, errors=_ESCAPING) as stream:
            yield stream
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        if escaped:
            say(
                f"Warning: {encoding}, the encoding of stdout, has no {escaped[0]!a} and {len(escaped)} characters in "
                "all; they were written as escapes. Set PYTHONUTF8=1, or write to a file with --output."
            )


def _escape(error: UnicodeError, escaped: list[str]) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError):
        escaped.extend(error.object[error.start : error.end])
    return codecs.backslashreplace_errors(error)


def check_writable(path: Path, *, overwrite: bool = False) -> None:
    """Find out before a run whether its results can be written.

    Parameters
    ----------
    path : Path
    overwrite : bool, default False
        Whether a file that is there may be replaced.

    Raises
    ------
    SetupError
        The folder is missing or not writable, the path is a folder or a device, or the file is there already.
    """
    folder = path.parent
    if not folder.is_dir():
        message = f"--output {path}: there is no folder {folder}. Create it first."
        raise SetupError(message)
    if path.is_dir():
        message = f"--output {path}: this is a folder. Name a file in it."
        raise SetupError(message)
    if path.exists() and not path.is_file():
        message = f"--output {path}: this is not a file. Without --output results go to stdout, which leads anywhere."
        raise SetupError(message)
    if path.exists() and not overwrite:
        raise SetupError(_is_there(path))
    if not os.access(folder, os.W_OK):
        message = f"--output {path}: the folder {folder} is not writable. Choose another."
        raise SetupError(message)


@contextmanager
def to_file(path: Path, *, overwrite: bool = False) -> Iterator[TextIO]:
    """Stream whose content becomes the file when all went well; until then an older file stays as it is.

    Parameters
    ----------
    path : Path
        Where it is a link, the file that it leads to.
    overwrite : bool, default False
        Whether a file that is there may be replaced.

    Yields
    ------
    file

    Raises
    ------
    SetupError
        As `check_writable`; or writing failed later, as on a full disk; or somebody else made the file meanwhile, and
        the results are beside it.
    """
    check_writable(path, overwrite=overwrite)
    path = path.resolve()
    try:
        with replace_whole(path) as partial:
            with partial.open("w", encoding="utf-8") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            if path.exists() and not overwrite:
                raise _moved_beside(path, partial)
    except VlmkitError:  # some of them are OSErrors, too
        raise
    except OSError as error:
        message = f"--output {path}: cannot be written ({error.strerror or error}). Mend that, or choose another place."
        raise SetupError(message) from error


def _moved_beside(path: Path, written: Path) -> SetupError:
    beside = path.with_name(f"{path.stem}.{os.getpid()}{path.suffix}")
    written.replace(beside)
    return SetupError(f"{_is_there(path)} It came during the run, whose results are in {beside}.")


def _is_there(path: Path) -> str:
    return f"--output {path}: this file is there already. Choose another name, or replace it with --overwrite."


def write_lines(lines: Iterable[str], stream: TextIO) -> None:
    """Write each line as soon as it is there."""
    for line in lines:
        stream.write(line + "\n")
        stream.flush()
