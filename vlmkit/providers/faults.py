"""From a server's status and words to the fault that says what to do, and how long the server asks to wait.

Pure, so that every status and every wording can be tried. A wait stands in headers, in fields of the body, or in a
sentence.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from vlmkit.errors import BackendError, PromptTooLong, RateLimited, Refused, ServerFault, Unauthorized
from vlmkit.providers.dialect import parse_json
from vlmkit.providers.transport import HttpAnswer

__all__ = ["fault_in_body", "fault_of_answer", "is_missing_model", "retry_after_s", "server_words"]

_MOST_CHARACTERS = 300
_MOST_BYTES = 2**16
_LONGEST_WAIT_S = 3600.0  # what begins anew later than that is a quota, and no rate limit
_TRANSIENT = {408, 409, 425}
_NEVER_BETTER = {501, 505}
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(r"<[^>]*>")
_NO_CREDIT = re.compile(
    r"insufficient[_ ](?:quota|funds|credits?|balance)|credit balance|(?:out of|no|not enough) credits?\b|"
    r"billing_(?:hard_limit|not_active)|billing hard limit|payment required|spend(?:ing)? limit|"
    r"exceeded your .{0,40}(?:included|prepaid) credits?|balance is (?:too low|insufficient)",
    re.IGNORECASE,
)
_BILLING = re.compile(r"\bbilling\b|exceeded your current quota", re.IGNORECASE)
_PER_DAY = re.compile(
    r"per[-_ ]?(?:day|month)\b|per(?:day|month)|"
    r"\b(?:daily|monthly)\b.{0,40}\b(?:limit|quota|allowance|requests|tokens)|"
    r"\((?:rpd|tpd)\)",
    re.IGNORECASE,
)
_PER_MINUTE = re.compile(r"per[-_ ]?(?:minute|second|hour)|\((?:rpm|tpm|ipm)\)", re.IGNORECASE)
_MODERATED = re.compile(r"moderat|flagged|content[_ ]policy|safety|inappropriate|prohibited", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"no models? (?:is |are )?(?:currently )?loaded|model(?: \S+)? (?:is |was |has been )?(?:not loaded|unloaded)|"
    r"model_not_found|model(?: \S+)? (?:does not exist|(?:was |is )?not found)",
    re.IGNORECASE,
)
_OUT_OF_MEMORY = re.compile(
    r"out of memory|outofmemory|cudamalloc failed|insufficient memory|not enough (?:gpu |system |video )?memory|"
    r"failed to allocate|unable to allocate|cannot allocate memory|alloc(?:ation)? (?:of .{0,40} )?failed|"
    r"requires more (?:system |gpu )?memory|bad_alloc",
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context_length_exceeded|(?:maximum|available|model'?s?) context (?:length|size|window)|"
    r"exceeds? the (?:model'?s? )?(?:maximum )?context|prompt is too long|input is too long|too many (?:input )?tokens",
    re.IGNORECASE,
)
_NEVER_FITS = re.compile(r"requires more (?:system |gpu )?memory", re.IGNORECASE)


def fault_of_answer(answer: HttpAnswer, where: str) -> BackendError:
    """Fault of an answer whose status is not 2xx.

    Parameters
    ----------
    answer : HttpAnswer
    where : str
        Model and address, as messages name them.
    """
    words = server_words(answer)
    said = f"{where} answered {answer.status}: {words or 'nothing more'}"
    text = answer.body[:_MOST_BYTES].decode("utf-8", errors="replace")
    wait_s = retry_after_s(answer)
    if answer.status == 402 or (answer.status < 500 and _NO_CREDIT.search(words)):
        return Refused(f"{said}. Waiting does not help: see your account there.", is_fatal=True)
    if answer.status in {401, 403}:
        return _forbidden(said, words, answer.status, wait_s)
    if answer.status == 429:
        return _rate_fault(said, text, wait_s)
    if answer.status >= 500 or answer.status in _TRANSIENT:
        return _server_fault(said, text, answer.status, wait_s)
    return _refused(said, words, answer)


def _forbidden(said: str, words: str, status: int, wait_s: float | None) -> BackendError:
    if status == 403 and _MODERATED.search(words):
        return Refused(f"{said}. The server did not want to look at this picture, or at this question.")
    return Unauthorized(f"{said}. Check the key, and what it may do.", retry_after_s=wait_s, is_fatal=True)


def _rate_fault(said: str, text: str, wait_s: float | None) -> BackendError:
    """Too fast, which passes; or a quota that is used up, which does not pass while anybody waits."""
    is_of_a_day = _PER_DAY.search(text) and not _PER_MINUTE.search(text)
    if _names_a_days_quota(text) or is_of_a_day or (wait_s or 0.0) > _LONGEST_WAIT_S:
        message = f"{said}. That quota is used up for longer than a run waits: come again later, or ask another model."
        return Refused(message, retry_after_s=wait_s, is_fatal=True)
    if wait_s is None and _BILLING.search(text) and not _PER_MINUTE.search(text):
        return Refused(f"{said}. Waiting does not help: see your account there.", is_fatal=True)
    return RateLimited(f"{said}. Ask less at a time: lower workers.", retry_after_s=wait_s)


def _names_a_days_quota(text: str) -> bool:
    """Whether Google names a quota of a day among those that were exceeded."""
    return any("perday" in found.lower() for found in re.findall(r'"quotaId"\s*:\s*"([^"]*)"', text))


def _server_fault(said: str, text: str, status: int, wait_s: float | None) -> ServerFault:
    if _OUT_OF_MEMORY.search(text):
        message = f"{said}. Its memory is too small: lower workers there and here, or longest_side_px, or free some."
        fits = not _NEVER_FITS.search(text)
        return ServerFault(message, retry_after_s=wait_s, is_transient=fits, is_fatal=not fits)
    transient = status not in _NEVER_BETTER
    return ServerFault(f"{said}. See the server's log.", retry_after_s=wait_s, is_transient=transient)


def _refused(said: str, words: str, answer: HttpAnswer) -> BackendError:
    if 300 <= answer.status < 400:
        return Refused(f"{said}. It sends elsewhere, which is not followed: give the address that answers.")
    if answer.status == 400 and _OUT_OF_MEMORY.search(words):
        return _server_fault(said, words, answer.status, None)
    if answer.status in {400, 413, 422} and _TOO_LONG.search(words):
        return PromptTooLong(f"{said}. Ask with fewer or smaller pictures, a shorter prompt, or a lower max_tokens.")
    is_gone = is_missing_model(answer) or (answer.status in {400, 404, 410} and bool(_NO_MODEL.search(words)))
    return Refused(f"{said}. {_ADVICE.get(answer.status, 'Change what was asked, or the options.')}", is_fatal=is_gone)


def fault_in_body(answer: HttpAnswer, where: str) -> BackendError | None:
    """Fault that an answer with a good status has in its body, with a status of its own, as gateways write it.

    Parameters
    ----------
    answer : HttpAnswer
    where : str
        Model and address, as messages name them.
    """
    if b'"error"' not in answer.body:
        return None
    try:
        content = parse_json(answer.body)
    except (ValueError, RecursionError):
        return None
    error = content.get("error") if isinstance(content, dict) and not content.get("choices") else None
    status = _status_in(error) if isinstance(error, dict) else None
    if status is None:
        return None
    return fault_of_answer(HttpAnswer(status=status, headers=answer.headers, body=answer.body), where)


def _status_in(error: dict[str, Any]) -> int | None:
    codes = (str(error.get(name)) for name in ("code", "status"))
    numbers = (int(code) for code in codes if code.isdecimal() and len(code) == 3)
    return next((number for number in numbers if 400 <= number < 600), None)


_ADVICE = {
    404: "Check the model's name and the address; most end in /v1.",
    405: "Check the address; most end in /v1.",
    413: "Send smaller pictures: lower longest_side_px.",
}


def is_missing_model(answer: HttpAnswer) -> bool:
    """Whether a server says that it has no such model."""
    return answer.status == 404 and "model" in server_words(answer).lower()


def server_words(answer: HttpAnswer) -> str:
    """What a server says about its refusal: one line, short, nothing but printable characters."""
    text = answer.body[:_MOST_BYTES].decode("utf-8", errors="replace")
    try:
        text = _message(json.loads(text)) or text
    except (ValueError, RecursionError):
        if title := _TITLE.search(text):
            text = title[1]
        text = _MARKUP.sub(" ", text)
    if not text.strip() and (place := answer.headers.get("location")):
        text = f"see {place}"
    line = "".join(character if character.isprintable() else " " for character in text)
    line = " ".join(line.split()).rstrip(".")
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 1] + "…"


def _message(content: Any) -> str:
    """The sentence in an error as the dialects write it; FastAPI's is a list of findings."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "; ".join(filter(None, (_message(entry) for entry in content[:3])))
    return _message_of_error(content) if isinstance(content, dict) else ""


def _message_of_error(error: dict[str, Any]) -> str:
    code = error.get("code") or error.get("type")
    for key in ("error", "message", "msg", "detail"):
        if text := _message(error.get(key)):
            is_news = isinstance(code, str) and key in {"message", "error"} and code not in text
            return f"{text} ({code})" if is_news else text
    return ""


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


def retry_after_s(answer: HttpAnswer, now_s: float | None = None) -> float | None:
    """Seconds a server asks to wait; None where it does not say, or not readably.

    What it says on purpose comes first: the header Retry-After; then a field of the body, as Google's RetryInfo; then a
    sentence, as "Please try again in 1m30s"; then the header that says when a limit which is used up begins anew.

    Parameters
    ----------
    answer : HttpAnswer
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
