"""A folder of pictures with a metadata file, as `datasets.load_dataset("imagefolder")` reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, Unpack

import pandas as pd

from vlmkit.errors import BadSetting, RunError, SetupError
from vlmkit.exporters.csv import CsvFile, read_csv
from vlmkit.exporters.documents import Codec, Document, Entry, JsonLines
from vlmkit.exporters.files import write_whole
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.names import SafeNames, check_inside, resolve_name
from vlmkit.exporters.options import ExportOptions, PictureForm, check_choice
from vlmkit.exporters.pictures import PictureFile, file_of_picture
from vlmkit.exporters.rows import Row, further_columns
from vlmkit.exporters.values import table_of_records
from vlmkit.extras import open_by_name

__all__ = ["METADATA", "read_imagefolder", "to_imagefolder"]

METADATA = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
_KEY = "file_name"


def to_imagefolder(
    frame: pd.DataFrame,
    directory: str | Path,
    *,
    column: str | None = None,
    columns: Sequence[str] | None = None,
    metadata: Literal["jsonl", "csv", "parquet"] = "jsonl",
    text_name: str | None = None,
    pictures: PictureForm = "original",
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write pictures and a metadata file that `datasets.load_dataset("imagefolder")` opens.

    Pictures are copied, under safe names, unless the directory is where they are. One of the same name and other
    content is an error with ``if_exists="fail"``, replaced with "overwrite", and otherwise gets a name beside it.
    Rows that failed, were rejected, or whose picture cannot be read are left out.

    Parameters
    ----------
    frame : DataFrame
    directory : path
    column : str or None, default None
        Column of texts, for the account and the card.
    columns : sequence of str or None, default None
        Columns beside the pictures; None takes all.
    metadata : {"jsonl", "csv", "parquet"}, default "jsonl"
        CSV holds no lists, and its reader takes a text such as "None" for missing.
    text_name : str or None, default None
        What `column` is called in the file; many trainers look for ``text``.
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
        There is such a data set already, or it cannot be written.
    """
    check_choice("metadata", metadata, ("jsonl", "csv", "parquet"))
    check_choice("pictures", pictures, ("original", "upright"))
    names = [name for name in further_columns(frame, options.get("image"), columns) if name != _KEY]
    job = start(frame, directory, options, title="imagefolder", column=column, cells=names, is_record=True)
    renamed = _renamed(names, job.text, text_name)
    others = [name for name in METADATA if name != f"metadata.{metadata}" and (job.folder / name).exists()]
    if others:
        raise SetupError(
            f"{job.folder / others[0]}: a data set has one kind of metadata. Remove it, or write this kind."
        )
    document = Document(job.folder / f"metadata.{metadata}", _codec(metadata, job, renamed), job)
    document.write(_entries(job, document, renamed, upright=pictures == "upright"))
    usage = 'from datasets import load_dataset\n\ndata = load_dataset("imagefolder", data_dir=".")'
    return job.finish("README.md", usage)


def _renamed(names: Sequence[str], text: str | None, text_name: str | None) -> dict[str, str]:
    """Names in the file by names in the table."""
    if text_name is None:
        return {name: name for name in names}
    if text is None or text_name in {*names, _KEY} - {text}:
        raise BadSetting(f"text_name={text_name!r}: name the column of texts with column=…, and a free name.")
    return {name: text_name if name == text else name for name in names}


def _codec(metadata: str, job: Job, renamed: dict[str, str]) -> Codec:
    text = renamed.get(job.text or "")

    def entry_of(record: dict[str, Any]) -> Entry:
        value = record.get(text) if text else None
        return Entry(name=record[_KEY], text=None if value is None else str(value), record=record)

    if metadata == "jsonl":
        return JsonLines(entry_of)
    if metadata == "csv":
        return CsvFile([_KEY, *renamed.values()], _KEY, text=text, guarded=False)
    schema = open_by_name("vlmkit.exporters.arrow:schema_of", extra="formats")(job.frame, renamed, _KEY)
    codec: Codec = open_by_name("vlmkit.exporters.arrow:ParquetFile", extra="formats")(schema, entry_of)
    return codec


def _entries(job: Job, document: Document, renamed: dict[str, str], *, upright: bool) -> Iterator[Entry]:
    names = SafeNames()
    for row in job.usable_rows():
        try:
            file = file_of_picture(row.ref, job.own_name(row), upright=upright, limits=job.limits)
        except RunError as fault:
            job.leave_out(row, fault)
            continue
        name = _place(job, row, file, names, completed=document.is_completed)
        cells = {renamed[label]: value for label, value in row.cells.items()}
        yield Entry(name=name, text=row.text, record={_KEY: name, **cells})


def _place(job: Job, row: Row, file: PictureFile, names: SafeNames, *, completed: bool) -> str:
    """Put a picture where it belongs, and give its name.

    Raises
    ------
    SetupError
        Another picture has the name.
    """
    while True:
        name = names.take(job.own_name(row), file.suffix)
        target = job.folder / name
        check_inside(job.folder, target)
        there = target.read_bytes() if target.is_file() else None
        if there == file.data:
            return name
        if there is None or not completed:
            break
    if there is not None and job.options.if_exists == "fail" and not job.options.dry_run:
        raise SetupError(
            f'{target}: another picture is there. Pass if_exists="append" to give this one a name beside it, or '
            '"overwrite" to replace that one (a copy is kept).'
        )
    if not job.options.dry_run:
        job.backups.keep(target)
        write_whole(target, file.data)
    return name


def read_imagefolder(directory: str | Path) -> pd.DataFrame:
    """Read a folder of pictures with a metadata file.

    Parameters
    ----------
    directory : path

    Returns
    -------
    DataFrame
        ``path`` and the columns of the metadata.

    Raises
    ------
    SetupError
        There is no metadata file, it cannot be read, or it names pictures outside the folder.
    """
    folder = Path(os.path.abspath(directory))  # noqa: PTH100  links stay as they were written
    found = [folder / name for name in METADATA if (folder / name).is_file()]
    if len(found) != 1:
        raise SetupError(f"{folder}: {len(found)} files called {' or '.join(METADATA)}; an imagefolder has one.")
    if found[0].suffix == ".csv":
        table = read_csv(found[0], guarded=False)
    elif found[0].suffix == ".parquet":
        records = open_by_name("vlmkit.exporters.arrow:ParquetFile", extra="formats")(None, _plain_entry).read(found[0])
        table = table_of_records([entry.record for entry in records])
    else:
        table = table_of_records([entry.record for entry in JsonLines(_plain_entry).read(found[0])])
    if _KEY not in table.columns:
        raise SetupError(f"{found[0]}: no column {_KEY!r}, which names the pictures.")
    paths = [resolve_name(folder, str(name), str(found[0])) for name in table.pop(_KEY)]
    table.insert(0, "path", pd.Series(paths, index=table.index, dtype="string"))
    return table


def _plain_entry(record: dict[str, Any]) -> Entry:
    return Entry(name=record[_KEY], text=None, record=record)
