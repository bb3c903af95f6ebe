"""Questions to a server that are about the server: is it well, and which models has it."""

from __future__ import annotations

import time

from vlmkit import settings
from vlmkit.backends.discovery import FoundModel
from vlmkit.extras import open_by_name
from vlmkit.providers.faults import fault_of_answer
from vlmkit.providers.opening import connect, host_of
from vlmkit.providers.transport import Call

__all__ = ["check_health", "list_models"]


def list_models(engine: str, timeout_s: float) -> list[FoundModel]:
    """Models of a host at its usual address, or the one in vlmkit.toml.

    Parameters
    ----------
    engine : str
    timeout_s : float

    Raises
    ------
    SetupError
        The host needs a key, or is elsewhere and was not allowed.
    BackendError
        It does not answer.
    """
    host = host_of(engine, None)
    found: list[FoundModel] = []
    for transport in connect(host, table=settings.host(engine)):
        try:
            found += open_by_name(host.listing)(host, transport, Call(timeout_s))
        finally:
            transport.close()
    return found


def check_health(engine: str, url: str | None, timeout_s: float) -> tuple[str, float]:
    """Ask a server whether it is well.

    Parameters
    ----------
    engine : str
    url : str or None
        None is the host's usual address, or the one in vlmkit.toml.
    timeout_s : float

    Returns
    -------
    (address, seconds that the answer took)

    Raises
    ------
    SetupError
        As `list_models`.
    BackendError
        It does not answer, or says that it is not well.
    """
    host = host_of(engine, url)
    transport = connect(host, url=url, table=settings.host(engine))[0]
    start_s = time.monotonic()
    try:
        answer = transport.get(host.health_path, Call(timeout_s))
    finally:
        transport.close()
    if not 200 <= answer.status < 300:
        raise fault_of_answer(answer, transport.address)
    return transport.address, time.monotonic() - start_s
