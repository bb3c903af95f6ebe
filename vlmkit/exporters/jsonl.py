"""Plain JSON Lines: every row, every column, types kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from vlmkit.exporters.documents import Document, Entry, JsonLines
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.lenient import Reading
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.rows import further_columns
from vlmkit.exporters.values import clean_text
from vlmkit.sources import path_from_text, path_in_text

if TYPE_CHECKING:
    import pandas as pd

    from vlmkit.exporters.reading import Candidate

__all__ = ["is_jsonl", "plain_entries", "read_jsonl", "to_jsonl"]


def _file(text: str | None) -> JsonLines:
    """Lines that are rows of a table with this column of texts."""

    def entry_of(record: Any) -> Entry:
        value = record.get(text)
        return Entry(name=str(record.get("path")), text=None if value is None else str(value), record=record)

    return JsonLines(entry_of)


def to_jsonl(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    columns: Sequence[str] | None = None,
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write a table as JSON Lines, one object per row; rows that failed, too.

    Hidden characters are escapes in it, so that it is safe to look at, and read back as they were. A path that is no
    Unicode is written as a ``file:`` URL, which `read_dataset` makes a path again.

    Parameters
    ----------
    frame : DataFrame
    path : path
        The file.
    column : str or None, default None
        Column of texts, for the account and the card.
    columns : sequence of str or None, default None
        Columns beside the pictures' paths; None takes all. Dates become texts.
    **options
        As in `ExportOptions`.

    Returns
    -------
    DataFrame
        What was done, or would be: path, action, before, after, reason.

    Raises
    ------
    SetupError
        The file is there already, or cannot be written.
    """
    place = Path(path)
    names = further_columns(frame, options.get("image"), columns, taken="path")
    job = start(
        frame, place.parent, options, title="JSON Lines", column=column, cells=names, is_record=True, keep_all=True
    )
    Document(job.folder / place.name, _file(job.text), job).write(plain_entries(job, _name_in_json))
    usage = f"import vlmkit as vk\n\ndf = vk.read_dataset({place.name!r})"
    return job.finish(place.name, [usage])


def _name_in_json(path: str) -> str:
    """A path that every reader of JSON takes: escapes hold controls, and halves of characters are not text."""
    return path if clean_text(path) == path else path_in_text(path)


def plain_entries(job: Job, name_of: Callable[[str], str]) -> Iterator[Entry]:
    """Rows of a job as plain records, the picture's path first.

    Parameters
    ----------
    job : Job
    name_of : callable
        A path as the format can hold it.
    """
    for row in job.usable_rows():
        path = None if row.path is None else name_of(row.path)
        name = path if path is not None else f"<row {row.position}>"
        yield Entry(name=name, text=row.text, record={"path": path, **row.cells})


def read_jsonl(path: str | Path) -> pd.DataFrame:
    """Read JSON Lines or a JSON list of objects, whoever wrote them.

    Lines that are broken or no objects are left out, and a warning names them.

    Parameters
    ----------
    path : path

    Returns
    -------
    DataFrame, columns by the keys, in order of first appearance.

    Raises
    ------
    SetupError
        There is nothing to read in it.
    """
    reading = Reading(path)
    return reading.table(_named(entry.record) for entry in _file(None).read(Path(path), reading))


def _named(record: dict[str, Any]) -> dict[str, Any]:
    path = record.get("path")
    return record | {"path": path_from_text(path)} if isinstance(path, str) else record


def is_jsonl(candidate: Candidate) -> bool:
    """Whether a file has JSON objects, one after another; a file of lines may be empty.

    Parameters
    ----------
    candidate : Candidate
    """
    return candidate.record is not None or not candidate.is_json
