"""Tables as they are: all rows, all columns, with or without pictures, to a stream instead of a data set's files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from vlmkit.errors import BadSetting
from vlmkit.exporters.csv import CsvFile
from vlmkit.exporters.documents import Codec, Entry, JsonLines, JsonList
from vlmkit.exporters.formats import TABLE_FORMATS
from vlmkit.exporters.values import clean_text, plain_reader
from vlmkit.extras import open_by_name
from vlmkit.sources import path_in_text

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["write_table"]

_PATH, _PICTURE = "path", "image"


def write_table(frame: pd.DataFrame, form: str, stream: IO[bytes]) -> None:
    """Write a table so that `read_dataset` reads it back.

    Unlike the exports this needs no pictures, leaves no row out, and writes no card. The formats are theirs: CSV has no
    formula, JSON no hidden character. Pictures that are inside the table are written as their paths.

    Parameters
    ----------
    frame : DataFrame
        Its index is not written.
    form : {"csv", "json", "jsonl", "parquet"}
    stream : file
        Takes bytes; UTF-8 where the format is text.

    Raises
    ------
    BadSetting
        The format is unknown.
    MissingExtra
        Parquet, and pyarrow is not installed.
    """
    if form not in TABLE_FORMATS:
        raise BadSetting(f"form={form!r}: unknown format. Give one of {', '.join(map(repr, TABLE_FORMATS))}.")
    table = _without_pictures(frame)
    _CODECS[form](table).write(stream, _entries(table, in_text=form == "csv"))


def _csv(table: pd.DataFrame) -> Codec:
    return CsvFile(list(table.columns), _PATH)


def _json(_table: pd.DataFrame) -> Codec:
    return JsonList(_entry)


def _jsonl(_table: pd.DataFrame) -> Codec:
    return JsonLines(_entry)


def _parquet(table: pd.DataFrame) -> Codec:
    schema = open_by_name("vlmkit.exporters.arrow:schema_of", extra="formats")(
        table, {name: name for name in table.columns}
    )
    codec: Codec = open_by_name("vlmkit.exporters.arrow:ParquetFile", extra="formats")(schema, _entry)
    return codec


_CODECS: dict[str, Callable[[pd.DataFrame], Codec]] = {
    "csv": _csv,
    "json": _json,
    "jsonl": _jsonl,
    "parquet": _parquet,
}


def _entry(record: Any) -> Entry:
    return Entry(name="", text=None, record=record)


def _entries(table: pd.DataFrame, *, in_text: bool) -> Iterator[Entry]:
    readers = [plain_reader(table[name]) for name in table.columns]
    if not in_text and _PATH in table.columns:
        readers[list(table.columns).index(_PATH)] = _path_in_json
    elif _PATH in table.columns:
        readers[list(table.columns).index(_PATH)] = _path_in_csv
    for cells in zip(*(table[name].array for name in table.columns), strict=True):
        yield _entry({name: read(cell) for name, read, cell in zip(table.columns, readers, cells, strict=True)})


def _path_in_csv(value: Any) -> str | None:
    return path_in_text(value) if isinstance(value, str) else None


def _path_in_json(value: Any) -> str | None:
    """Only a path that is not valid Unicode needs another form: escapes hold everything else."""
    return value if isinstance(value, str) and clean_text(value) == value else _path_in_csv(value)


def _without_pictures(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with texts for names, and paths for the pictures that a Parquet file had inside."""
    table = frame.rename(columns=str)
    if _PICTURE not in table.columns or not table[_PICTURE].map(_is_picture).any():
        return table
    table[_PICTURE] = table[_PICTURE].map(_path_of).astype("string")
    return table if _PATH in table.columns else table.rename(columns={_PICTURE: _PATH})


def _is_picture(value: Any) -> bool:
    return isinstance(value, Mapping) and "bytes" in value


def _path_of(value: Any) -> Any:
    return value.get("path") if _is_picture(value) else value
