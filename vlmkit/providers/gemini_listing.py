"""Google's list of models: https://ai.google.dev/api/models."""

from __future__ import annotations

from vlmkit.backends.discovery import FoundModel
from vlmkit.providers.dialect import count
from vlmkit.providers.hosts import Host
from vlmkit.providers.listing import entries, fetch
from vlmkit.providers.transport import Call, Transport

__all__ = ["list_gemini"]


def list_gemini(host: Host, transport: Transport, call: Call) -> list[FoundModel]:
    """Models that write text.

    Parameters
    ----------
    host : Host
    transport : Transport
    call : Call

    Raises
    ------
    BackendError
        The server does not answer, or refuses the key.
    """
    return [
        FoundModel(
            engine=host.name,
            name=f"{host.name}:{entry['name'].removeprefix('models/')}",
            context=count(entry, "inputTokenLimit"),
            source=transport.address,
        )
        for entry in entries(fetch("/models?pageSize=1000", transport, call), "models")
        if isinstance(entry.get("name"), str) and "generateContent" in (entry.get("supportedGenerationMethods") or ())
    ]
