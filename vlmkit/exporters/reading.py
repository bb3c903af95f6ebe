"""Any of these formats as a table: which one it is, is seen from its files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters.decoding import decode_text
from vlmkit.exporters.documents import json_records, load_json
from vlmkit.exporters.imagefolder import metadata_below
from vlmkit.exporters.lenient import Reading, unreadable
from vlmkit.exporters.review_tasks import is_task
from vlmkit.extras import open_by_name
from vlmkit.sources.archives import is_archive
from vlmkit.sources.formats import SUFFIXES

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "format_of", "read_dataset"]

FORMATS = {
    "imagefolder": "vlmkit.exporters.imagefolder:read_imagefolder",
    "parquet": "vlmkit.exporters.parquet:read_parquet",
    "sidecars": "vlmkit.exporters.sidecars:read_sidecars",
    "kohya": "vlmkit.exporters.kohya:read_kohya",
    "coco": "vlmkit.exporters.coco:read_coco",
    "webdataset": "vlmkit.exporters.shards:read_webdataset",
    "llava": "vlmkit.exporters.llava:read_llava",
    "messages": "vlmkit.exporters.messages:read_messages",
    "label_studio": "vlmkit.exporters.review_tasks:read_label_studio",
    "xmp": "vlmkit.exporters.xmp:read_xmp",
    "jsonl": "vlmkit.exporters.jsonl:read_jsonl",
    "csv": "vlmkit.exporters.csv:read_csv",
}
"""What reads each format."""

_BY_SUFFIX = {".parquet": "parquet", ".csv": "csv", ".tsv": "csv"}


def read_dataset(path: str | Path, format: str | None = None, **options: Any) -> pd.DataFrame:  # noqa: A002  pandas' word
    """Read a data set that vlmkit or another program wrote.

    A record that is broken does not end it: it is left out, or a row with NA and the reason in a column ``…_error``
    where its picture is known; one warning counts and names what is amiss.

    Parameters
    ----------
    path : path
        A file, or a folder.
    format : str or None, default None
        "imagefolder", "parquet", "sidecars", "kohya", "coco", "webdataset", "llava", "messages", "label_studio",
        "xmp", "jsonl" or "csv". None sees which one it is.
    **options
        `root`, the folder of the pictures, where a file names them; `column`, what the column of texts shall be
        called, where the format has no name for it; `suffix`, of sidecars; `pictures`, False to leave those in a
        Parquet file; `guarded`, False for a CSV whose apostrophes mean themselves, and its `delimiter`; `encoding`, of
        sidecars and CSV that are not UTF-8; `annotations`, "all" for those of everybody in Label Studio.

    Returns
    -------
    DataFrame
        One row per picture, or more where a file says more: ``path`` and what the format has.

    Raises
    ------
    SetupError
        It is not there, is none of these formats, or nothing in it can be read.
    """
    name = format if format is not None else format_of(Path(path))
    if name not in FORMATS:
        raise BadSetting(f"format={name!r}: give one of {', '.join(map(repr, FORMATS))}, or None to see which it is.")
    read: Callable[..., pd.DataFrame] = open_by_name(FORMATS[name])
    known = {"format", "path", *read.__kwdefaults__} if read.__kwdefaults__ else set()
    for option in options:
        if option not in known:
            has = ", ".join(sorted(known - {"format", "path"})) or "none"
            raise BadSetting(f"{option}: {name} has no such option; it has: {has}.")
    return read(path, **options)


def format_of(path: Path) -> str:
    """Which format a file or folder is.

    Parameters
    ----------
    path : Path

    Raises
    ------
    SetupError
        It is not there, or none that is known.
    """
    if path.is_dir():
        found = _of_folder(path)
    elif path.is_file():
        suffix = path.suffix.lower()
        found = _BY_SUFFIX.get(suffix) or ("webdataset" if is_archive(path.name) else _of_json(path, suffix))
    else:
        raise SetupError(f"{path}: no such file or folder.")
    if found is None:
        raise SetupError(f"{path}: none of the formats {', '.join(FORMATS)}, as far as can be seen. Name it: format=….")
    return found


def _of_folder(folder: Path) -> str | None:
    if metadata_below(folder):
        return "imagefolder"
    patterns = (("*.tar", "webdataset"), ("*.xmp", "xmp"), ("*.txt", "sidecars"), ("*.caption", "sidecars"))
    named = next((name for pattern, name in patterns if next(folder.rglob(pattern), None) is not None), None)
    return named or ("imagefolder" if _has_classes(folder) else None)


def _has_classes(folder: Path) -> bool:
    """Whether there are pictures in subfolders alone, which are then classes or splits."""
    found = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES]
    return bool(found) and all(path.parent != folder for path in found)


def _of_json(path: Path, suffix: str) -> str | None:
    if suffix not in {".jsonl", ".ndjson", ".json"}:
        return None
    if suffix == ".json" and (content := _object(path)) is not None and _of_record(content) == "jsonl":
        return "coco" if isinstance(content.get("images"), list) else "kohya"
    reading = Reading(path)
    first = next((record for _, record in json_records(path, reading) if isinstance(record, dict)), None)
    if first is None:
        reading.finish(0)
    empty = None if suffix == ".json" else "jsonl"
    return empty if first is None else _of_record(first)


def _object(path: Path) -> dict[str, Any] | None:
    """The one object that a file is; None where it is something else."""
    try:
        with path.open("rb") as file:
            head, _ = decode_text(file.readline())
        return None if head.lstrip().startswith("[") else dict(load_json(path, dict))
    except OSError as error:
        raise unreadable(path, error) from error
    except SetupError:  # lines, or broken, as will be seen
        return None


def _of_record(record: dict[str, Any]) -> str:
    if "conversations" in record:
        return "llava"
    if "messages" in record:
        return "messages"
    return "label_studio" if is_task(record) else "jsonl"
