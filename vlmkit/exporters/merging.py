"""What people changed in files, back in the table: their text, what it was before, and nothing else."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vlmkit.errors import BadSetting, RunError, SetupError
from vlmkit.exporters.conversations import without_token
from vlmkit.exporters.reading import read_dataset
from vlmkit.exporters.rows import find_text_column
from vlmkit.exporters.values import plain_value, tags_of
from vlmkit.frame import REVIEWED, STATUSES, add_columns, column_of, kind_of_object, pick_pictures, refs_of, text_array
from vlmkit.records import ImageRef
from vlmkit.sources import Limits, fingerprint, is_url, path_of_url
from vlmkit.untrusted import for_file

__all__ = ["merge_edits"]

_USUAL_TEXTS = ("caption", "description", "text")
_WITHOUT_TEXT = ("rejected", "flagged")
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class _Edit:
    value: Any  # None where the data set knows no text, but what people thought of it
    status: str | None


def merge_edits(
    frame: pd.DataFrame,
    edited: str | Path | pd.DataFrame,
    *,
    column: str | None = None,
    format: str | None = None,  # noqa: A002  pandas' word
    image: str | None = None,
    tags: str | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Take over texts that people changed in a data set.

    Rows are found by the picture's path, else by its digest: the columns of that name, or, where no path fits and a
    table has no such column, that of the files themselves. A text that differs
    only as an export makes it differ (line ends folded, braces doubled) is not an edit, nor is a missing one, nor
    one that cannot be read. Values of columns of lists, numbers and truths are read as such.

    Parameters
    ----------
    frame : DataFrame
        Is not changed.
    edited : path or DataFrame
        What `read_dataset` reads, or has read.
    column : str or None, default None
        Column of texts. Default: the only column of answers.
    format : str or None, default None
        As for `read_dataset`.
    image : str or None, default None
        Column of pictures; None takes ``path``, else ``image``.
    tags : str or None, default None
        Column of tags that the export wrote behind the texts, which are taken off again.
    **options
        As for `read_dataset`.

    Returns
    -------
    DataFrame
        The same rows, with the columns of a review: the text as people left it; ``<column>_original``, what the model
        said; and ``<column>_status``, "edited" where a text was changed, and what the data set says where it knows that
        people accepted, rejected or flagged one, or that an agent suggested it. What an agent suggests in place of what
        a person reviewed is left out. All other cells stay.

    Raises
    ------
    SetupError
        The data set cannot be read, has no texts, or two different ones for one picture.
    """
    text = find_text_column(frame, column)
    if text is None:
        raise BadSetting("column: name the column of texts.")
    table = edited if isinstance(edited, pd.DataFrame) else read_dataset(edited, format, **options)
    theirs = _text_of(table, text)
    edits = _edits_of(frame, pick_pictures(frame, image), table, theirs)
    if tags is not None:
        edits = [_without(edit, tags_of(cell)) for edit, cell in zip(edits, column_of(frame, tags).array, strict=True)]
    return _merged(frame, text, edits)


def _without(edit: _Edit | None, tags: Sequence[str]) -> _Edit | None:
    ending = ", " + ", ".join(tags)
    if edit is None or not tags or not isinstance(edit.value, str):
        return edit
    return _Edit(edit.value.removesuffix(ending), edit.status)


def _text_of(table: pd.DataFrame, text: str) -> str:
    found = [name for name in (text, *_USUAL_TEXTS) if name in table.columns]
    reviewed = [name for name in table.columns if f"{name}_status" in table.columns]
    found = found or (reviewed if len(reviewed) == 1 else [])  # whatever Label Studio's control is called
    if not found:
        listed = ", ".join(map(repr, table.columns))
        raise SetupError(f"the edited data set has no column {text!r}, 'caption' or 'text'; it has {listed}.")
    return found[0]


def _edits_of(frame: pd.DataFrame, pictures: pd.Series[Any], table: pd.DataFrame, text: str) -> list[_Edit | None]:
    """What a data set says about each row.

    Raises
    ------
    SetupError
        It is about other pictures, or says two different things about one.
    """
    by_path = _by_key(table, text, _paths(table["path"]) if "path" in table.columns else [])
    paths = _paths(pictures)
    fits = any(path in by_path for path in paths)
    if fits and not {"digest"} <= {*frame.columns} & {*table.columns}:
        return [by_path.get(path or "") for path in paths]
    by_digest = _by_key(table, text, _digests(table, pick_pictures(table, None)))
    digests = _digests(frame, pictures)
    if not fits and not any(digest in by_digest for digest in digests):
        first = next(iter(by_path), "unnamed")
        raise SetupError(
            f"no row of the table has a picture of the edited data set, whose first is {first}. Check root=…, or that "
            "it is the data set of these pictures."
        )
    keys = zip(paths, digests, strict=True)
    return [by_path.get(path or "") or by_digest.get(digest or "") for path, digest in keys]


def _by_key(table: pd.DataFrame, text: str, keys: Sequence[str | None]) -> dict[str, _Edit]:
    """Texts by path or digest.

    Raises
    ------
    SetupError
        One picture has two.
    """
    found: dict[str, _Edit] = {}
    name = f"{text}_status"
    statuses = column_of(table, name).array if name in table.columns else [None] * len(table)
    for key, value, status in zip(keys, column_of(table, text).array, statuses, strict=False):
        edit = _Edit(plain_value(value), plain_value(status))
        if key is None or (edit.value is None and edit.status not in _WITHOUT_TEXT):
            continue
        if found.setdefault(key, edit).value != edit.value:
            raise SetupError(f"{key}: the edited data set has two different texts for this picture. Remove one.")
    return found


def _paths(pictures: pd.Series[Any]) -> list[str | None]:
    """Paths in a form that can be compared; None for what is none."""
    return [_path_key(ref.source) if isinstance(ref.source, str) else None for ref in refs_of(pictures)]


def _path_key(path: str) -> str:
    path = path_of_url(path)
    if is_url(path):
        return path
    whole = os.path.normcase(os.path.abspath(os.path.expanduser(path)))  # noqa: PTH100, PTH111  pathlib raises for an unknown "~name"
    return unicodedata.normalize("NFC", whole)  # a Mac's names are in another form


def _digests(frame: pd.DataFrame, pictures: pd.Series[Any]) -> list[str | None]:
    """Digests of pictures, from their column or the files."""
    if "digest" in frame.columns:
        return [plain_value(value) for value in frame["digest"].array]
    limits = Limits.in_force()
    return [_digest(ref, limits) for ref in refs_of(pictures)]


def _digest(ref: ImageRef, limits: Limits) -> str | None:
    try:
        return fingerprint(ref, limits=limits)
    except RunError:
        return None


def _merged(frame: pd.DataFrame, text: str, edits: list[_Edit | None]) -> pd.DataFrame:
    values = _cells(frame[text])
    known = _cells(frame[f"{text}_original"]) if f"{text}_original" in frame.columns else values
    originals = [value if first is None else first for first, value in zip(known, values, strict=True)]
    statuses = _statuses(frame, f"{text}_status")
    kind = _kind_of(frame[text])
    for position, edit in enumerate(edits):
        if edit is None or _is_outranked(edit, statuses[position]):
            continue
        value = kind(edit.value)
        if value is not None and not _is_same(value, values[position]):
            values[position] = value
            statuses[position] = _status_of(edit, is_original=value == originals[position])
        elif edit.status in STATUSES[1:]:
            statuses[position] = edit.status
    arrays = {text: _like(frame[text], values), f"{text}_original": _like(frame[text], originals)}
    arrays[f"{text}_status"] = pd.Categorical(statuses, categories=list(STATUSES))
    return add_columns(frame, arrays, overwrite=True)


def _is_outranked(edit: _Edit, status: Any) -> bool:
    return edit.status == "suggested" and status in REVIEWED


def _status_of(edit: _Edit, *, is_original: bool) -> str:
    """Status of a value that was changed, or changed back to what the model had said."""
    by_agent = edit.status == "suggested"
    if is_original:
        return STATUSES[0] if by_agent or edit.status == STATUSES[0] else "accepted"
    return "suggested" if by_agent else "edited"


def _cells(column: pd.Series[Any]) -> list[Any]:
    return [value if kind_of_object(value) else plain_value(value) for value in column.array]


def _statuses(frame: pd.DataFrame, name: str) -> list[Any]:
    if name not in frame.columns:
        return [STATUSES[0]] * len(frame)
    return [STATUSES[0] if status is None else status for status in _cells(frame[name])]


def _kind_of(column: pd.Series[Any]) -> Callable[[Any], Any]:
    """What makes a value that was read one of a column: its lists, truths, numbers, times; else it stays a text."""
    if pd.api.types.is_bool_dtype(column.dtype):
        return lambda value: None if value is None else _TRUTHS.get(str(value).strip().lower())
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _number
    if any(isinstance(plain_value(value), list) for value in column.array):
        return _tags
    if kind := next(filter(None, map(kind_of_object, column.array)), None):
        return partial(_parsed, kind.parse)
    return lambda value: (
        value if value is None else ", ".join(tags_of(value)) if isinstance(value, list) else str(value)
    )


def _tags(value: Any) -> Any:
    return None if value is None else list(tags_of(value.replace("\n", ",") if isinstance(value, str) else value))


def _parsed(parse: Callable[[Any], Any], value: Any) -> Any:
    try:
        return None if value is None else parse(value)
    except (TypeError, ValueError):
        return None


def _number(value: Any) -> Any:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return int(number) if number.is_integer() else number


def _is_same(written: Any, value: Any) -> bool:
    """Whether a value is the other as some export would have written it."""
    if not isinstance(written, str) or not isinstance(value, str):
        return bool(written == value) or (isinstance(written, list) and tuple(written) == tags_of(value))
    forms = (value, without_token(value), for_file(value), for_file(without_token(value)))
    return _folded(written) in set(map(_folded, forms))


def _folded(text: str) -> str:
    text = "".join(letter if letter.isprintable() and letter != "\ufffd" else " " for letter in text)
    return " ".join(text.replace("{{", "{").replace("}}", "}").split())


def _like(column: pd.Series[Any], values: list[Any]) -> Any:
    """Values as an array of the column's type, where it can hold them."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        known = list(column.dtype.categories)
        return pd.Categorical(values, categories=[*known, *dict.fromkeys(v for v in values if v and v not in known)])
    if pd.api.types.is_bool_dtype(column.dtype):
        return pd.array(values, dtype="boolean")
    if pd.api.types.is_numeric_dtype(column.dtype):
        is_whole = all(value is None or isinstance(value, int) for value in values)
        return pd.array(values, dtype="Int64" if is_whole else "Float64")
    if column.dtype == object:
        array = np.empty(len(values), dtype=object)
        for position, value in enumerate(values):  # in one go numpy would make a matrix of lists
            array[position] = value
        return array
    return text_array(values)
