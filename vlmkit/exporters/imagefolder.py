"""A folder of pictures with a metadata file, as `datasets.load_dataset("imagefolder")` reads it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Unpack

from vlmkit.arguments import check_choice
from vlmkit.errors import BadSetting, RunError, SetupError
from vlmkit.exporters.csv import CsvFile, open_csv
from vlmkit.exporters.documents import Codec, Document, Entry, JsonLines
from vlmkit.exporters.files import write_whole
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.lenient import Reading
from vlmkit.exporters.locating import Locator
from vlmkit.exporters.names import SafeNames, check_inside, is_hidden
from vlmkit.exporters.options import ExportOptions, PictureForm
from vlmkit.exporters.pictures import PictureFile, file_of_picture
from vlmkit.exporters.rows import Row, further_columns
from vlmkit.exporters.sidecars import pictures_below
from vlmkit.extras import open_by_name
from vlmkit.sources import PICTURE_SUFFIXES

if TYPE_CHECKING:
    import pandas as pd

    from vlmkit.exporters.reading import Candidate

__all__ = ["METADATA", "is_imagefolder", "metadata_below", "read_imagefolder", "split_of", "to_imagefolder"]

METADATA = ("metadata.jsonl", "metadata.csv", "metadata.parquet")
_KEY = "file_name"
_SPLITS = {
    name: split
    for split, names in {
        "train": ("train", "training"),
        "validation": ("validation", "val", "valid", "dev"),
        "test": ("test", "testing", "eval", "evaluation"),
    }.items()
    for name in names
}


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
    return job.finish(job.folder.name, [usage])


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
    """Read a folder of pictures with metadata files, one for all or each split; or with a folder for each class.

    Parameters
    ----------
    directory : path

    Returns
    -------
    DataFrame
        ``path`` and the columns of the metadata; ``split`` where there are folders such as ``train`` and ``test``; and
        ``label``, the name of a picture's folder, where there is no metadata. Rows that name no picture of the folder
        are left out, and a warning says which.

    Raises
    ------
    SetupError
        There is neither, it cannot be read, or a folder has two kinds of metadata.
    """
    folder = Path(os.path.abspath(directory))  # noqa: PTH100  links stay as they were written
    reading = Reading(folder)
    found = metadata_below(folder)
    if len({path.parent for path in found}) < len(found):
        raise SetupError(f"{folder}: two files called {' or '.join(METADATA)} in one folder; a data set has one.")
    if not found:
        return reading.table(_classes(folder), ["path"])
    rows = (row for path in found for row in _rows(path, folder, reading))
    return reading.table(rows, ["path"])


def metadata_below(folder: Path) -> list[Path]:
    """Metadata files of a folder and its subfolders; hidden ones are passed over.

    Parameters
    ----------
    folder : Path
    """
    named = (path for name in METADATA for path in folder.rglob(name) if path.is_file())
    return sorted(path for path in named if not is_hidden(path.relative_to(folder)))


def split_of(path: Path) -> str | None:
    """Split that a relative path is in, by the first folder that is called like one; None where none is.

    Parameters
    ----------
    path : Path

    Examples
    --------
    >>> split_of(Path("data/val/cat/1.jpg")), split_of(Path("cats/1.jpg"))
    ('validation', None)
    """
    return next((_SPLITS[part.lower()] for part in path.parts[:-1] if part.lower() in _SPLITS), None)


def _classes(folder: Path) -> Iterator[dict[str, Any]]:
    pictures = [path for path in pictures_below(folder) if not is_hidden(path.relative_to(folder))]
    if all(path.parent == folder for path in pictures):
        raise SetupError(f"{folder}: no file called {' or '.join(METADATA)}, and no folder for each class.")
    for path in pictures:
        below = path.relative_to(folder)
        split = split_of(below)
        is_class = len(below.parts) > 1 and below.parts[-2].lower() not in _SPLITS
        row = {"path": str(path), "label": below.parts[-2] if is_class else None}
        yield row | ({} if split is None else {"split": split})


def _rows(metadata: Path, folder: Path, reading: Reading) -> Iterator[dict[str, Any]]:
    """Rows of one metadata file, whose names are relative to it."""
    reading.part = f"{metadata.relative_to(folder).as_posix()}, "
    locator = Locator(metadata, metadata.parent, reading)
    split = split_of(metadata.relative_to(folder))
    for number, record in enumerate(_records(metadata, reading), 1):
        row = reading.attempt(f"row {number}", _row, record, locator, metadata)
        if row is not None:
            path = Path(row["path"])
            own = split or (split_of(path.relative_to(folder)) if path.is_relative_to(folder) else None)
            yield row | ({} if own is None or "split" in row else {"split": own})


def _records(metadata: Path, reading: Reading) -> Iterator[dict[str, Any]]:
    if metadata.suffix == ".csv":
        names, rows = open_csv(metadata, reading)
        yield from (dict(zip(names, cells, strict=True)) for cells in rows)
    elif metadata.suffix == ".parquet":
        parquet_file = open_by_name("vlmkit.exporters.arrow:ParquetFile", extra="formats")
        yield from (entry.record for entry in parquet_file(None, _plain_entry).read(metadata, reading))
    else:
        yield from (entry.record for entry in JsonLines(_plain_entry).read(metadata, reading))


def _row(record: dict[str, Any], locator: Locator, metadata: Path) -> dict[str, Any]:
    """A record with the path of its picture in place of its name; of several pictures, that of the first.

    Raises
    ------
    SetupError
        There is no column of names.
    """
    key = _key_of(record, metadata)
    named = record[key] if isinstance(record[key], list) else [record[key]]
    if not named or named[0] is None:
        raise SetupError(f"no picture in its column {key!r}")
    paths = [locator.find(str(name)) for name in named]
    others = {name: value for name, value in record.items() if name != key}
    return {"path": paths[0], **others, **({"images": paths} if len(paths) > 1 else {})}


def _plain_entry(record: dict[str, Any]) -> Entry:
    return Entry(name="", text=None, record={**record})


def is_imagefolder(candidate: Candidate) -> bool | None:
    """Whether a folder has metadata; where nothing else fits, a subfolder for each class will do.

    Parameters
    ----------
    candidate : Candidate
    """
    if metadata_below(candidate.path):
        return True
    found = [path for path in candidate.path.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES]
    return None if found and all(path.parent != candidate.path for path in found) else False


def _key_of(record: dict[str, Any], metadata: Path) -> str:
    """The column of names of pictures."""
    keys = [name for name in record if name == _KEY or name.endswith((f"_{_KEY}", f"{_KEY}s"))]
    if not keys:
        raise SetupError(f"{metadata.name}: no column {_KEY!r}, which names the pictures")
    return _KEY if _KEY in keys else keys[0]
