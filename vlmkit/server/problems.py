"""What a client is told that gets no answer: the dialect's error object, with the headers that client libraries read.

``Retry-After`` and ``x-should-retry`` are what OpenAI's library goes by: it asks again after a 5xx, twice by itself.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from vlmkit.errors import ChatError
from vlmkit.server.tickets import Refusal

__all__ = ["client_left", "error_body", "error_response", "refused", "without_addresses"]

_LONGEST_RETRY_S = 60
_JITTER = 0.25  # so that all who were refused together do not come back together

_WORDS = {
    Refusal.QUEUE_FULL: "{model}: as many requests wait as may wait. Try again a little later.",
    Refusal.QUEUE_TIMEOUT: "{model}: its turn did not come in time. Try again, or ask for a stream: it waits longer.",
    Refusal.MODEL_LOAD_FAILED: "{model} could not be loaded, and is tried again later. Name another model.",
    Refusal.MODEL_SWITCH: "{model} had to make room for another model before the answer was complete. Try again.",
    Refusal.SHUTTING_DOWN: "The server is being stopped. Try again when it is back.",
}
_FINAL = {Refusal.MODEL_LOAD_FAILED, Refusal.SHUTTING_DOWN}

_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://[^\s'\"<>(){},;]+", re.IGNORECASE)
_IP_ADDRESS = r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]\d)(?::\d+)?|\[[0-9a-f:]*:[0-9a-f:.]*\](?::\d+)?"
_HIDDEN = "[address]"


def refused(refusal: Refusal, model: str, eta_s: float | None = None) -> ChatError:
    """The error for a request that the queues refuse.

    Parameters
    ----------
    refusal : Refusal
    model : str
    eta_s : float or None, default None
        When a turn would come.
    """
    return ChatError(
        _WORDS[refusal].format(model=model),
        status=503,
        kind="server_busy",
        code=refusal,
        retry_after_s=None if refusal in _FINAL else eta_s or 1.0,
        should_retry=False if refusal in _FINAL else None,
    )


def client_left() -> ChatError:
    """The error that nobody hears: of a request whose client left before its end."""
    return ChatError("The client has left.", status=499, code="client_closed")


def error_body(error: ChatError) -> dict[str, Any]:
    """The error object; one that says that the server is busy is marked so.

    Parameters
    ----------
    error : ChatError
    """
    is_queued = error.code in {Refusal.QUEUE_FULL, Refusal.QUEUE_TIMEOUT}
    return {"error": {**error.body["error"], **({"queued": True} if is_queued else {})}}


def error_response(error: ChatError) -> Response:
    """The error as an answer.

    Parameters
    ----------
    error : ChatError
    """
    headers = {"content-type": "application/json"}
    if error.retry_after_s is not None:
        wait_s = min(error.retry_after_s, _LONGEST_RETRY_S) * (1 + _JITTER * random.random())
        headers["retry-after"] = str(max(1, math.ceil(wait_s)))
    if error.should_retry is not None:
        headers["x-should-retry"] = "true" if error.should_retry else "false"
    if error.status == 401:
        headers["www-authenticate"] = "Bearer"
    if error.code == Refusal.SHUTTING_DOWN:
        headers["connection"] = "close"
    return Response(json.dumps(error_body(error)), error.status, headers)


def without_addresses(text: str, names: Mapping[str, str]) -> tuple[str, list[str]]:
    """Words about a model's server that do not say where it is.

    Parameters
    ----------
    text : str
    names : mapping of str to str
        Full names of models, an address in them perhaps, and what clients call them.

    Returns
    -------
    The text, and the addresses that were in it.

    Examples
    --------
    >>> without_addresses("vllm:m at http://gpu:8000/v1 answered 500.", {"vllm:m": "m"})
    ('m at [address] answered 500.', ['http://gpu:8000/v1'])
    """
    for name, alias in names.items():
        text = text.replace(name, alias) if ":" in name else text  # one without an engine may be any word
    urls = [found.rstrip(".:!?") for found in _URL.findall(text)]
    hosts = [url.partition("://")[2].partition("/")[0].rpartition("@")[2] for url in urls]
    known = {*urls, *hosts, *(host.rpartition(":")[0] or host for host in hosts)} - {""}
    listed = "|".join(re.escape(each) for each in sorted(known, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w.-])(?:{listed})(?![\w-])|{_IP_ADDRESS}" if known else _IP_ADDRESS, re.IGNORECASE)
    return pattern.sub(_HIDDEN, text), list(dict.fromkeys(pattern.findall(text)))
