"""Files written whole or not at all, what they replace kept; and the list of what an export does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import pandas as pd

from vlmkit.errors import SetupError, VlmkitError
from vlmkit.files import replace_whole
from vlmkit.frame import text_array

__all__ = ["ACTIONS", "BACKUPS", "Backups", "Changes", "replacing", "write_whole"]

BACKUPS = ".vlmkit-backups"


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[IO[bytes]]:
    """File whose content becomes that of `path` when all went well; until then an older one stays as it is.

    A link of that name is replaced, never written through.

    Parameters
    ----------
    path : Path
        Its folder is made where it is missing.
    durable : bool, default True
        Whether it is on the disk before it takes its place; otherwise a power cut may leave it empty.

    Yields
    ------
    binary file
        May be read back and positioned.

    Raises
    ------
    SetupError
        It cannot be written.
    """
    try:
        with replace_whole(path) as partial, partial.open("w+b") as stream:
            yield stream
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
    except VlmkitError:  # some of them are OSErrors, too
        raise
    except OSError as error:
        raise SetupError(
            f"{path}: cannot be written ({error.strerror or error}). Mend that, or write elsewhere; what was written "
            'before is complete, and if_exists="skip" goes on from there.'
        ) from error


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file at once.

    Parameters
    ----------
    path : Path
    data : bytes
    durable : bool, default True
        As `replacing`.

    Raises
    ------
    SetupError
        It cannot be written.
    """
    with replacing(path, durable=durable) as stream:
        stream.write(data)


class Backups:
    """Copies of what one export replaces, in a hidden folder named after the moment.

    Parameters
    ----------
    folder : Path
        The export's own; copies keep their place relative to it.
    enabled : bool
    """

    def __init__(self, folder: Path, *, enabled: bool) -> None:
        self._folder = folder
        self._enabled = enabled
        self._made: Path | None = None

    def keep(self, path: Path) -> None:
        """Copy a file before it is replaced; what is not there needs none.

        Parameters
        ----------
        path : Path

        Raises
        ------
        SetupError
            It cannot be copied.
        """
        if not self._enabled or not os.path.lexists(path):
            return
        inside = path.relative_to(self._folder) if path.is_relative_to(self._folder) else Path(path.name)
        try:
            target = self._place() / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(path, target, follow_symlinks=False)  # files are replaced, never written into
            except (OSError, NotImplementedError):
                shutil.copy2(path, target, follow_symlinks=False)
        except OSError as error:
            raise SetupError(
                f"{path}: cannot be backed up ({error.strerror or error}), and was not replaced. Mend that, or pass "
                "backup=False."
            ) from error

    def _place(self) -> Path:
        if self._made is None:
            moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
            self._made = self._folder / BACKUPS / moment
        return self._made


ACTIONS = ("create", "replace", "append", "prepend", "unchanged", "skip", "remove", "conflict", "leave out")
"""What can happen to a text or file; a conflict is what ``if_exists="fail"`` refuses to touch."""

_COLUMNS = ("path", "action", "before", "after", "reason")


class Changes:
    """Lines of what happens, in order."""

    def __init__(self) -> None:
        self._lists: dict[str, list[str | None]] = {name: [] for name in _COLUMNS}
        self.counts: dict[str, int] = dict.fromkeys(ACTIONS, 0)

    def add(
        self, path: str, action: str, *, before: str | None = None, after: str | None = None, reason: str | None = None
    ) -> None:
        """Note one line.

        Parameters
        ----------
        path : str
            What is concerned.
        action : str
            One of `ACTIONS`.
        before, after : str or None, default None
            Texts, where there are any.
        reason : str or None, default None
            Why something is left out.
        """
        self.counts[action] += 1
        for name, value in zip(_COLUMNS, (path, action, before, after, reason), strict=True):
            self._lists[name].append(value)

    @property
    def reasons(self) -> list[str]:
        """Reasons so far, one for each row that was left out."""
        return [reason for reason in self._lists["reason"] if reason is not None]

    def check_written(self, *, of: int) -> None:
        """Make sure that an export is of something.

        Parameters
        ----------
        of : int
            Rows of the table.

        Raises
        ------
        SetupError
            All rows were left out.
        """
        if of == 0:
            raise SetupError("there is nothing to write: the table has no rows.")
        if self.counts["leave out"] == of:
            raise SetupError(f"there is nothing to write: all {of} rows are left out; the first: {self.reasons[0]}")

    def table(self) -> pd.DataFrame:
        """The lines as a table: path, action (category), before, after, reason (string)."""
        arrays: dict[str, Any] = {name: text_array(values) for name, values in self._lists.items()}
        arrays["action"] = _category(self._lists["action"])
        return pd.DataFrame(arrays)


def _category(values: Any) -> Any:
    return pd.Categorical(values, categories=list(ACTIONS))
