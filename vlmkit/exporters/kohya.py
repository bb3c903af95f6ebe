"""The metadata JSON of kohya's fine-tuning scripts: one object, captions and tags by picture."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Unpack

from vlmkit.exporters.documents import Document, Entry, load_json, unreadable
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.names import resolve_name
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.values import split_tags, table_of_records, to_json
from vlmkit.sources.formats import SUFFIXES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["KohyaFile", "read_kohya", "to_kohya"]


class KohyaFile:
    """One object, picture by picture."""

    def read(self, path: Path) -> Iterator[Entry]:
        """Entries of a file, which is loaded as a whole.

        Raises
        ------
        SetupError
            It is none of this format.
        """
        for name, record in load_json(path, dict).items():
            if not isinstance(record, dict):
                raise unreadable(path, TypeError(f"{name!r} is no object with caption and tags"))
            yield Entry(name=name, text=record.get("caption"), record=record)

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file."""
        stream.write(b"{")
        for number, entry in enumerate(entries):
            stream.write(f"{',' if number else ''}\n{to_json(entry.name)}: {to_json(entry.record)}".encode())
        stream.write(b"\n}\n")


def to_kohya(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    tags: str | None = None,
    full_path: bool = False,
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write the metadata JSON that kohya's fine-tuning takes as ``metadata_file``.

    Its scripts want the pictures directly in one ``image_dir``: that is `root`.

    Parameters
    ----------
    frame : DataFrame
    path : path
        The file.
    column : str or None, default None
        Column of texts; each line is a caption of its own. Default: the only column of answers, unless there are tags.
    tags : str or None, default None
        Column of tags, lists or texts with commas.
    full_path : bool, default False
        Whether pictures are named by their whole path; otherwise by their name without its ending.
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
    job = start(frame, place.parent, options, title="kohya metadata", column=column, tags=tags)
    document = Document(job.folder / place.name, KohyaFile(), job)
    document.write(_entries(job, full_path=full_path))
    return job.finish(f"{place.name}.card.md", job.loading(place.name))


def _entries(job: Job, *, full_path: bool) -> Iterator[Entry]:
    seen = set()
    for row, name in job.named_rows():
        key = str(job.root / name) if full_path else str(PurePosixPath(name).with_suffix(""))
        if key in seen:
            job.leave_out(row, f"another picture is called {key}, too; pass full_path=True, or rename one.")
            continue
        seen.add(key)
        record = {"caption": row.text} if row.text is not None else {}
        tags = {"tags": ", ".join(row.tags)} if row.tags else {}
        yield Entry(name=key, text=row.text, record=record | tags)


def read_kohya(path: str | Path, *, root: str | Path | None = None, column: str = "caption") -> pd.DataFrame:
    """Read kohya's metadata JSON.

    Parameters
    ----------
    path : path
    root : path or None, default None
        Folder of the pictures. Default: the file's own.
    column : str, default "caption"
        What the column of texts is called.

    Returns
    -------
    DataFrame
        ``path`` of each picture, the column, and ``tags`` (lists).

    Raises
    ------
    SetupError
        The file cannot be read.
    """
    place = Path(os.path.abspath(path))  # noqa: PTH100  links stay as they were written
    folder = place.parent if root is None else Path(os.path.abspath(root))  # noqa: PTH100
    records: list[dict[str, Any]] = []
    for entry in KohyaFile().read(place):
        is_whole = Path(entry.name).is_absolute()
        found = entry.name if is_whole else _picture(Path(resolve_name(folder, entry.name, str(place))))
        tags = entry.record.get("tags")
        records.append({"path": found, column: entry.text, "tags": None if tags is None else split_tags(str(tags))})
    return table_of_records(records, ["path", column, "tags"])


def _picture(stem: Path) -> str:
    """The picture of a name without ending; the name itself where there is none."""
    if stem.suffix.lower() in SUFFIXES and stem.exists():
        return str(stem)
    endings = sorted({ending for suffix in SUFFIXES for ending in (suffix, suffix.upper())})
    found = (stem.with_name(stem.name + ending) for ending in endings)
    return str(next((path for path in found if path.is_file()), stem))
