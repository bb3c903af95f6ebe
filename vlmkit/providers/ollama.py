"""Ollama's own lists, which know digests, sizes and who sees pictures: https://docs.ollama.com/api."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from vlmkit.backends.discovery import FoundModel
from vlmkit.errors import BackendError
from vlmkit.providers.dialect import count
from vlmkit.providers.hosts import Host
from vlmkit.providers.listing import entries, fetch, list_openai, native_entries
from vlmkit.providers.transport import Call, Transport

__all__ = ["list_ollama"]

_AT_ONCE = 8


def list_ollama(host: Host, transport: Transport, call: Call) -> list[FoundModel]:
    """Models that Ollama has downloaded.

    Where its own list is not there, as behind a gateway, OpenAI's is taken, which says less.

    Parameters
    ----------
    host : Host
    transport : Transport
    call : Call

    Raises
    ------
    BackendError
        The server does not answer, or not as Ollama does.
    """
    listed = native_entries("//api/tags", "models", transport, call)
    if listed is None:
        return list_openai(host, transport, call)
    tags = [tag for tag in listed if isinstance(tag.get("name"), str)]
    try:
        named = [entry.get("name") for entry in entries(fetch("//api/ps", transport, call), "models")]
        loaded = {name for name in named if isinstance(name, str)}
    except BackendError:
        loaded = set()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        # A call has one socket to abort, so that each of these requests gets its own, with the same deadline.
        shown = pool.map(lambda tag: _shown(tag["name"], transport, Call(call.left_s())), tags)
    return [_found(host, transport, tag, show, loaded) for tag, show in zip(tags, shown, strict=True)]


@dataclass(frozen=True, slots=True)
class _Shown:
    """What is kept of a model's description: its licence and template can have a megabyte."""

    sees_pictures: bool | None = None
    context: int | None = None


def _shown(name: str, transport: Transport, call: Call) -> _Shown:
    try:
        content = fetch("//api/show", transport, call, {"model": name})
    except BackendError:
        return _Shown()
    content = content if isinstance(content, dict) else {}
    abilities, facts = content.get("capabilities"), content.get("model_info")
    context = next((key for key in facts if key.endswith(".context_length")), None) if isinstance(facts, dict) else None
    return _Shown(
        sees_pictures="vision" in abilities if isinstance(abilities, list) else None,
        context=count(facts, context) if context else None,
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
        size_bytes=count(tag, "size"),
        quantization=quantization if isinstance(quantization, str) else None,
        context=show.context,
        source=transport.address,
        revision=digest if isinstance(digest, str) else None,
    )
