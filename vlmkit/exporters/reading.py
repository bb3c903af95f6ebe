"""Any known format as a table: which one it is, is seen from its files."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters.decoding import decode_text
from vlmkit.exporters.documents import json_records, load_json
from vlmkit.exporters.formats import EXPORT_FORMATS, ExportFormat
from vlmkit.exporters.lenient import Reading, unreadable
from vlmkit.plugins import open_foreign

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Candidate", "format_of", "read_dataset"]


class Candidate:
    """A file or folder whose format is looked for; what sniffers ask about it is found out once.

    Parameters
    ----------
    path : Path
        Of something that is there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_folder = path.is_dir()

    @property
    def is_json(self) -> bool:
        """Whether its ending is that of one JSON document, rather than of lines."""
        return self.path.suffix.lower() == ".json"

    def contains(self, pattern: str) -> bool:
        """Whether a file somewhere in the folder is called so.

        Parameters
        ----------
        pattern : str
            As for `Path.rglob`.
        """
        return next(self.path.rglob(pattern), None) is not None

    @cached_property
    def document(self) -> dict[str, Any] | None:
        """The one JSON object that a file is; None where it is something else.

        Raises
        ------
        SetupError
            The file cannot be read.
        """
        if not self.is_json:
            return None
        try:
            with self.path.open("rb") as file:
                head, _ = decode_text(file.readline())
            return None if head.lstrip().startswith("[") else dict(load_json(self.path, dict))
        except OSError as error:
            raise unreadable(self.path, error) from error
        except SetupError:  # lines, or broken, as will be seen
            return None

    @cached_property
    def record(self) -> dict[str, Any] | None:
        """The first JSON object in a file of several, or the one that it is; None where there is none."""
        if self.document is not None:
            return self.document
        reading = Reading(self.path)
        first = next((record for _, record in json_records(self.path, reading) if isinstance(record, dict)), None)
        if first is None:
            reading.finish(0)
        return first


def format_of(path: Path) -> ExportFormat:
    """Format of a file or folder.

    Parameters
    ----------
    path : Path

    Raises
    ------
    SetupError
        It is not there, or is none that is known.
    """
    if not path.exists():
        raise SetupError(f"{path}: no such file or folder.")
    candidate, weak = Candidate(path), []
    for row in EXPORT_FORMATS.rows():
        found = _fits(row, candidate)
        if found:
            return row
        weak += [row] if found is None else []
    if not weak:
        known = ", ".join(EXPORT_FORMATS.names())
        raise SetupError(f"{path}: none of the formats {known}, as far as can be seen. Name it: format=….")
    return weak[0]


def _fits(row: ExportFormat, candidate: Candidate) -> bool | None:
    """Whether it is of that format; None is "where nothing else fits"."""
    if candidate.is_folder:
        has_mark = any(candidate.contains(pattern) for pattern in row.inside)
        is_asked = row.layout == "folder" and not row.inside
    else:
        is_asked = has_mark = candidate.path.name.lower().endswith(row.suffixes)
    if row.sniffer is None or not (is_asked or has_mark):
        return has_mark
    answer: bool | None = open_foreign(row.sniffer, f"{row.name} cannot be recognized")(candidate)
    return answer


def read_dataset(path: str | Path, format: str | None = None, **options: Any) -> pd.DataFrame:  # noqa: A002  pandas' word
    """Read a data set that vlmkit or another program wrote.

    A record that is broken does not end it: it is left out, or a row with NA and the reason in a column ``…_error``
    where its picture is known; one warning counts and names what is amiss.

    Parameters
    ----------
    path : path
        A file, or a folder.
    format : str or None, default None
        "imagefolder", "parquet", "webdataset", "xmp", "sidecars", "llava", "messages", "label_studio", "coco",
        "kohya", "jsonl", "csv", or one that a plugin brings. None sees which one it is.
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
    row = format_of(Path(path)) if format is None else EXPORT_FORMATS.find(format)
    if row is None:
        known = ", ".join(map(repr, EXPORT_FORMATS.names()))
        raise BadSetting(f"format={format!r}: unknown format. Give one of {known}, or None to see which it is.")
    read = row.open_reader()
    taken = _options_of(read)
    for option in options:
        if taken is not None and option not in taken:
            has = ", ".join(sorted(taken)) or "none"
            raise BadSetting(f"{option}: {row.name} has no such option; it has: {has}.")
    return read(path, **options)


def _options_of(read: Callable[..., Any]) -> list[str] | None:
    """Names of a reader's options; None where it takes any."""
    parameters = inspect.signature(read).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
