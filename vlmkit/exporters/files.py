"""Writing files so that each appears whole or not at all, and what it replaces is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from vlmkit.errors import SetupError, VlmkitError
from vlmkit.files import replace_whole

__all__ = ["BACKUPS", "Backups", "replacing", "write_whole"]

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
