"""LM Studio's own list, which knows who sees pictures and who is loaded: https://lmstudio.ai/docs/developer/rest."""

from __future__ import annotations

from vlmkit.backends.discovery import FoundModel
from vlmkit.providers.dialect import count
from vlmkit.providers.hosts import Host
from vlmkit.providers.listing import list_openai, native_entries
from vlmkit.providers.transport import Call, Transport

__all__ = ["list_lmstudio"]


def list_lmstudio(host: Host, transport: Transport, call: Call) -> list[FoundModel]:
    """Models that LM Studio has downloaded; those that only make embeddings are left out.

    Where its own list is not there, as in early versions and behind gateways, OpenAI's is taken, which says less.

    Parameters
    ----------
    host : Host
    transport : Transport
    call : Call

    Raises
    ------
    BackendError
        The server does not answer, or not as LM Studio does.
    """
    listed = native_entries("//api/v0/models", "data", transport, call)
    if listed is None:
        return list_openai(host, transport, call)
    return [
        FoundModel(
            engine=host.name,
            name=f"{host.name}:{entry['id']}",
            sees_pictures=entry.get("type") == "vlm",
            loaded=entry.get("state") == "loaded",
            quantization=entry["quantization"] if isinstance(entry.get("quantization"), str) else None,
            context=count(entry, "max_context_length"),
            source=transport.address,
        )
        for entry in listed
        if isinstance(entry.get("id"), str) and entry.get("type") != "embeddings"
    ]
