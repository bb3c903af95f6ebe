"""CSV in which no spreadsheet finds a formula, and that reads back as it was: empty is not missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Unpack

from vlmkit.errors import SetupError
from vlmkit.exporters.documents import Document, Entry
from vlmkit.exporters.job import start
from vlmkit.exporters.jsonl import plain_entries
from vlmkit.exporters.options import ExportOptions
from vlmkit.exporters.rows import further_columns
from vlmkit.exporters.values import table_of_records, to_json
from vlmkit.extras import open_by_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CsvFile", "guard", "read_csv", "to_csv", "unguard"]

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

    def read(self, path: Path) -> Iterator[Entry]:
        """Entries of a file.

        Raises
        ------
        SetupError
            It cannot be read, or has other columns.
        """
        names, rows = open_by_name("vlmkit.exporters.arrow:csv_rows", extra="formats")(path)
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
            self._line(stream, [entry.record[name] for name in self._columns])

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


def to_csv(
    frame: pd.DataFrame,
    path: str | Path,
    *,
    columns: Sequence[str] | None = None,
    **options: Unpack[ExportOptions],
) -> pd.DataFrame:
    """Write a table as CSV, UTF-8, one row per row; rows that failed, too.

    Texts that a spreadsheet would take for a formula get an apostrophe before them, which `read_dataset` takes off.
    Types are lost and lists become JSON; JSON Lines keep both.

    Parameters
    ----------
    frame : DataFrame
    path : path
        The file.
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
    job = start(frame, place.parent, options, title="CSV", cells=names, is_record=True, keep_all=True)
    Document(job.folder / place.name, CsvFile(["path", *names], "path", text=job.text), job).write(plain_entries(job))
    return job.finish(f"{place.name}.card.md", f"import vlmkit as vk\n\ndf = vk.read_dataset({place.name!r})")


def read_csv(path: str | Path, *, guarded: bool = True) -> pd.DataFrame:
    """Read a CSV file as texts.

    Parameters
    ----------
    path : path
    guarded : bool, default True
        Whether apostrophes before formulas are taken off.

    Returns
    -------
    DataFrame, all columns of texts; NA where there is nothing between the commas.

    Raises
    ------
    SetupError
        The file cannot be read.
    """
    names, rows = open_by_name("vlmkit.exporters.arrow:csv_rows", extra="formats")(Path(path))
    read = (lambda cell: None if cell is None else unguard(cell)) if guarded else (lambda cell: cell)
    names = [read(name) for name in names]
    return table_of_records([dict(zip(names, map(read, cells), strict=True)) for cells in rows], names)
