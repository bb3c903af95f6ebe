"""The metadata JSON of kohya's fine-tuning scripts: one object, captions and tags by picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Unpack

from vlmkit.exporters.documents import Document, Entry, load_json
from vlmkit.exporters.job import Job, start
from vlmkit.exporters.lenient import Reading
from vlmkit.exporters.locating import Locator
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.sidecars import doubled_braces
from vlmkit.exporters.values import split_tags, to_json
from vlmkit.sources import PICTURE_SUFFIXES, is_url

if TYPE_CHECKING:
    import pandas as pd

    from vlmkit.exporters.reading import Candidate

__all__ = ["KohyaFile", "is_kohya", "read_kohya", "to_kohya"]


class KohyaFile:
    """One object, picture by picture."""

    def read(self, path: Path, reading: Reading | None = None) -> Iterator[Entry]:
        """Entries of a file, which is loaded as a whole.

        Raises
        ------
        SetupError
            It is none of this format; without an account, also where one entry is none.
        """
        account = Reading(path, strict=True) if reading is None else reading
        for name, record in load_json(path, dict).items():
            if isinstance(record, dict) and {"caption", "tags"} & set(record):
                yield Entry(name=name, text=_caption(record.get("caption")), record=record)
            else:
                account.leave_out("entry", f"{name!r} is not an object with caption and tags")

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file."""
        stream.write(b"{")
        for number, entry in enumerate(entries):
            stream.write(f"{',' if number else ''}\n{to_json(entry.name)}: {to_json(entry.record)}".encode())
        stream.write(b"\n}\n")


def _caption(value: Any) -> str | None:
    """A caption, or several, one a line."""
    return "\n".join(map(str, value)) if isinstance(value, list) else None if value is None else str(value)


def to_kohya(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    tags: str | None = None,
    full_path: bool = False,
    wildcards: bool = False,
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write the metadata JSON that kohya's fine-tuning takes as ``metadata_file``.

    Its scripts want the pictures below one ``image_dir``, which is `root`: pictures are named relative to it, with
    their ending, as sd-scripts from v0.10 on opens them.

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
        Whether pictures are named by their whole path, which sd-scripts before v0.10 finds, too.
    wildcards : bool, default False
        Whether braces are doubled, for ``enable_wildcard``, which would draw lots among what is in them.
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
    document.write(_entries(job, full_path=full_path, wildcards=wildcards))
    folder = "" if full_path else f"\nimage_dir = {to_json(str(job.root))}"
    file = to_json(str(job.folder / place.name))
    subset = f"# kohya's configuration\n[[datasets.subsets]]\nmetadata_file = {file}{folder}"
    return job.finish(place.name, [job.loading(place.name), subset])


def _entries(job: Job, *, full_path: bool, wildcards: bool) -> Iterator[Entry]:
    for row, name in job.named_rows():
        if is_url(name):
            job.leave_out(row, "kohya opens no pictures on the web; download it.")
            continue
        text = doubled_braces(row.text) if wildcards and row.text is not None else row.text
        record = {"caption": text} if text is not None else {}
        tags = {"tags": ", ".join(row.tags)} if row.tags else {}
        yield Entry(name=str(job.root / name) if full_path else name, text=text, record=record | tags)


def read_kohya(path: str | Path, *, root: str | Path | None = None, column: str = "caption") -> pd.DataFrame:
    """Read kohya's metadata JSON, whose names may have an ending or not.

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
        ``path`` of each picture, the column, and ``tags`` (lists). What cannot be read is left out, and a warning says
        what.

    Raises
    ------
    SetupError
        The file cannot be read.
    """
    reading = Reading(path)
    return reading.table(_rows(path, root, column, reading), ["path", column, "tags"])


def _rows(path: str | Path, root: str | Path | None, column: str, reading: Reading) -> Iterator[dict[str, Any]]:
    locator = Locator(path, root, reading)
    for entry in KohyaFile().read(Path(path), reading):
        found = reading.attempt(repr(entry.name), _picture, entry.name, locator)
        tags = entry.record.get("tags")
        listed = tags if isinstance(tags, list) or tags is None else split_tags(str(tags))
        if found is not None:
            yield {"path": found, column: entry.text, "tags": listed}


def _picture(name: str, locator: Locator) -> str:
    """Path of a picture whose name may lack its ending."""
    is_whole = Path(name).is_absolute()
    if Path(name).suffix.lower() in PICTURE_SUFFIXES and (is_whole or locator.present(name)):
        return name if is_whole else locator.find(name)
    return locator.with_stem(name) or (name if is_whole else locator.find(name))


def is_kohya(candidate: Candidate) -> bool:
    """Whether a file is one JSON object, which is then taken for pictures by their names.

    Parameters
    ----------
    candidate : Candidate
    """
    return candidate.document is not None
