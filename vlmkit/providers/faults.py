"""From a server's status and words to the fault that says what to do; pure, so that every status can be tried."""

from __future__ import annotations

import json
import re
import time
from email.utils import parsedate_to_datetime
from typing import Any

from vlmkit.errors import BackendError, RateLimited, Refused, ServerFault, Unauthorized
from vlmkit.providers.transport import Answer

__all__ = ["fault_of_answer", "is_missing_model", "retry_after_s", "words_of"]

_MOST_CHARACTERS = 300
_TRANSIENT = {408, 409, 425}
_NEVER_BETTER = {501, 505}
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(r"<[^>]*>")
_OUT_OF_MONEY = re.compile(r"insufficient_quota|billing|credit balance", re.IGNORECASE)


def fault_of_answer(answer: Answer, where: str) -> BackendError:
    """Fault of an answer whose status is not 2xx.

    Parameters
    ----------
    answer : Answer
    where : str
        Model and address, as messages name them.
    """
    status = answer.status
    said = f"{where} answered {status}: {words_of(answer) or 'nothing more'}"
    wait_s = retry_after_s(answer)
    if status in {401, 403}:
        return Unauthorized(f"{said}. Check the key, and what it may do.", retry_after_s=wait_s)
    if status == 429:
        if _OUT_OF_MONEY.search(said):
            return Refused(f"{said}. Waiting does not help: see your account there.")
        return RateLimited(f"{said}. Ask less at a time: lower workers.", retry_after_s=wait_s)
    if status >= 500 or status in _TRANSIENT:
        transient = status not in _NEVER_BETTER
        return ServerFault(f"{said}. See the server's log.", retry_after_s=wait_s, is_transient=transient)
    if 300 <= status < 400:
        return Refused(f"{said}. It sends elsewhere, which is not followed: give the address that answers.")
    return Refused(f"{said}. {_ADVICE.get(status, 'Change what was asked, or the options.')}")


_ADVICE = {
    404: "Check the model's name and the address; most end in /v1.",
    405: "Check the address; most end in /v1.",
    413: "Send smaller pictures: lower longest_side_px.",
}


def is_missing_model(answer: Answer) -> bool:
    """Whether a server says that it has no such model."""
    return answer.status == 404 and "model" in words_of(answer).lower()


def retry_after_s(answer: Answer, now_s: float | None = None) -> float | None:
    """Seconds a server asks to wait; None where it does not say, or not readably.

    Parameters
    ----------
    answer : Answer
    now_s : float or None, default None
        Seconds since 1970 that a date is compared with; None is the answer's own date, else this machine's.
    """
    text = answer.headers.get("retry-after", "").strip()
    try:
        if milliseconds := answer.headers.get("retry-after-ms", "").strip():
            return max(0.0, float(milliseconds) / 1000)
        return max(0.0, float(text)) if float(text) < float("inf") else None
    except ValueError:
        pass
    moment_s = _seconds(text)
    if moment_s is None:
        return None
    if now_s is None:
        # Both dates from one clock: the server's may be wrong by hours.
        now_s = _seconds(answer.headers.get("date", ""))
    return max(0.0, moment_s - (time.time() if now_s is None else now_s))


def _seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def words_of(answer: Answer) -> str:
    """What a server says about its refusal: one line, short, nothing but printable characters."""
    text = answer.body[: 2**16].decode("utf-8", errors="replace")
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
    if not isinstance(content, dict):
        return ""
    code = content.get("code") or content.get("type")
    for key in ("error", "message", "msg", "detail"):
        if text := _message(content.get(key)):
            known = isinstance(code, str) and key in {"message", "error"} and code not in text
            return f"{text} ({code})" if known else text
    return ""
