"""The store itself: replies by key, pictures by where they were, runs and their rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from vlmkit.errors import StoreFault
from vlmkit.notices import warn
from vlmkit.records import Reply
from vlmkit.store import edits, lookup
from vlmkit.store.choice import default_path
from vlmkit.store.claims import Claims
from vlmkit.store.connections import Connections
from vlmkit.store.connections import damaged as damaged_file
from vlmkit.store.edits import Judgment
from vlmkit.store.journal import RowRecord, RunRecord
from vlmkit.store.leases import end_lease, release_claims
from vlmkit.store.writing import Writer, begin_run, end_run

__all__ = ["Store", "open_store"]

Found = TypeVar("Found")


def open_store(where: str | Path | None = None, *, writable: bool = True) -> Store:
    """Open a file of answers, or make one.

    Parameters
    ----------
    where : str, Path or None, default None
        None is the default file, in the user's cache folder.
    writable : bool, default True
        False is for replays: the file must exist, and may be where nothing can be written.

    Returns
    -------
    Store
        Any number of threads may use it, and any number of processes the same file.

    Raises
    ------
    StoreFault
        The file cannot be used: damaged, another program's, a newer vlmkit's, not writable, no space; says what to do.
    """
    path = default_path() if where is None else Path(where).expanduser()
    if writable:
        # A folder that somebody named is not made: it may be a slip.
        if path == default_path():
            _make_folder(path.parent)
        _make_file(path)
    elif not path.is_file():
        raise StoreFault(
            f"store {path}: there is no such file to answer from. A run with store={str(path)!r} makes it."
        )
    return Store(path, Connections(path, writable=writable))


class Store:
    """What was answered, and by which run; made by `open_store`.

    Attributes
    ----------
    path : Path
        Of its file.
    is_writable : bool
        Whether answers are kept in it; otherwise it only gives what it has.
    """

    def __init__(self, path: Path, connections: Connections) -> None:
        self.path = path
        self.is_writable = connections.is_writable
        self._connections = connections
        self._told = False

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; twice is fine."""
        self._connections.close()

    def picture_digest(self, identity: str) -> str | None:
        """Digest that the normalized picture of this source had; None where it was never seen.

        Parameters
        ----------
        identity : str
            As given in a `PictureRecord`.

        Raises
        ------
        StoreFault
            The file cannot be read.
        """
        return self.picture_digests([identity]).get(identity)

    def picture_digests(self, identities: Sequence[str]) -> dict[str, str]:
        """Digests by identity, of those that were seen; for many as fast as for one.

        Parameters
        ----------
        identities : sequence of str
            As given in a `PictureRecord`.

        Raises
        ------
        StoreFault
            The file cannot be read.
        """
        return self._intact(*self._connections.read(lambda connection: lookup.find_digests(connection, identities)))

    def reply(self, key: str) -> Reply | None:
        """Newest reply stored under the key; None where there is none.

        Parameters
        ----------
        key : str
            From `key_of`.

        Raises
        ------
        StoreFault
            The file cannot be read.
        """
        return self.replies([key]).get(key)

    def replies(self, keys: Sequence[str]) -> dict[str, Reply]:
        """Newest replies by key, of those that have one; for many as fast as for one.

        Parameters
        ----------
        keys : sequence of str
            From `key_of`.

        Raises
        ------
        StoreFault
            The file cannot be read.
        """
        return self._intact(*self._connections.read(lambda connection: lookup.find_replies(connection, keys)))

    def _intact(self, found: dict[str, Found], damaged: int) -> dict[str, Found]:
        """What was found; of damaged entries is told."""
        self._tell(damaged)
        return found

    def _tell(self, damaged: int) -> None:
        """Tell of damaged entries, once."""
        if damaged and not self._told:
            self._told = True
            warn(
                f"store {self.path}: some of what it holds does not fit its checksum. That counts as absent, and is "
                "asked again. Where it comes from is worth a look: a failing disk, or a copy that was cut off."
            )

    def known(self, model: str) -> list[tuple[str, str | None, int | None, bool]]:
        """What the store knows of a model: runs of it, newest first, each kind once.

        Parameters
        ----------
        model : str
            Full name, or what the user called it.

        Returns
        -------
        list of (str, str or None, int or None, bool)
            Full name, revision, longest side in pixels, and whether pictures were not compressed again.

        Raises
        ------
        StoreFault
            The file cannot be read.
        """
        return self._connections.read(lambda connection: lookup.find_known(connection, model))

    def begin(self, run: RunRecord) -> int:
        """Note that a run begins.

        Returns
        -------
        int
            Its number, for `record` and `end`.

        Raises
        ------
        StoreFault
            The file cannot be written.
        """
        with self._connections.writing() as connection:
            return begin_run(connection, run)

    def claims(self, run_id: int) -> Claims:
        """What a run claims, so that others need not ask it too.

        Parameters
        ----------
        run_id : int
        """
        return Claims(self._connections, run_id)

    def record(self, run_id: int, rows: Sequence[RowRecord]) -> None:
        """Store rows that ended, in one transaction; they survive a power cut from the moment this returns.

        What the run had claimed for them is given back with it.

        Parameters
        ----------
        run_id : int
        rows : sequence of RowRecord
            Of a row that was recorded before the last word counts.

        Raises
        ------
        StoreFault
            The file cannot be written; then none of these rows is in it, and all earlier ones are.
        """
        if not rows:
            return
        with self._connections.writing() as connection:
            writer = Writer(connection, run_id)
            for row in rows:
                writer.write(row)
            release_claims(connection, run_id, (row.key for row in rows if row.key and not row.from_store))

    def end(self, run_id: int, *, seconds: float, stopped_early: bool, reason: str | None = None) -> None:
        """Note that a run ended. One for which nobody came here has died.

        Parameters
        ----------
        run_id : int
        seconds : float
            Wall time of the run.
        stopped_early : bool
            Whether rows were left.
        reason : str or None, default None
            Why, where it was neither the user nor the last row that ended it.

        Raises
        ------
        StoreFault
            The file cannot be written.
        """
        with self._connections.writing() as connection:
            end_run(connection, run_id, seconds=seconds, stopped_early=stopped_early, reason=reason)
            end_lease(connection, run_id)

    def runs(self) -> list[dict[str, Any]]:
        """Every run, oldest first, as `vlmkit.store.lookup.list_runs` describes it.

        Raises
        ------
        StoreFault
            The file cannot be read.
        """
        found, damaged = self._connections.read(lookup.list_runs)
        self._tell(damaged)
        return found

    def rows(self, run_id: int) -> list[dict[str, Any]]:
        """Rows of a run in input order, as `vlmkit.store.lookup.list_rows` describes them.

        Parameters
        ----------
        run_id : int

        Raises
        ------
        StoreFault
            The file cannot be read, or has no such run.
        """
        try:
            found = self._connections.read(lambda connection: lookup.list_rows(connection, run_id))
        except lookup.CONTRADICTIONS as error:
            raise damaged_file(self.path, f"an entry of run {run_id}: {error}") from error
        if found is None:
            raise StoreFault(f"store {self.path}: it has no run {run_id}. vk.runs() lists those it has.")
        return found

    def judge(self, judgments: Sequence[Judgment]) -> None:
        """Keep what a person said, in one transaction; it survives a power cut from the moment this returns.

        Parameters
        ----------
        judgments : sequence of Judgment

        Raises
        ------
        StoreFault
            The file cannot be written; then it has none of these.
        """
        with self._connections.writing() as connection:
            edits.write_judgments(connection, judgments)

    def judgments(self, kind: str, subject: str) -> list[Judgment]:
        """What was said about a subject, oldest first.

        Parameters
        ----------
        kind, subject : str
            As in a `Judgment`.

        Raises
        ------
        StoreFault
            The file cannot be read.
        """
        return self._connections.read(lambda connection: edits.find_judgments(connection, kind, subject))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreFault(
            f"store: its folder {folder} cannot be made ({error.strerror}). Name a file with store=…, or VLMKIT_STORE."
        ) from error


def _make_file(path: Path) -> None:
    """Make the file, for its owner's eyes only, and find out now whether it can be written."""
    if not path.parent.is_dir():
        raise StoreFault(f"store {path}: there is no folder {path.parent}. Create it, or name a file in another one.")
    if path.is_dir():
        raise StoreFault(f"store {path}: this is a folder. Name a file in it.")
    try:
        # Only if it is new: closing a file takes the locks away that SQLite has on it for this process.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise StoreFault(
            f"store {path}: it cannot be written ({error.strerror}). Give permission, name another file with store=…, "
            "or go without (store=False)."
        ) from error
    for place, what in ((path, "it"), (path.parent, "its folder, where SQLite keeps its log,")):
        if not os.access(place, os.R_OK | os.W_OK):
            raise StoreFault(
                f"store {path}: {what} may not be written. Give permission, name another file with store=…, or go "
                "without (store=False)."
            )
