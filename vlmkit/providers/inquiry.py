"""Questions to a server that are about the server: is it well, and which models has it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vlmkit import settings
from vlmkit.backends import FoundModel
from vlmkit.errors import BadSetting
from vlmkit.extras import open_by_name
from vlmkit.providers.access import addresses_of, api_key_of, host_of, hosts_elsewhere
from vlmkit.providers.faults import fault_of_answer
from vlmkit.providers.hosts import Host
from vlmkit.providers.opening import connect, named_in
from vlmkit.providers.transport import RequestDeadline

__all__ = ["check_health", "list_host_models"]


def list_host_models(engine: str, timeout_s: float, url: str | None = None) -> list[FoundModel]:
    """Models of a host.

    Parameters
    ----------
    engine : str
    timeout_s : float
    url : str or None, default None
        Where to ask; the models' names have it in them then. None is the address in vlmkit.toml, or the usual one.

    Raises
    ------
    SetupError
        The host needs a key, or is elsewhere and was not allowed.
    BackendError
        It does not answer.
    """
    host, table = host_of(engine, url), settings.host(engine)
    _check_wanted(host, table, url)
    found: list[FoundModel] = []
    for transport in connect(host, url=url, table=table):
        try:
            models: list[FoundModel] = open_by_name(host.listing)(host, transport, RequestDeadline(timeout_s))
        finally:
            transport.close()
        found += [_located(model, transport.address) for model in models] if url else models
    return found


def _located(model: FoundModel, address: str) -> FoundModel:
    options: dict[str, Any] = {"name": model.name and f"{model.name}@{address}"}
    return replace(model, **options)


def _check_wanted(host: Host, table: Mapping[str, Any], url: str | None) -> None:
    """Leave a server elsewhere alone unless its key is here and it was allowed; say so in few words."""
    addresses = addresses_of(host, url, table)
    elsewhere = hosts_elsewhere(addresses)
    if elsewhere and host.needs_key:
        api_key_of(host, addresses[0], table=table)
    if elsewhere and not settings.get("allow_remote"):
        raise BadSetting(f"not asked, as {elsewhere[0]} is not this machine. Allow it with vk.use(allow_remote=True).")


def check_health(engine: str, url: str | None, timeout_s: float, name: str | None = None) -> tuple[str, float]:
    """Ask a server whether it is well.

    Parameters
    ----------
    engine : str
    url : str or None
        None is the host's usual address, or the one in vlmkit.toml.
    timeout_s : float
    name : str or None, default None
        A model it should have.

    Returns
    -------
    (address, seconds that the answer took)

    Raises
    ------
    SetupError
        As `list_host_models`.
    ModelNotFound
        It has no such model.
    BackendError
        It does not answer, or says that it is not well.
    """
    host = host_of(engine, url)
    model = f"{engine}:{name}" if name else engine
    transport = connect(host, url=url, table=settings.host(engine), model=model)[0]
    start_s = time.monotonic()
    try:
        answer = transport.get(host.health_path, RequestDeadline(timeout_s))
        seconds = time.monotonic() - start_s
        if not 200 <= answer.status < 300:
            raise fault_of_answer(answer, transport.address)
        if name is not None:
            found: list[FoundModel] = open_by_name(host.listing)(host, transport, RequestDeadline(timeout_s))
            named_in(found, host, name, model, transport)
    finally:
        transport.close()
    return transport.address, seconds
