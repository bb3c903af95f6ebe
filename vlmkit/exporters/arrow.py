"""What Arrow does here: Parquet files and the reading of CSV; the only module that opens it."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from vlmkit.errors import SetupError
from vlmkit.exporters.decoding import decode_text, marked_encoding
from vlmkit.exporters.documents import Entry
from vlmkit.exporters.lenient import Reading, unreadable
from vlmkit.exporters.values import plain_reader

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ParquetFile", "csv_rows", "delimiter_of", "schema_of"]

_PICTURE = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])  # as `datasets` keeps them

_DELIMITERS = (",", ";", "\t", "|")
_HEAD_BYTES = 1 << 16
_HEAD_ROWS = 50
_BLOCK_BYTES = 16 << 20  # a cell may be no longer
_GROUP_ROWS = 100  # the Hub's viewer reads one group at a time


def csv_rows(
    path: Path, reading: Reading, *, delimiter: str | None = None, encoding: str | None = None
) -> tuple[list[str], Iterator[list[str | None]]]:
    """Names of a CSV file's columns, and its rows, block by block.

    Parameters
    ----------
    path : Path
    reading : Reading
        Where rows of another number of cells are told.
    delimiter : str or None, default None
        None sees it from the first lines.
    encoding : str or None, default None
        Encoding of what is not UTF-8.

    Returns
    -------
    names : list of str
    rows : iterator of list
        Texts; None where there is nothing between the commas. Bytes that are not UTF-8 are lone surrogates.

    Raises
    ------
    SetupError
        The file is not a CSV.
    """
    try:
        source, first, read_cell = _source(path, encoding, reading)
        skipped = int(first[:4].lower() == "sep=")  # Excel's own first line
        lines = first.split("\n", skipped)[skipped:] or [""]
        between = delimiter or (first[4:5] if skipped else delimiter_of(lines[0]))
        parse = pyarrow.csv.ParseOptions(
            delimiter=between, newlines_in_values=True, invalid_row_handler=lambda _: "skip"
        )
        read = pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES, use_threads=False, skip_rows=skipped)
        with pyarrow.csv.open_csv(source(), read_options=read, parse_options=parse) as reader:
            found = list(reader.schema.names)
        names = [read_cell(name.encode(), "strict") for name in found]
    except UnicodeError as error:
        raise unreadable(path, ValueError('not UTF-8; name its encoding, such as encoding="cp1252"')) from error
    except (pa.ArrowInvalid, OSError) as error:
        raise unreadable(path, error) from error
    if len(set(names)) < len(names):
        raise SetupError(f"{path}: two of its columns have the same name: {', '.join(names)}. Rename one.")
    convert = pyarrow.csv.ConvertOptions(
        column_types=dict.fromkeys(found, pa.binary()),
        null_values=[""],
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
    )

    def handle(row: Any) -> str:
        if reading.is_strict:
            return "error"
        reading.leave_out(f"line {row.number}", f"{row.actual_columns} cells where {row.expected_columns} should be")
        return "skip"

    def rows() -> Iterator[list[str | None]]:
        lenient = pyarrow.csv.ParseOptions(delimiter=between, newlines_in_values=True, invalid_row_handler=handle)
        try:
            with pyarrow.csv.open_csv(source(), read, lenient, convert) as reader:
                for batch in reader:
                    for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                        yield [None if cell is None else read_cell(cell, "surrogateescape") for cell in cells]
        except (pa.ArrowInvalid, OSError) as error:
            raise unreadable(path, error) from error

    return names, rows()


def _source(
    path: Path, encoding: str | None, reading: Reading
) -> tuple[Callable[[], Any], str, Callable[[bytes, str], str]]:
    """What opens a file as UTF-8, its beginning, and what makes texts of cells; what is not UTF-8 is held in memory."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if encoding is None and marked_encoding(head) in {None, "utf-8-sig"} and b"\0" not in head:
        first = head.decode("utf-8-sig", "surrogateescape")
        if _is_utf8(path):
            return lambda: path, first, _of_utf8
        return _letters(path.read_bytes()), first, _of_letters
    text, found = decode_text(path.read_bytes(), encoding)
    if found not in {None, "utf-8-sig"}:
        reading.note("files", f"read as {found}", path.name)
    if "\0" in text.split("\n", 1)[0]:
        raise UnicodeError("letters with zeros between")
    data = text.encode("utf-8", "surrogateescape")
    if any("\udc80" <= letter <= "\udcff" for letter in text):  # what was not a text in its encoding either
        return _letters(data), text[:_HEAD_BYTES], _of_letters
    return lambda: pa.BufferReader(data), text[:_HEAD_BYTES], _of_utf8


def _letters(data: bytes) -> Callable[[], Any]:
    """Arrow cannot tell of a row that is not UTF-8: each byte is a letter for it, and a byte again in the cell."""
    letters = data.decode("latin-1").encode()
    return lambda: pa.BufferReader(letters)


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _of_utf8(cell: bytes, errors: str) -> str:
    return cell.decode("utf-8", errors)


def _of_letters(cell: bytes, errors: str) -> str:
    return cell.decode().encode("latin-1").decode("utf-8", errors)


def delimiter_of(text: str) -> str:
    r"""What stands between the cells of a CSV file: that which divides all its first lines alike.

    Parameters
    ----------
    text : str
        The beginning of the file; its last line may be half.

    Examples
    --------
    >>> delimiter_of("path;caption\na.jpg;one, two\n")
    ';'
    """
    cut = text[: text.rfind("\n") + 1] or text
    best, most = ",", (0, 0, 0)
    for place, mark in enumerate(_DELIMITERS):
        try:
            rows = [row for row in islice(csv.reader(io.StringIO(cut, newline=""), delimiter=mark), _HEAD_ROWS) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        alike = sum(len(row) == width for row in rows)
        score = (int(width > 1), alike if width > 1 else 0, -place)
        best, most = (mark, score) if score > most else (best, most)
    return best


def schema_of(
    frame: pd.DataFrame, columns: Mapping[str, str], key: str | None = None, *, is_picture: bool = False
) -> Any:
    """Arrow fields of a file: its key, and a table's columns; what Arrow has no type for becomes text.

    Parameters
    ----------
    frame : DataFrame
    columns : mapping of str to str
        Names in the file by names in the table.
    key : str or None, default None
        First field; None is none.
    is_picture : bool, default False
        Whether that is the picture itself; otherwise it is a text.

    Returns
    -------
    pyarrow.Schema
    """
    first = [] if key is None else [pa.field(key, _PICTURE if is_picture else pa.string())]
    return pa.schema([*first, *(pa.field(name, _type_of(frame[label])) for label, name in columns.items())])


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

    def read(self, path: Path, reading: Reading | None = None) -> Iterator[Entry]:
        """Entries of a file, group by group.

        Raises
        ------
        SetupError
            It is not a Parquet file, or has other columns.
        """
        account = Reading(path, strict=True) if reading is None else reading
        try:
            with pyarrow.parquet.ParquetFile(path) as file:
                there = set(file.schema_arrow.names)
                if self._schema is not None and there != set(self._schema.names):
                    raise SetupError(
                        f"{path}: its columns are {', '.join(sorted(there))}, not {', '.join(self._schema.names)}. "
                        "Choose the same with columns=…, or write another file."
                    )
                number = 0
                for batch in file.iter_batches(batch_size=_GROUP_ROWS):
                    for record in batch.to_pylist():
                        number += 1
                        if (entry := account.attempt(f"row {number}", self._entry_of, record)) is not None:
                            yield entry
        except (pa.ArrowException, OSError, KeyError, TypeError) as error:
            raise unreadable(path, error) from error

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file."""
        with pyarrow.parquet.ParquetWriter(stream, self._schema) as writer:
            while records := [entry.record for entry in islice(entries, _GROUP_ROWS)]:
                writer.write_batch(pa.RecordBatch.from_pylist(records, schema=self._schema))
