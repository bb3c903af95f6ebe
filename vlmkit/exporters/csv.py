"""CSV in which no spreadsheet finds a formula, and that reads back as it was: empty is not missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Unpack

from vlmkit.errors import BadSetting, SetupError
from vlmkit.exporters.decoding import known_encoding
from vlmkit.exporters.documents import Document, Entry
from vlmkit.exporters.job import start
from vlmkit.exporters.jsonl import plain_entries
from vlmkit.exporters.lenient import Reading
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.rows import further_columns
from vlmkit.exporters.values import to_json
from vlmkit.extras import open_by_name
from vlmkit.sources import PICTURE_SUFFIXES, path_from_text, path_in_text
from vlmkit.untrusted import for_file, quoted

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CsvFile", "guard", "open_csv", "read_csv", "to_csv", "unguard"]

# A cell that begins like this is calculated when the file is opened in a spreadsheet; the wide forms are in Japanese.
_FORMULA = re.compile(r"'*(?:[\t\r\n]|\s*[=+\-@＝＋－＠])")


def guard(text: str) -> str:
    """A text with an apostrophe before it where a spreadsheet would take it for a formula.

    Examples
    --------
    >>> guard("=1+1"), guard("a dog"), unguard(guard("'=1"))
    ("'=1+1", 'a dog', "'=1")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguard(text: str) -> str:
    """What `guard` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


class CsvFile:
    """One row per picture under a line of names.

    Parameters
    ----------
    columns : sequence of str
    key : str
        Column that names the picture.
    text : str or None, default None
        Column of texts.
    guarded : bool, default True
        Whether formulas are made harmless.
    """

    def __init__(self, columns: Sequence[str], key: str, *, text: str | None = None, guarded: bool = True) -> None:
        self._columns, self._key, self._text = list(columns), key, text
        self._guarded = guarded

    def read(self, path: Path, reading: Reading | None = None) -> Iterator[Entry]:
        """Entries of a file.

        Raises
        ------
        SetupError
            It cannot be read, or has other columns.
        """
        account = Reading(path, strict=True) if reading is None else reading
        names, rows = open_by_name("vlmkit.exporters.arrow:csv_rows", extra="formats")(path, account, delimiter=",")
        if [self._read(name) for name in names] != self._columns:
            raise SetupError(
                f"{path}: its columns are {', '.join(map(repr, names))}, not {', '.join(map(repr, self._columns))}. "
                "Choose the same with columns=…, or write another file."
            )
        for cells in rows:
            record = dict(zip(self._columns, map(self._read, cells), strict=True))
            yield Entry(name=str(record[self._key]), text=record.get(self._text or ""), record=record)

    def write(self, stream: IO[bytes], entries: Iterator[Entry]) -> None:
        """Write a whole file."""
        self._line(stream, self._columns)
        for entry in entries:
            self._line(
                stream,
                [entry.record[name] if name == self._key else _plain(entry.record[name]) for name in self._columns],
            )

    def _line(self, stream: IO[bytes], values: Sequence[Any]) -> None:
        stream.write(f"{','.join(map(self._written, values))}\n".encode())

    def _written(self, value: Any) -> str:
        if value is None:
            return ""
        if not isinstance(value, str | list | dict):
            return str(value)
        text = value if isinstance(value, str) else to_json(value)
        text = guard(text) if self._guarded else text
        return '"{}"'.format(text.replace('"', '""'))

    def _read(self, cell: str | None) -> str | None:
        return cell if cell is None or not self._guarded else unguard(cell)


def _plain(value: Any) -> Any:
    return for_file(value) if isinstance(value, str) else value


def to_csv(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    column: str | None = None,
    columns: Sequence[str] | None = None,
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write a table as CSV, UTF-8, one row per row; rows that failed, too.

    Texts that a spreadsheet would take for a formula get an apostrophe before them, which `read_dataset` takes off.
    Types are lost and lists become JSON; JSON Lines keep both. Hidden characters, such as ESC, are left out of texts; a
    path that has some, or is not Unicode, is written as a ``file:`` URL, which `read_dataset` makes a path again.
    OpenCLIP wants ``--csv-separator , --csv-img-key path --csv-caption-key caption``, img2dataset ``--url_col=path``.

    Parameters
    ----------
    frame : DataFrame
    path : path
        The file.
    column : str or None, default None
        Column of texts, for the account and the card.
    columns : sequence of str or None, default None
        Columns beside the pictures' paths; None takes all.
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
    names = further_columns(frame, options.get("image"), columns, taken="path")
    job = start(frame, place.parent, options, title="CSV", column=column, cells=names, is_record=True, keep_all=True)
    Document(job.folder / place.name, CsvFile(["path", *names], "path", text=job.text), job).write(
        plain_entries(job, path_in_text)
    )
    usage = f"import vlmkit as vk\n\ndf = vk.read_dataset({place.name!r})"
    keys = f"--csv-separator , --csv-img-key path --csv-caption-key {job.text or 'caption'}"
    return job.finish(
        place.name, [usage, f"# OpenCLIP\n{keys}", "# img2dataset, for pictures on the web\n--url_col=path"]
    )


def read_csv(
    path: str | Path, *, guarded: bool = True, delimiter: str | None = None, encoding: str | None = None
) -> pd.DataFrame:
    """Read a CSV file as texts, whoever wrote it.

    Rows of another number of cells are left out, and a warning names them.

    Parameters
    ----------
    path : path
    guarded : bool, default True
        Whether apostrophes before formulas are taken off.
    delimiter : str or None, default None
        What stands between cells; None sees from the first lines which of ``, ; tab |`` it is.
    encoding : str or None, default None
        Encoding of a file that is not UTF-8 and has no mark that says so, such as "cp1252".

    Returns
    -------
    DataFrame
        All columns of texts; NA where there is nothing between the commas, and where a cell is not UTF-8, with the
        reason in ``<column>_error``.

    Raises
    ------
    SetupError
        The file cannot be read, or its first line names no columns.
    """
    reading = Reading(path)
    found, rows = open_csv(Path(path), reading, delimiter=delimiter, encoding=encoding)
    names = [unguard(name) if guarded else name for name in found]
    _check_names(path, names)
    cells = ([unguard(cell) if guarded and cell is not None else cell for cell in row] for row in rows)
    records = (dict(zip(names, row, strict=True)) for row in cells)
    return reading.table([_named(record) if guarded else record for record in records], names)


def _check_names(path: str | Path, names: Sequence[str]) -> None:
    """Whether the first line is one of names; where it is a record, that record would be lost."""
    picture = next((name for name in names if Path(name).suffix.lower() in PICTURE_SUFFIXES), None)
    if picture is not None and "path" not in names:
        raise SetupError(
            f"{path}: its first line names no columns, but a picture, {quoted(picture)}. "
            "Put a line of names above it, such as path,caption."
        )


def _named(record: dict[str, str | None]) -> dict[str, str | None]:
    path = record.get("path")
    return record if path is None else record | {"path": path_from_text(path)}


def open_csv(
    path: Path, reading: Reading, *, delimiter: str | None = None, encoding: str | None = None
) -> tuple[list[str], Iterator[list[str | None]]]:
    """Names of a CSV file's columns, and its rows.

    Parameters
    ----------
    path : Path
    reading : Reading
    delimiter, encoding : str or None, default None
        As for `read_csv`.

    Raises
    ------
    SetupError
        The file cannot be read, or one of these is none.
    """
    known_encoding(encoding)
    if delimiter is not None and len(delimiter) != 1:
        raise BadSetting(f"delimiter={delimiter!r}: give one character, such as ';' or '\\t'.")
    read = open_by_name("vlmkit.exporters.arrow:csv_rows", extra="formats")
    names, rows = read(path, reading, delimiter=delimiter, encoding=encoding)
    return names, rows
