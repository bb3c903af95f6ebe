"""Kinds of values as rows: what a date is, from the word in a schema to the measure by which it is judged.

A kind that pandas has an array for gets it in `vlmkit.frame.arrays`; columns of the others hold Python's own objects.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from vlmkit.extras import open_by_name
from vlmkit.untrusted import mend_surrogates

__all__ = ["VALUE_KINDS", "ValueKind", "kind_of_json", "kind_of_type"]

_LARGEST_INTEGER = 2**63 - 1  # what an Int64 column holds, and a Parquet file
_MOST_DIGITS = 38  # of a decimal in Parquet, and in most databases
_YES = frozenset({"true", "yes", "1"})
_NO = frozenset({"false", "no", "0"})
_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?$"


@dataclass(frozen=True, kw_only=True, slots=True)
class ValueKind:
    """One kind of value.

    Attributes
    ----------
    name : str
    spellings : tuple of str
        Words for it in a schema that is a text.
    dtype : type
        Python's type.
    json : mapping of str to str
        ``type`` and ``format`` by which pydantic's JSON schemas describe it.
    enforced : mapping of str to str
        JSON schema that a backend enforces.
    words : str
        What the prompt asks for.
    expected : str
        What a value is, for messages: "expected …".
    fit : callable
        A JSON value as an outcome keeps it, which is JSON, too. Raises ValueError or TypeError where it is none.
    parse : callable
        Python's value of a JSON value, or of what a person wrote. Raises ValueError or TypeError.
    example : str
        What a person may write, for messages.
    reader : str or None, default None
        Dotted name of what reads a model's words, ``(text) -> JSON value``; it raises `UnreadableReply`. None takes a
        text as it is.
    write : callable or None, default None
        JSON value of Python's; None where they are the same.
    measure : {"text", "number", "category"}, default "text"
        How a column of it is judged.
    """

    name: str
    spellings: tuple[str, ...] = ()
    dtype: type
    json: Mapping[str, str]
    enforced: Mapping[str, str]
    words: str
    expected: str
    fit: Callable[[Any], Any]
    parse: Callable[[Any], Any]
    example: str
    reader: str | None = None
    write: Callable[[Any], Any] | None = None
    measure: Literal["text", "number", "category"] = "text"

    def read(self, text: str) -> Any:
        """JSON value of a model's words.

        Parameters
        ----------
        text : str

        Raises
        ------
        UnreadableReply
            They are not of this kind, or may be meant otherwise.
        """
        return text if self.reader is None else open_by_name(self.reader)(text)


def _fit_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return mend_surrogates(value)


def _fit_integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -_LARGEST_INTEGER - 1 <= value <= _LARGEST_INTEGER:
        raise ValueError(value)
    return value


def _fit_number(value: Any) -> float:
    number = float(value)
    if isinstance(value, bool) or not math.isfinite(number):
        raise ValueError(value)
    return number


def _fit_boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _fit_time(value: Any) -> str:
    return _parse_time(value).isoformat()


def _fit_decimal(value: Any) -> str:
    return _write_decimal(_parse_decimal(value))


def _parse_text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _parse_integer(value: Any) -> int:
    if isinstance(value, str):
        return int(value)
    if isinstance(value, bool) or int(value) != value:
        raise ValueError(value)
    return int(value)


def _parse_boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in _YES | _NO:
        raise ValueError(value)
    return word in _YES


def _parse_time(value: Any) -> dt.time:
    time = value if isinstance(value, dt.time) else dt.time.fromisoformat(_parse_text(value).strip())
    if time.tzinfo is not None:  # which day it is there, nobody knows, so that it cannot be told in another zone
        raise ValueError(value)
    return time


def _parse_decimal(value: Any) -> Decimal:
    if isinstance(value, bool):
        raise TypeError(value)
    try:
        number = Decimal(str(value).strip())  # of a float its shortest digits, not its 50 binary ones
    except ArithmeticError as error:
        raise ValueError(value) from error
    if not number.is_finite() or len(_write_decimal(number).lstrip("-").replace(".", "")) > _MOST_DIGITS:
        raise ValueError(value)
    return number


def _write_decimal(value: Decimal) -> str:
    if (
        value.is_finite() and abs(value.adjusted()) > 2 * _MOST_DIGITS
    ):  # so many zeros need not be written to count them
        raise ValueError(value)
    return format(value, "f")


def _isoformat(value: Any) -> str:
    text: str = value.isoformat()
    return text


_ROWS = (
    ValueKind(
        name="text",
        spellings=("str", "string", "text"),
        dtype=str,
        json={"type": "string"},
        enforced={"type": "string"},
        words="string",
        expected="a text",
        fit=_fit_text,
        parse=_parse_text,
        example="text",
    ),
    ValueKind(
        name="boolean",
        spellings=("bool", "boolean"),
        dtype=bool,
        json={"type": "boolean"},
        enforced={"type": "boolean"},
        words="true or false",
        expected="true or false",
        fit=_fit_boolean,
        parse=_parse_boolean,
        example="true or false",
        reader="vlmkit.prompts.yes_no:read_yes_or_no",
        measure="category",
    ),
    ValueKind(
        name="integer",
        spellings=("int", "integer"),
        dtype=int,
        json={"type": "integer"},
        enforced={"type": "integer"},
        words="integer",
        expected="a whole number of 64 bits",
        fit=_fit_integer,
        parse=_parse_integer,
        example="a whole number, such as 3",
        reader="vlmkit.prompts.numbers:read_integer",
        measure="number",
    ),
    ValueKind(
        name="number",
        spellings=("float", "number"),
        dtype=float,
        json={"type": "number"},
        enforced={"type": "number"},
        words="number",
        expected="a number",
        fit=_fit_number,
        parse=float,
        example="a number, such as 0.5",
        reader="vlmkit.prompts.numbers:read_float",
        measure="number",
    ),
    ValueKind(
        name="decimal",
        spellings=("decimal",),
        dtype=Decimal,
        json={"type": "number", "format": "decimal"},
        enforced={"type": "number"},
        words="decimal number",
        expected=f"a decimal number of at most {_MOST_DIGITS} digits",
        fit=_fit_decimal,
        parse=_parse_decimal,
        example="a decimal number, such as 12.50",
        reader="vlmkit.prompts.numbers:read_decimal",
        write=_write_decimal,
        measure="number",
    ),
    ValueKind(
        name="datetime",
        spellings=("datetime",),
        dtype=dt.datetime,
        json={"type": "string", "format": "date-time"},
        enforced={"type": "string", "format": "date-time"},
        words="date and time as YYYY-MM-DDTHH:MM:SS",
        expected="a text",
        fit=_fit_text,
        parse=dt.datetime.fromisoformat,
        example="a date and time, such as 2024-05-31T14:30:00",
        write=_isoformat,
    ),
    ValueKind(
        name="date",
        spellings=("date",),
        dtype=dt.date,
        json={"type": "string", "format": "date"},
        enforced={"type": "string", "format": "date"},
        words="date as YYYY-MM-DD",
        expected="a text",
        fit=_fit_text,
        parse=dt.date.fromisoformat,
        example="a date, such as 2024-05-31",
        write=_isoformat,
    ),
    ValueKind(
        name="time",
        spellings=("time",),
        dtype=dt.time,
        json={"type": "string", "format": "time"},
        enforced={"type": "string", "pattern": _TIME},  # JSON Schema's own format of a time asks for an offset
        words="time as HH:MM:SS",
        expected="a time of day without an offset, such as 14:30:00",
        fit=_fit_time,
        parse=_parse_time,
        example="a time, such as 14:30",
        reader="vlmkit.prompts.numbers:read_time",
        write=_isoformat,
    ),
    ValueKind(
        name="duration",
        dtype=str,
        json={"type": "string", "format": "duration"},
        enforced={"type": "string"},
        words="duration as in PT1H30M",
        expected="a text",
        fit=_fit_text,
        parse=_parse_text,
        example="text",
    ),
)

VALUE_KINDS: Mapping[str, ValueKind] = {row.name: row for row in _ROWS}
"""Every kind by its name. Of two whose types include each other, the narrower one stands first."""

_BY_JSON = {(row.json["type"], row.json.get("format")): row for row in _ROWS}
_BY_TYPE = {row.dtype: row for row in reversed(_ROWS)}


def kind_of_json(type: str, format: str | None = None) -> ValueKind | None:  # noqa: A002  JSON Schema's words
    """Kind of a JSON schema's type and format; None where it is none of these.

    Parameters
    ----------
    type : str
    format : str or None, default None
        One that is not known counts as none.
    """
    return _BY_JSON.get((type, format)) or _BY_JSON.get((type, None))


def kind_of_type(dtype: type) -> ValueKind | None:
    """Kind of a Python type; None where it is none of these.

    Parameters
    ----------
    dtype : type
    """
    return _BY_TYPE.get(dtype)
