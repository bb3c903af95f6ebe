"""What went wrong, in the words of the dialect: status, type, parameter and code.

Statuses are those that clients of the dialect understand: they ask again after a 5xx and never after a 400.
"""

from __future__ import annotations

import reprlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vlmkit.errors import (
    BackendError,
    BadSchema,
    BadSetting,
    Cancelled,
    ChatError,
    ImageTooLarge,
    ModelLoadFailed,
    ModelNotFound,
    PromptTooLong,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    UnknownModel,
    Unreachable,
    UnreadableImage,
    UnsupportedFormat,
    VlmkitError,
)
from vlmkit.untrusted import quoted

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["bad_field", "chat_error", "unsupported"]

_INVALID, _FAULT, _BUSY = "invalid_request_error", "server_error", "server_busy"

# The first class that fits counts, so those that are more exact come first.
_KINDS: tuple[tuple[type[VlmkitError] | tuple[type[VlmkitError], ...], int, str, str | None], ...] = (
    ((UnknownModel, ModelNotFound), 404, _INVALID, "model_not_found"),
    (BadSchema, 400, _INVALID, "invalid_schema"),
    (BadSetting, 400, _INVALID, None),
    (ImageTooLarge, 400, _INVALID, "image_too_large"),
    ((UnsupportedFormat, UnreadableImage), 400, _INVALID, "invalid_image"),
    (PromptTooLong, 400, _INVALID, "context_length_exceeded"),
    (Refused, 400, _INVALID, None),
    (RateLimited, 503, _BUSY, "rate_limited"),
    (TimedOut, 503, _FAULT, "timeout"),
    (Unreachable, 503, _FAULT, "unreachable"),
    (ModelLoadFailed, 503, _BUSY, "model_load_failed"),
    (Cancelled, 499, _FAULT, "cancelled"),
)


def chat_error(error: BaseException, *, param: str | None = None) -> ChatError:
    """The error that a client gets for a fault.

    Parameters
    ----------
    error : BaseException
        A `ChatError` is given back as it is. Of what is no error of vlmkit's, the words are not shown to the client.
    param : str or None, default None
        Field of the request that it is about.

    Examples
    --------
    >>> from vlmkit.errors import PromptTooLong
    >>> fault = chat_error(PromptTooLong("9000 tokens, and the model reads 8192."), param="messages")
    >>> fault.status, fault.code
    (400, 'context_length_exceeded')
    """
    if isinstance(error, ChatError):
        return error
    made = _made(error, param)
    made.__cause__ = error
    return made


def _made(error: BaseException, param: str | None) -> ChatError:
    if not isinstance(error, VlmkitError):
        words = f"The server failed ({type(error).__name__}). Its log says more."
        return ChatError(words, status=500, kind=_FAULT)
    if isinstance(error, Refused) and error.is_fatal:  # credit or model is gone where we ask: no fault of the request
        return ChatError(str(error), status=500, kind=_FAULT, should_retry=False)
    status, kind, code = next(
        ((status, kind, code) for classes, status, kind, code in _KINDS if isinstance(error, classes)),
        (503 if isinstance(error, ServerFault) and error.is_transient else 500, _FAULT, None),
    )
    return ChatError(
        str(error),
        status=status,
        kind=kind,
        param=_param(param, code) if status < 499 else None,
        code=code,
        retry_after_s=error.retry_after_s if isinstance(error, BackendError) else None,
        should_retry=False if isinstance(error, ModelLoadFailed) else None,
    )


def _param(param: str | None, code: str | None) -> str | None:
    """The field; of a prompt that is too long it is the one that OpenAI names, whichever messages are."""
    return "messages" if param is None and code == "context_length_exceeded" else param


def unsupported(param: str, message: str) -> ChatError:
    """A field that would change the answer and cannot be served.

    Parameters
    ----------
    param : str
    message : str
        What to do, after the field's name.
    """
    return ChatError(f"{param}: {message}", param=param, code="unsupported_parameter")


def bad_field(error: ValidationError, body: Mapping[str, Any]) -> ChatError:
    """What is wrong with the first field of a body that is wrong, with its path.

    Parameters
    ----------
    error : pydantic.ValidationError
    body : mapping
        What was checked.
    """
    found = error.errors(include_url=False)
    # Of a field that may be one of several things, the one that was meant is where the check came furthest.
    entry = max(found, key=lambda each: len(_steps(each["loc"], body, each["type"])))
    steps = _steps(entry["loc"], body, entry["type"])
    if entry["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        context = entry["ctx"]
        steps = [*steps, context["discriminator"].strip("'")]
        expected = context.get("expected_tags", "")
        given = quoted(str(context["tag"])) if "tag" in context else "nothing"
        said = f"{given} cannot be used here. Give one of {expected}." if expected else "it is missing. Add it."
    elif entry["type"] == "missing":
        said = "it is missing. Add it."
    else:
        said = f"{entry['msg'][:1].lower()}{entry['msg'][1:]}; {quoted(reprlib.repr(entry['input']))} was given."
    path = _written(steps)
    return ChatError(f"{path}: {said}", param=path or None)


def _steps(place: Sequence[str | int], body: Any, kind: str) -> list[str | int]:
    """Those steps of pydantic's path that are keys and places of the body; others name types."""
    steps: list[str | int] = []
    for number, step in enumerate(place):
        if _leads(body, step):
            body = body[step]
        elif not (kind == "missing" and number == len(place) - 1):
            continue
        steps.append(step)
    return steps


def _leads(body: Any, step: str | int) -> bool:
    if isinstance(body, Mapping):
        return step in body
    return isinstance(body, list) and isinstance(step, int) and step < len(body)


def _written(steps: Sequence[str | int]) -> str:
    """As JavaScript writes it: ``messages[0].content``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
