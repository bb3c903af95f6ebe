"""LM Studio's own list, which knows who sees pictures and who is loaded: https://lmstudio.ai/docs/developer/rest."""

from __future__ import annotations

from vlmkit.backends.discovery import FoundModel
from vlmkit.providers.dialect import count
from vlmkit.providers.hosts import Host
from vlmkit.providers.listing import entries, fetch
from vlmkit.providers.transport import Call, Transport

__all__ = ["list_lmstudio"]


def list_lmstudio(host: Host, transport: Transport, call: Call) -> list[FoundModel]:
    """Models that LM Studio has downloaded; those that only make embeddings are left out.

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
        for entry in entries(fetch("//api/v0/models", transport, call), "data")
        if isinstance(entry.get("id"), str) and entry.get("type") != "embeddings"
    ]
