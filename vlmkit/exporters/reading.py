"""Any of these formats as a table: which one it is, is seen from its files."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting
from vlmkit.exporters.formats import EXPORT_FORMATS
from vlmkit.exporters.sniffing import format_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_dataset"]


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
