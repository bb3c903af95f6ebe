"""How long a server asks to wait, wherever it says so: in headers, in fields of the body, or in a sentence."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from vlmkit.providers.transport import Answer

__all__ = ["retry_after_s"]

_MOST_BYTES = 2**16
_UNITS_S = {
    **dict.fromkeys(("d", "day", "days"), 86_400.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "msecs", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "µs", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1e-9),
}
_UNIT = "|".join(sorted(_UNITS_S, key=len, reverse=True))
# Few servers ever make a run wait: these are compiled when one does, and then remembered.
_PART = rf"(?i)(\d+(?:\.\d+)?|\.\d+)\s*({_UNIT})(?![a-zµ])"
_DURATION = rf"(?:(?:\d+(?:\.\d+)?|\.\d+)\s*(?:{_UNIT})(?![a-zµ])[\s,]*(?:and\s+)?)+"
# "Please try again in 1m30s", "Please retry after 20 seconds", "wait 6 ms before"; less surely, "resets in 2 hours".
_SENTENCE = (
    rf"(?i)(?:\b(?:try|retry(?:ing)?|retried|again)\b[^.;\n]{{0,40}}?\b(?:in|after|for)|\bwait(?:\s+for)?)\s+"
    rf"(?:about\s+|at\s+least\s+)?({_DURATION})"
)
_RESET = rf"(?i)\b(?:resets?|available)\b[^.;\n]{{0,40}}?\b(?:in|after)\s+({_DURATION})"
_IN_TEXT = rf"(?i)retry_?(?:delay|after)\W{{1,8}}({_DURATION})"
_FIELDS = {"retrydelay": 1.0, "retryafter": 1.0, "retryafterseconds": 1.0, "retryafters": 1.0}
_FIELDS |= {"retryafterms": 1e-3, "retryaftermilliseconds": 1e-3, "retrydelayms": 1e-3}
_RESETS = r"(?:x|anthropic)-ratelimit-(?:(?P<first>.+)-)?reset(?:-(?P<last>.+))?"


def retry_after_s(answer: Answer, now_s: float | None = None) -> float | None:
    """Seconds a server asks to wait; None where it does not say, or not readably.

    What it says on purpose comes first: the header Retry-After; then a field of the body, as Google's RetryInfo; then a
    sentence, as "Please try again in 1m30s"; then the header that says when a limit which is used up begins anew.

    Parameters
    ----------
    answer : Answer
    now_s : float or None, default None
        Seconds since 1970 that a date is compared with; None is the answer's own date, else this machine's.
    """
    if now_s is None:  # both dates from one clock: the server's may be wrong by hours
        now_s = _date_s(answer.headers.get("date", ""))
    now_s = time.time() if now_s is None else now_s
    for found in (_by_header(answer.headers, now_s), _by_body(answer.body[:_MOST_BYTES])):
        if found is not None:
            return found
    return _by_reset(answer.headers, now_s)


def _by_header(headers: Mapping[str, str], now_s: float) -> float | None:
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return max(0.0, milliseconds / 1000)
    text = headers.get("retry-after", "").strip()
    seconds = _number(text)
    if seconds is not None:
        return max(0.0, seconds)
    moment_s = _date_s(text)
    return _duration_s(text) if moment_s is None else max(0.0, moment_s - now_s)


def _by_body(body: bytes) -> float | None:
    text = body.decode("utf-8", errors="replace")
    try:
        fields = [wait_s for name, value in _entries(json.loads(text)) if (wait_s := _field_s(name, value)) is not None]
    except (ValueError, RecursionError):
        fields = []
    if fields:
        return max(fields)
    found = next(filter(None, (re.search(pattern, text) for pattern in (_IN_TEXT, _SENTENCE, _RESET))), None)
    return _duration_s(found[1]) if found else None


def _entries(content: Any) -> Iterator[tuple[str, Any]]:
    """Every named value of a JSON document, at any depth."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield name, value
            yield from _entries(value)
    elif isinstance(content, list):
        for value in content:
            yield from _entries(value)


def _field_s(name: str, value: Any) -> float | None:
    unit_s = _FIELDS.get(name.replace("_", "").replace("-", "").lower())
    if unit_s is None:
        return None
    if isinstance(value, dict):  # a Duration of protobuf, taken apart
        value = _plain(value.get("seconds", 0)) + _plain(value.get("nanos", 0)) / 1e9
    if isinstance(value, str):
        number = _number(value)
        return _duration_s(value) if number is None else max(0.0, number * unit_s)
    return max(0.0, _plain(value) * unit_s) if _is_number(value) else None


def _by_reset(headers: Mapping[str, str], now_s: float) -> float | None:
    """When the limits that are used up begin anew, as OpenAI, Groq, Anthropic and OpenRouter say it."""
    waits = []
    for name, value in headers.items():
        match = re.fullmatch(_RESETS, name)
        if match is None:
            continue
        remaining = name.replace("reset", "remaining")
        if _number(headers.get(remaining, "")) == 0:
            waits.append(_reset_s(value.strip(), now_s))
    return max((wait_s for wait_s in waits if wait_s is not None), default=None)


def _reset_s(text: str, now_s: float) -> float | None:
    number = _number(text)
    if number is None:
        moment_s = _moment_s(text)
        return _duration_s(text) if moment_s is None else max(0.0, moment_s - now_s)
    if number > 1e11:  # milliseconds since 1970
        number /= 1000
    return max(0.0, number - now_s if number > 1e9 else number)


def _duration_s(text: str) -> float | None:
    parts = re.findall(_PART, text)
    seconds = sum(float(amount) * _UNITS_S[unit.lower()] for amount, unit in parts)
    return seconds if parts and seconds < float("inf") else None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _plain(value: Any) -> float:
    number = _number(value) if isinstance(value, str) else float(value) if _is_number(value) else None
    return number or 0.0


def _date_s(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def _moment_s(text: str) -> float | None:
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return None
