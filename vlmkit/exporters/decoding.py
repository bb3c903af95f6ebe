"""Texts of files in whatever encoding: what is certain is decoded, what is not stays recognisable as unread."""

from __future__ import annotations

import codecs
import re
from typing import Any

from vlmkit.errors import BadSetting

__all__ = ["decode_text", "fault_of", "fault_of_file", "known_encoding", "marked_encoding"]

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NO_TEXT = re.compile("[\0\x1b]")  # UTF-16 without a mark, and ISO-2022, are valid UTF-8 with these


_NOT_READ = 'not UTF-8; save it as UTF-8, or name its encoding, such as encoding="cp1252"'


def known_encoding(encoding: str | None) -> None:
    """Make sure that Python knows an encoding.

    Parameters
    ----------
    encoding : str or None

    Raises
    ------
    BadSetting
        It does not.
    """
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError as error:
        raise BadSetting(
            f"encoding={encoding!r}: no such encoding; give one such as 'cp1252', 'gbk' or 'shift_jis'."
        ) from error


def marked_encoding(data: bytes) -> str | None:
    """Encoding that a byte order mark names; None where there is none.

    Parameters
    ----------
    data : bytes
        The beginning of a file, four bytes at least where it has them.
    """
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def decode_text(data: bytes, encoding: str | None = None) -> tuple[str, str | None]:
    r"""Text of a file, which is UTF-8 unless something else is certain; nothing is guessed from letters.

    Parameters
    ----------
    data : bytes
    encoding : str or None, default None
        Encoding of what is not UTF-8, where the caller knows it.

    Returns
    -------
    text : str
        Bytes that cannot be read are lone surrogates in it, which `fault_of` finds.
    found : str or None
        Encoding, where it is not UTF-8.

    Examples
    --------
    >>> decode_text(b"caf\xe9", "cp1252"), decode_text("café".encode("utf-16"))
    (('café', 'cp1252'), ('café', 'utf-16'))
    """
    if not data.strip(b"\0"):  # what a power cut leaves
        return "", None
    mark = marked_encoding(data)
    for name in ("utf-8", encoding) if mark in {None, "utf-8-sig"} else (mark,):
        if name is None:
            continue
        try:
            text = data.decode("utf-8-sig" if name == "utf-8" else name)
        except UnicodeError:
            continue
        if name != "utf-8" or not _NO_TEXT.search(text):
            return text, None if name == "utf-8" else name
    if (wide := _unmarked(data)) is not None:
        return data.decode(wide), wide
    return data.decode("utf-8", "surrogateescape"), None


def _unmarked(data: bytes) -> str | None:
    """UTF-16 of plain Latin letters, in which every second byte is zero and no other."""
    low, high = data[::2], data[1::2]
    if len(low) != len(high):
        return None
    for name, letters, zeros in (("utf-16-le", low, high), ("utf-16-be", high, low)):
        if not zeros.strip(b"\0") and 0 not in letters:
            return name
    return None


def fault_of_file(text: str) -> str | None:
    """Why what was decoded from a whole file is not a text; None where it is one.

    Parameters
    ----------
    text : str
    """
    return _NOT_READ if "\0" in text or fault_of(text) else None


def fault_of(value: Any) -> str | None:
    """Why a value that was read is not a text; None where it is one, or something else.

    Parameters
    ----------
    value : object
        A text, or lists and dictionaries of texts.
    """
    if isinstance(value, str):
        return None if value.isascii() or not _SURROGATE.search(value) else "not UTF-8; save the file as UTF-8"
    if isinstance(value, dict):
        return next((fault for each in value.items() for part in each if (fault := fault_of(part))), None)
    if isinstance(value, list):
        return next((fault for each in value if (fault := fault_of(each))), None)
    return None
