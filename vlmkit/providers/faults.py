"""From a server's status and words to the fault that says what to do; pure, so that every status can be tried."""

from __future__ import annotations

import json
import re
from typing import Any

from vlmkit.errors import BackendError, PromptTooLong, RateLimited, Refused, ServerFault, Unauthorized
from vlmkit.providers.dialect import parse
from vlmkit.providers.transport import Answer
from vlmkit.providers.waits import retry_after_s

__all__ = ["fault_in_body", "fault_of_answer", "is_missing_model", "words_of"]

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


def fault_of_answer(answer: Answer, where: str) -> BackendError:
    """Fault of an answer whose status is not 2xx.

    Parameters
    ----------
    answer : Answer
    where : str
        Model and address, as messages name them.
    """
    words = words_of(answer)
    said = f"{where} answered {answer.status}: {words or 'nothing more'}"
    text = answer.body[:_MOST_BYTES].decode("utf-8", errors="replace")
    wait_s = retry_after_s(answer)
    if answer.status == 402 or (answer.status < 500 and _NO_CREDIT.search(words)):
        return Refused(f"{said}. Waiting does not help: see your account there.", is_fatal=True)
    if answer.status == 403 and _MODERATED.search(words):
        return Refused(f"{said}. The server did not want to look at this picture, or at this question.")
    if answer.status in {401, 403}:
        return Unauthorized(f"{said}. Check the key, and what it may do.", retry_after_s=wait_s, is_fatal=True)
    if answer.status == 429:
        return _rate_fault(said, text, wait_s)
    if answer.status >= 500 or answer.status in _TRANSIENT:
        return _server_fault(said, text, answer.status, wait_s)
    return _refused(said, words, answer)


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


def _refused(said: str, words: str, answer: Answer) -> BackendError:
    if 300 <= answer.status < 400:
        return Refused(f"{said}. It sends elsewhere, which is not followed: give the address that answers.")
    if answer.status == 400 and _OUT_OF_MEMORY.search(words):
        return _server_fault(said, words, answer.status, None)
    if answer.status in {400, 413, 422} and _TOO_LONG.search(words):
        return PromptTooLong(f"{said}. Ask with fewer or smaller pictures, a shorter prompt, or a lower max_tokens.")
    is_gone = is_missing_model(answer) or (answer.status in {400, 404, 410} and bool(_NO_MODEL.search(words)))
    return Refused(f"{said}. {_ADVICE.get(answer.status, 'Change what was asked, or the options.')}", is_fatal=is_gone)


def fault_in_body(answer: Answer, where: str) -> BackendError | None:
    """Fault that an answer with a good status has in its body, with a status of its own, as gateways write it.

    Parameters
    ----------
    answer : Answer
    where : str
        Model and address, as messages name them.
    """
    if b'"error"' not in answer.body:
        return None
    try:
        content = parse(answer.body)
    except (ValueError, RecursionError):
        return None
    error = content.get("error") if isinstance(content, dict) and not content.get("choices") else None
    codes = [str(error.get(name)) for name in ("code", "status")] if isinstance(error, dict) else []
    status = next((int(code) for code in codes if code.isdecimal() and len(code) == 3 and 400 <= int(code) < 600), None)
    if status is None:
        return None
    return fault_of_answer(Answer(status=status, headers=answer.headers, body=answer.body), where)


_ADVICE = {
    404: "Check the model's name and the address; most end in /v1.",
    405: "Check the address; most end in /v1.",
    413: "Send smaller pictures: lower longest_side_px.",
}


def is_missing_model(answer: Answer) -> bool:
    """Whether a server says that it has no such model."""
    return answer.status == 404 and "model" in words_of(answer).lower()


def words_of(answer: Answer) -> str:
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
    if not isinstance(content, dict):
        return ""
    code = content.get("code") or content.get("type")
    for key in ("error", "message", "msg", "detail"):
        if text := _message(content.get(key)):
            known = isinstance(code, str) and key in {"message", "error"} and code not in text
            return f"{text} ({code})" if known else text
    return ""
