"""The one time of day an answer names, in digits; whatever leaves room for doubt is an `UnreadableReply`."""

from __future__ import annotations

import datetime as dt
import re

from vlmkit.prompts.quoting import unreadable

__all__ = ["read_time"]

_CLOCK = re.compile(
    r"(?<![\d:.])(?P<hour>\d{1,2})"
    r"(?:[:.h](?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?)?"
    r"(?:\s?(?P<half>[ap])\.?m\b\.?)?(?![\d:]|\.\d)",
    re.IGNORECASE,
)
_ISO = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?")
_ZONE = re.compile(r"\s?(?:Z\b|[+-]\d{2}:?\d{2}\b|UTC|GMT)", re.IGNORECASE)
_LONGEST = 4000  # characters; a time takes fewer


def read_time(text: str) -> str:
    """The one time of day that a text names: "14:30", "2:30 PM", "14.30", "at 9 am".

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        ISO 8601: ``"14:30:00"``.

    Raises
    ------
    UnreadableReply
        It names none, several different ones, or one with an offset from UTC.
    """
    expected = "a time of day"
    if len(text) > _LONGEST:
        raise unreadable(expected, text)
    if _ISO.fullmatch(text.strip()):
        return dt.time.fromisoformat(text.strip()).isoformat()
    found = set()
    for match in _CLOCK.finditer(text):
        if match["minute"] is None and match["half"] is None:  # a number, and no time
            continue
        if _ZONE.match(text, match.end()):
            raise unreadable(expected, text)
        found.add(_time(match, text))
    if len(found) != 1:
        raise unreadable(expected, text)
    return found.pop().isoformat()


def _time(match: re.Match[str], text: str) -> dt.time:
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if not (1 <= hour <= 12 if half else hour <= 23):
        raise unreadable("a time of day", text)
    hour = hour % 12 + (12 if half == "p" else 0) if half else hour
    return dt.time(hour, int(match["minute"] or 0), int(match["second"] or 0))
