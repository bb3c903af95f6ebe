"""Any of these formats as a table: which one it is, is seen from its files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters.imagefolder import METADATA
from vlmkit.extras import open_by_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FORMATS", "format_of", "read_dataset"]

FORMATS = {
    "imagefolder": "vlmkit.exporters.imagefolder:read_imagefolder",
    "parquet": "vlmkit.exporters.parquet:read_parquet",
    "sidecars": "vlmkit.exporters.sidecars:read_sidecars",
    "kohya": "vlmkit.exporters.kohya:read_kohya",
    "coco": "vlmkit.exporters.coco:read_coco",
    "webdataset": "vlmkit.exporters.webdataset:read_webdataset",
    "llava": "vlmkit.exporters.llava:read_llava",
    "messages": "vlmkit.exporters.messages:read_messages",
    "label_studio": "vlmkit.exporters.label_studio:read_label_studio",
    "xmp": "vlmkit.exporters.xmp:read_xmp",
    "jsonl": "vlmkit.exporters.jsonl:read_jsonl",
    "csv": "vlmkit.exporters.csv:read_csv",
}
"""What reads each format."""

_BY_SUFFIX = {".parquet": "parquet", ".tar": "webdataset", ".csv": "csv"}


def read_dataset(path: str | Path, format: str | None = None, **options: Any) -> pd.DataFrame:  # noqa: A002  pandas' word
    """Read a data set that vlmkit or another program wrote.

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
        Parquet file; `guarded`, False for a CSV whose apostrophes mean themselves.

    Returns
    -------
    DataFrame
        One row per picture, or more where a file says more: ``path`` and what the format has.

    Raises
    ------
    SetupError
        It is not there, is none of these formats, or cannot be read.
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
        found = _BY_SUFFIX.get(suffix) or _of_json(path, suffix)
    else:
        raise SetupError(f"{path}: no such file or folder.")
    if found is None:
        raise SetupError(f"{path}: none of the formats {', '.join(FORMATS)}, as far as can be seen. Name it: format=….")
    return found


def _of_folder(folder: Path) -> str | None:
    if any((folder / name).is_file() for name in METADATA):
        return "imagefolder"
    patterns = (("*.tar", "webdataset"), ("*.xmp", "xmp"), ("*.txt", "sidecars"), ("*.caption", "sidecars"))
    return next((name for pattern, name in patterns if next(folder.rglob(pattern), None) is not None), None)


def _of_json(path: Path, suffix: str) -> str | None:
    is_lines = suffix in {".jsonl", ".ndjson"}
    if not is_lines and suffix != ".json":
        return None
    try:
        with path.open(encoding="utf-8-sig") as file:
            content = json.loads(file.readline() if is_lines else file.read())
    except (OSError, ValueError, RecursionError) as error:
        raise SetupError(f"{path}: no JSON that can be read ({error}). Check the file, or name its format.") from error
    if is_lines:
        return "messages" if isinstance(content, dict) and "messages" in content else "jsonl"
    if isinstance(content, dict):
        return "coco" if "images" in content and "annotations" in content else "kohya"
    return _of_list(content)


def _of_list(content: Any) -> str | None:
    first = content[0] if isinstance(content, list) and content else None
    keys = first if isinstance(first, dict) else {}
    return "llava" if "conversations" in keys else "label_studio" if "data" in keys else None
