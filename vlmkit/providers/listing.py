"""Lists of models, as each host has them: OpenAI's, with what some servers add to it, and the hosts' own.

Ollama's knows digests, sizes and who sees pictures: https://docs.ollama.com/api. LM Studio's knows who sees pictures
and who is loaded: https://lmstudio.ai/docs/developer/rest. Google's: https://ai.google.dev/api/models.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from vlmkit.backends import FoundModel
from vlmkit.errors import BackendError, ServerFault
from vlmkit.providers.dialect import count_of, is_overfull, parse_json
from vlmkit.providers.faults import fault_of_answer
from vlmkit.providers.hosts import Host
from vlmkit.providers.transport import HttpAnswer, RequestDeadline, Transport

__all__ = ["list_gemini", "list_lmstudio", "list_ollama", "list_openai", "model_entries"]

_MOST_BYTES = 8 * 2**20  # OpenRouter's list, the longest honest one, has one
_MOST_VALUES = 400_000
_MOST_ENTRIES = 20_000
_NO_SUCH_PATH = {404, 405, 410, 501}
_AT_ONCE = 8  # models of Ollama's asked about at the same time
_CONTEXT_KEYS = ("max_model_len", "context_length", "max_context_length")


def list_openai(host: Host, transport: Transport, deadline: RequestDeadline) -> list[FoundModel]:
    """Models of ``GET /models``.

    Parameters
    ----------
    host : Host
    transport : Transport
    deadline : RequestDeadline

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
            context=next((found for key in _CONTEXT_KEYS if (found := count_of(entry, key))), None),
            source=transport.address,
        )
        for entry in model_entries(_fetch("/models", transport, deadline), "data")
        if isinstance(entry.get("id"), str)
    ]


def _fetch(path: str, transport: Transport, deadline: RequestDeadline, body: dict[str, Any] | None = None) -> Any:
    """JSON of one path; a body makes it a POST."""
    if body is None:
        return _content(transport.get(path, deadline, most_bytes=_MOST_BYTES), transport)
    return _content(transport.post(path, json.dumps(body).encode(), deadline, most_bytes=_MOST_BYTES), transport)


def _native_entries(
    path: str, key: str, transport: Transport, deadline: RequestDeadline
) -> list[dict[str, Any]] | None:
    """Entries of a host's own list; None where the server, or a gateway before it, has only OpenAI's."""
    answer = transport.get(path, deadline, most_bytes=_MOST_BYTES)
    return None if answer.status in _NO_SUCH_PATH else model_entries(_content(answer, transport), key)


def model_entries(content: Any, key: str) -> list[dict[str, Any]]:
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


def _content(answer: HttpAnswer, transport: Transport) -> Any:
    if not 200 <= answer.status < 300:
        fault = fault_of_answer(answer, transport.address)
        fault.reword(transport.redact(str(fault)))
        raise fault
    try:
        return parse_json(answer.body, _MOST_VALUES)
    except (ValueError, RecursionError) as error:
        kind = "longer than any list" if is_overfull(error) else "not JSON"
        raise ServerFault(f"{transport.address} answered something that is {kind}. Check the address.") from error


def _sees_pictures(entry: dict[str, Any]) -> bool | None:
    """What OpenRouter and llama.cpp's server say about it; the others say nothing."""
    architecture = entry.get("architecture")
    if isinstance(architecture, dict) and isinstance(architecture.get("input_modalities"), list):
        return "image" in architecture["input_modalities"]
    return None


def list_ollama(host: Host, transport: Transport, deadline: RequestDeadline) -> list[FoundModel]:
    """Models that Ollama has downloaded.

    Where its own list is not there, as behind a gateway, OpenAI's is taken, which says less.

    Parameters
    ----------
    host : Host
    transport : Transport
    deadline : RequestDeadline

    Raises
    ------
    BackendError
        The server does not answer, or not as Ollama does.
    """
    listed = _native_entries("//api/tags", "models", transport, deadline)
    if listed is None:
        return list_openai(host, transport, deadline)
    tags = [tag for tag in listed if isinstance(tag.get("name"), str)]
    try:
        named = [entry.get("name") for entry in model_entries(_fetch("//api/ps", transport, deadline), "models")]
        loaded = {name for name in named if isinstance(name, str)}
    except BackendError:
        loaded = set()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        shown = pool.map(lambda tag: _shown(tag["name"], transport, deadline), tags)
    return [_found(host, transport, tag, show, loaded) for tag, show in zip(tags, shown, strict=True)]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is kept of a model's description: its licence and template can have a megabyte."""

    sees_pictures: bool | None = None
    context: int | None = None


def _shown(name: str, transport: Transport, deadline: RequestDeadline) -> _Shown:
    try:
        content = _fetch("//api/show", transport, deadline, {"model": name})
    except BackendError:
        return _Shown()
    content = content if isinstance(content, dict) else {}
    abilities, facts = content.get("capabilities"), content.get("model_info")
    context = next((key for key in facts if key.endswith(".context_length")), None) if isinstance(facts, dict) else None
    return _Shown(
        sees_pictures="vision" in abilities if isinstance(abilities, list) else None,
        context=count_of(facts, context) if context else None,
    )


def _found(host: Host, transport: Transport, tag: dict[str, Any], show: _Shown, loaded: set[str]) -> FoundModel:
    details = tag.get("details")
    quantization = details.get("quantization_level") if isinstance(details, dict) else None
    digest = tag.get("digest")
    return FoundModel(
        engine=host.name,
        name=f"{host.name}:{tag['name']}",
        sees_pictures=show.sees_pictures,
        loaded=tag["name"] in loaded,
        size_bytes=count_of(tag, "size"),
        quantization=quantization if isinstance(quantization, str) else None,
        context=show.context,
        source=transport.address,
        revision=digest if isinstance(digest, str) else None,
    )


def list_lmstudio(host: Host, transport: Transport, deadline: RequestDeadline) -> list[FoundModel]:
    """Models that LM Studio has downloaded; those that only make embeddings are left out.

    Where its own list is not there, as in early versions and behind gateways, OpenAI's is taken, which says less.

    Parameters
    ----------
    host : Host
    transport : Transport
    deadline : RequestDeadline

    Raises
    ------
    BackendError
        The server does not answer, or not as LM Studio does.
    """
    listed = _native_entries("//api/v0/models", "data", transport, deadline)
    if listed is None:
        return list_openai(host, transport, deadline)
    return [
        FoundModel(
            engine=host.name,
            name=f"{host.name}:{entry['id']}",
            sees_pictures=entry.get("type") == "vlm",
            loaded=entry.get("state") == "loaded",
            quantization=entry["quantization"] if isinstance(entry.get("quantization"), str) else None,
            context=count_of(entry, "max_context_length"),
            source=transport.address,
        )
        for entry in listed
        if isinstance(entry.get("id"), str) and entry.get("type") != "embeddings"
    ]


def list_gemini(host: Host, transport: Transport, deadline: RequestDeadline) -> list[FoundModel]:
    """Models that write text.

    Parameters
    ----------
    host : Host
    transport : Transport
    deadline : RequestDeadline

    Raises
    ------
    BackendError
        The server does not answer, or refuses the key.
    """
    return [
        FoundModel(
            engine=host.name,
            name=f"{host.name}:{entry['name'].removeprefix('models/')}",
            context=count_of(entry, "inputTokenLimit"),
            source=transport.address,
        )
        for entry in model_entries(_fetch("/models?pageSize=1000", transport, deadline), "models")
        if isinstance(entry.get("name"), str) and "generateContent" in (entry.get("supportedGenerationMethods") or ())
    ]
