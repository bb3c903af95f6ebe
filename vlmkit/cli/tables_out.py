"""What a verb gave, as text or bytes on a stream, and how it went: rows that failed, findings, and the exit code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from vlmkit.cli.output import write_lines
from vlmkit.cli.text import draw, dump
from vlmkit.cli.verbs import Verb
from vlmkit.exporters import TABLE_FORMATS
from vlmkit.extras import open_by_name
from vlmkit.frame import text_of

__all__ = ["RECORD_FORMATS", "RESULT_FORMATS", "count_failures", "result_table", "write_result"]

RESULT_FORMATS = ("table", *TABLE_FORMATS)
RECORD_FORMATS = ("table", "json")
"""Of a result that is one record instead of a table."""

_LAST_FACT = "error"  # behind it, answers begin in a table of pictures
_NEEDED = ("reachable", "answers")


def result_table(verb: Verb, result: Any) -> Any:
    """The table of a result; an `Estimate`, which is not a table, stays as it is.

    Parameters
    ----------
    verb : Verb
    result : DataFrame, Comparison or Estimate
    """
    table = getattr(result, "frame", result)
    return table if verb.index is None else table.rename_axis(verb.index).reset_index()


def write_result(result: Any, form: str, stream: TextIO, *, width: int, known: Sequence[str]) -> None:
    """Write a result in a format.

    Parameters
    ----------
    result : DataFrame or Estimate
    form : str
        One of `RESULT_FORMATS`; of an `Estimate` one of `RECORD_FORMATS`.
    stream : file
    width : int
        Cells of a line, for people.
    known : sequence of str
        Columns that were there before; people see what is new beside the pictures.
    """
    if not hasattr(result, "columns"):
        write_lines([dump(_record(result), indent=2)] if form == "json" else str(result).splitlines(), stream)
    elif form == "table":
        write_lines(_drawn(result, width, known), stream)
    else:
        stream.flush()
        binary: Any = stream
        open_by_name("vlmkit.exporters:write_table")(result, form, binary.buffer)
        binary.buffer.flush()


def count_failures(verb: Verb, table: Any, known: Sequence[str]) -> int:
    """Rows that failed, findings, or checks that say that a model does not work.

    Parameters
    ----------
    verb : Verb
    table : DataFrame or Estimate
    known : sequence of str
        Columns that were there before.
    """
    if verb.gives == "findings":
        return len(table) if "rule" in table.columns else 0
    if verb.gives == "checks":
        return int((table["check"].isin(_NEEDED) & (table["result"] == "no")).sum())
    if verb.gives != "rows":
        return 0
    errors = [name for name in table.columns if name not in known and _is_error(name)]
    return int(table[errors].notna().any(axis=1).sum())


def _is_error(name: str) -> bool:
    return name == _LAST_FACT or name.endswith("_error")


def _record(result: Any) -> dict[str, Any]:
    named = {name: getattr(result, name) for name in asdict(result)}
    return {name: value._asdict() if hasattr(value, "_asdict") else value for name, value in named.items()}


def _drawn(table: Any, width: int, known: Sequence[str]) -> Iterator[str]:
    if not len(table.columns):
        return
    shown = _shown(list(map(str, table.columns)), known)
    records = table.astype(object).where(table.notna(), None).to_dict("records")
    rows = [[_cell(record, name) for name in shown] for record in records]
    yield from draw(shown, rows, width)


def _shown(columns: Sequence[str], known: Sequence[str]) -> list[str]:
    """The pictures and what is new; all columns where nothing was known. An error is shown in the cell it is about."""
    new = [name for name in columns if name not in known]
    answers = [name for name in new if not (name.endswith("_error") and name.removesuffix("_error") in new)]
    first = [name for name in ("path", "image", "file_name") if name in known and name in columns][:1]
    return [*first, *answers] or list(columns)


def _cell(record: Mapping[str, Any], name: str) -> str:
    value, error = record[name], record.get(f"{name}_error")
    text = text_of(value)
    if error is None:
        return text
    return f"{text} (! {error})" if text else f"! {error}"
