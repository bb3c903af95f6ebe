"""What Arrow does here: Parquet files and the reading of CSV; the only module that opens it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from vlmkit.errors import SetupError
from vlmkit.exporters.documents import Entry, unreadable
from vlmkit.exporters.values import plain_reader

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ParquetFile", "csv_rows", "schema_of"]

_PICTURE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])  # as `datasets` keeps them

_BLOCK_BYTES = 16 << 20  # a cell may be no longer
_GROUP_ROWS = 100  # the Hub's viewer reads one group at a time


def csv_rows(path: Path) -> tuple[list[str], Iterator[list[str | None]]]:
    """Names of a CSV file's columns, and its rows, block by block.

    Parameters
    ----------
    path : Path

    Returns
    -------
    names : list of str
    rows : iterator of list
        Texts; None where there is nothing between the commas.

    Raises
    ------
    SetupError
        The file is no CSV.
    """
    parse = pyarrow.csv.ParseOptions(newlines_in_values=True)
    read = pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False)
    try:
        with pyarrow.csv.open_csv(path, read_options=read, parse_options=parse) as reader:
            names = list(reader.schema.names)
    except (pa.ArrowInvalid, OSError) as error:
        raise unreadable(path, error) from error
    if len(set(names)) < len(names):
        raise SetupError(f"{path}: two of its columns have the same name: {', '.join(names)}. Rename one.")
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )

    def rows() -> Iterator[list[str | None]]:
        try:
            with pyarrow.csv.open_csv(path, read, parse, convert) as reader:
                for batch in reader:
                    yield from map(list, zip(*(column.to_pylist() for column in batch.columns), strict=True))
        except (pa.ArrowInvalid, OSError) as error:
            raise unreadable(path, error) from error

    return names, rows()


def schema_of(frame: pd.DataFrame, columns: Mapping[str, str], key: str, *, is_picture: bool = False) -> Any:
    """Arrow fields of a file: its key, and a table's columns; what Arrow has no type for becomes text.

    Parameters
    ----------
    frame : DataFrame
    columns : mapping of str to str
        Names in the file by names in the table.
    key : str
        First field.
    is_picture : bool, default False
        Whether that is the picture itself; otherwise it is a text.

    Returns
    -------
    pyarrow.Schema
    """
    first = pa.field(key, _PICTURE if is_picture else pa.string())
    return pa.schema([first, *(pa.field(name, _type_of(frame[label])) for label, name in columns.items())])


def _type_of(column: pd.Series[Any]) -> Any:
    read = plain_reader(column)
    found = pa.null()
    values = map(read, column.array)
    try:
        while chunk := list(islice(values, 10_000)):
            found = _wider(found, pa.array(chunk).type)
    except pa.ArrowInvalid:
        return pa.string()
    return pa.string() if pa.types.is_null(found) else found


def _wider(one: Any, other: Any) -> Any:
    return (
        pa.unify_schemas([pa.schema([("", one)]), pa.schema([("", other)])], promote_options="permissive").field(0).type
    )


class ParquetFile:
    """A Parquet file, written in small groups of rows.

    Parameters
    ----------
    schema : pyarrow.Schema or None
        None takes that of the file, for reading.
    entry_of : callable
        Entry of a record.
    picture : str or None, default None
        Column that `datasets` shall open as pictures.
    """

    def __init__(
        self,
        schema: Any,
        entry_of: Callable[[dict[str, Any]], Entry],
        *,
        picture: str | None = None,
    ) -> None:
        told = {"info": {"features": {picture: {"_type": "Image"}}}}
        self._schema = schema.with_metadata({"huggingface": json.dumps(told)}) if picture else schema
        self._entry_of = entry_of

    def read(self, path: Path) -> Iterator[Entry]:
        """Entries of a file, group by group.

        Raises
        ------
        SetupError
            It is no Parquet file, or has other columns.
        """
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                there = set(file.schema_arrow.names)
                if self._schema is not None and there != set(self._schema.names):
                    raise SetupError(
                        f"{path}: its columns are {', '.join(sorted(there))}, not {', '.join(self._schema.names)}. "
                        "Choose the same with columns=…, or write another file."
                    )
                for batch in file.iter_batches(batch_size=_GROUP_ROWS):
                    yield from map(self._entry_of, batch.to_pylist())
        except (pa.ArrowException, OSError, KeyError, TypeError) as error:
            raise unreadable(path, error) from error

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file."""
        with pyarrow.parquet.ParquetWriter(stream, self._schema) as writer:
            while records := [entry.record for entry in islice(entries, _GROUP_ROWS)]:
                writer.write_batch(pa.RecordBatch.from_pylist(records, schema=self._schema))
