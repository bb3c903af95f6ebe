"""Parquet with the pictures inside, which `datasets` and the Hub open as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from vlmkit.arguments import check_choice
from vlmkit.errors import RunError
from vlmkit.exporters.documents import Document, Entry
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.lenient import Reading
from vlmkit.exporters.names import SafeNames
from vlmkit.exporters.options import ExportOptions, PictureForm
from vlmkit.exporters.pictures import file_of_picture
from vlmkit.exporters.rows import further_columns
from vlmkit.extras import open_by_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_parquet", "to_parquet"]

_PICTURE = "image"


def to_parquet(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    columns: Sequence[str] | None = None,
    pictures: PictureForm = "original",
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write a table and its pictures into one Parquet file; pictures are the column ``image``.

    Rows that failed, were rejected, or whose picture cannot be read are left out.

    Parameters
    ----------
    frame : DataFrame
    path : path
        The file.
    column : str or None, default None
        Column of texts, for the account and the card.
    columns : sequence of str or None, default None
        Columns beside the pictures; None takes all.
    pictures : {"original", "upright"}, default "original"
        The files' own bytes; or without metadata and turned upright, for readers that do not heed EXIF.
    **options
        As in `ExportOptions`.

    Returns
    -------
    DataFrame
        What was done, or would be: path, action, before, after, reason.

    Raises
    ------
    SetupError
        The file is there already, or cannot be written; or pyarrow is missing.
    """
    check_choice("pictures", pictures, ("original", "upright"))
    place = Path(path)
    names = [name for name in further_columns(frame, options.get("image"), columns) if name != _PICTURE]
    job = start(frame, place.parent, options, title="Parquet", column=column, cells=names, is_record=True)
    schema = open_by_name("vlmkit.exporters.arrow:schema_of", extra="formats")(
        frame, {name: name for name in names}, _PICTURE, is_picture=True
    )
    codec = _codec(schema, job.text)
    document = Document(job.folder / place.name, codec, job)
    document.write(_entries(job, document, upright=pictures == "upright"))
    usage = f'from datasets import load_dataset\n\ndata = load_dataset("parquet", data_files={place.name!r})'
    return job.finish(place.name, [usage])


def _codec(schema: Any, text: str | None) -> Any:
    def entry_of(record: dict[str, Any]) -> Entry:
        value = record.get(text) if text else None
        return Entry(name=record[_PICTURE]["path"], text=None if value is None else str(value), record=record)

    parquet_file = open_by_name("vlmkit.exporters.arrow:ParquetFile", extra="formats")
    return parquet_file(schema, entry_of, picture=_PICTURE)


def _entries(job: Job, document: Document, *, upright: bool) -> Iterator[Entry]:
    names = SafeNames()
    for row in job.usable_rows():
        try:
            file = file_of_picture(row.ref, job.own_name(row), upright=upright, limits=job.limits)
        except RunError as fault:
            job.leave_out(row, fault)
            continue
        name = names.take(job.own_name(row), file.suffix)
        data = None if document.keeps(name) else file.data
        yield Entry(name=name, text=row.text, record={_PICTURE: {"bytes": data, "path": name}, **row.cells})


def read_parquet(path: str | Path, *, pictures: bool = True) -> pd.DataFrame:
    """Read a Parquet file with pictures inside.

    Parameters
    ----------
    path : path
    pictures : bool, default True
        Whether the pictures are read, too: column ``image``, as ``{"bytes": …, "path": …}``, which all verbs take.
        Otherwise only their names, column ``path``.

    Returns
    -------
    DataFrame

    Raises
    ------
    SetupError
        The file cannot be read, or pyarrow is missing.
    """
    parquet_file = open_by_name("vlmkit.exporters.arrow:ParquetFile", extra="formats")

    def entry_of(record: dict[str, Any]) -> Entry:
        picture = record.pop(_PICTURE, None)
        first = {_PICTURE: picture} if pictures else {"path": (picture or {}).get("path")}
        return Entry(name="", text=None, record={**first, **record} if picture is not None else record)

    reading = Reading(path)
    return reading.table(entry.record for entry in parquet_file(None, entry_of).read(Path(path), reading))
