"""Lists of models as OpenAI's dialect has them, with what some servers add to it."""

from __future__ import annotations

import json
from typing import Any

from vlmkit.backends.discovery import FoundModel
from vlmkit.errors import ServerFault
from vlmkit.providers.dialect import count, is_overfull, parse
from vlmkit.providers.faults import fault_of_answer
from vlmkit.providers.hosts import Host
from vlmkit.providers.transport import Answer, Call, Transport

__all__ = ["entries", "fetch", "list_openai", "native_entries"]

_MOST_BYTES = 8 * 2**20  # OpenRouter's list, the longest honest one, has one
_MOST_VALUES = 400_000
_MOST_ENTRIES = 20_000
_NO_SUCH_PATH = {404, 405, 410, 501}
_CONTEXT_KEYS = ("max_model_len", "context_length", "max_context_length")


def list_openai(host: Host, transport: Transport, call: Call) -> list[FoundModel]:
    """Models of ``GET /models``.

    Parameters
    ----------
    host : Host
    transport : Transport
    call : Call

    Raises
    ------
    BackendError
        The server does not answer, or not with a list.
    """
    return [
        FoundModel(
            engine=host.name,
            name=f"{host.name}:{entry['id']}",
            sees_pictures=_sees_pictures(entry),
            loaded=entry["loaded"] if isinstance(entry.get("loaded"), bool) else None,
            context=next((found for key in _CONTEXT_KEYS if (found := count(entry, key))), None),
            source=transport.address,
        )
        for entry in entries(fetch("/models", transport, call), "data")
        if isinstance(entry.get("id"), str)
    ]


def fetch(path: str, transport: Transport, call: Call, body: dict[str, Any] | None = None) -> Any:
    """JSON of one path; a body makes it a POST.

    Parameters
    ----------
    path : str
        As for `Transport.post`.
    transport : Transport
    call : Call
    body : dict or None, default None

    Raises
    ------
    BackendError
        A status other than 2xx, or no JSON; or as `Transport.post`.
    """
    if body is None:
        return _content(transport.get(path, call, most_bytes=_MOST_BYTES), transport)
    return _content(transport.post(path, json.dumps(body).encode(), call, most_bytes=_MOST_BYTES), transport)


def native_entries(path: str, key: str, transport: Transport, call: Call) -> list[dict[str, Any]] | None:
    """Entries of a host's own list; None where the server, or a gateway before it, has only OpenAI's.

    Parameters
    ----------
    path, key : str
        As for `fetch` and `entries`.
    transport : Transport
    call : Call

    Raises
    ------
    BackendError
        As `fetch`.
    """
    answer = transport.get(path, call, most_bytes=_MOST_BYTES)
    return None if answer.status in _NO_SUCH_PATH else entries(_content(answer, transport), key)


def entries(content: Any, key: str) -> list[dict[str, Any]]:
    """Mappings in a list under a key; whatever else is there is left out.

    Raises
    ------
    ServerFault
        There are more than any server has.
    """
    found = content.get(key) if isinstance(content, dict) else None
    if isinstance(found, list) and len(found) > _MOST_ENTRIES:
        raise ServerFault(f"the server lists {len(found):,} models, and none has so many. Check the address.")
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _content(answer: Answer, transport: Transport) -> Any:
    if not 200 <= answer.status < 300:
        fault = fault_of_answer(answer, transport.address)
        fault.reword(transport.redact(str(fault)))
        raise fault
    try:
        return parse(answer.body, _MOST_VALUES)
    except (ValueError, RecursionError) as error:
        kind = "longer than any list" if is_overfull(error) else "not JSON"
        raise ServerFault(f"{transport.address} answered something that is {kind}. Check the address.") from error


def _sees_pictures(entry: dict[str, Any]) -> bool | None:
    """What OpenRouter and llama.cpp's server say about it; the others say nothing."""
    architecture = entry.get("architecture")
    if isinstance(architecture, dict) and isinstance(architecture.get("input_modalities"), list):
        return "image" in architecture["input_modalities"]
    return None
