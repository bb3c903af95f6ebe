"""From a host's row and the user's options to an open model: address, permission, key, limits, and a first look."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from vlmkit import settings
from vlmkit.arguments import check_whole, is_number
from vlmkit.backends import Abilities, FoundModel, ModelInfo
from vlmkit.errors import (
    BackendError,
    BadSetting,
    ModelLoadFailed,
    ModelNotFound,
    Unauthorized,
    Unreachable,
)
from vlmkit.extras import open_by_name
from vlmkit.providers.access import check_permission, host_of, hosts_elsewhere, sites_of
from vlmkit.providers.addresses import bases_of, origin_of
from vlmkit.providers.dialect import RequestForm
from vlmkit.providers.hosts import Host
from vlmkit.providers.load_balancer import LoadBalancer
from vlmkit.providers.provider import Provider
from vlmkit.providers.rate_limiter import RateLimits, limiter_for
from vlmkit.providers.secret import Key
from vlmkit.providers.transport import RequestDeadline, Transport

__all__ = ["connect", "named_in", "open_host"]

_LOOK_S = 5.0
_DETAILS = ("low", "high", "auto")


def open_host(
    name: str,
    *,
    engine: str,
    url: str | None = None,
    api_key: str | None = None,
    allow_remote: bool | None = None,
    detail: str | None = None,
    longest_side_px: int | None = None,
    parallel_asks: int | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    extra_body: Mapping[str, Any] | None = None,
    ca_file: str | None = None,
    verify: bool | None = None,
) -> Provider:
    """Open a model on a server.

    Parameters
    ----------
    name : str
        As the server calls the model.
    engine : str
        The host, as ``"ollama"``; given by whoever opens.
    url : str or None, default None
        Base address, or several of them with commas between, which share the work. Default: what `addresses_of` says.
    api_key : str or None, default None
        Default: the host's environment variable.
    allow_remote : bool or None, default None
        Whether pictures may leave this machine. Default: the setting, which is False.
    detail : {"low", "high", "auto"} or None, default None
        How closely pictures are looked at, where the server knows the option.
    longest_side_px : int or None, default None
        Larger pictures are shrunk before they are sent. Default: what suits the host, 1000 for most.
    parallel_asks : int or None, default None
        Requests at the same time, in this process; None leaves it to the run.
    requests_per_minute, tokens_per_minute : float or None, default None
        Kept over all backends of this process that ask the same server. Default: ``[hosts.NAME]`` in vlmkit.toml.
    extra_body : mapping or None, default None
        Further JSON entries of every request, as the server's documentation has them.
    ca_file : str or None, default None
        PEM file of certificates to trust beside those that Python trusts (or those in ``SSL_CERT_FILE``), for a server
        whose certificate nobody public signed. Default: ``[hosts.NAME]`` in vlmkit.toml.
    verify : bool or None, default None
        False sends pictures and key to whoever answers, whatever certificate that shows. Default: ``[hosts.NAME]`` in
        vlmkit.toml, then True.

    Returns
    -------
    Provider

    Raises
    ------
    BadSetting
        An option or address that cannot be used, or a server elsewhere that was not allowed.
    MissingKey
        The host needs a key, and none was given.
    ModelNotFound
        The server has no such model.
    ModelLoadFailed
        Nothing answers there, or the key is refused.
    """
    api_key, extra_body = _hidden(api_key), dict(extra_body or {})
    _check_options(detail, longest_side_px, parallel_asks, requests_per_minute, tokens_per_minute)
    host, table, short = host_of(engine, url), settings.host(engine) | _trusted(ca_file, verify), f"{engine}:{name}"
    transports = connect(host, url=url, table=table, api_key=api_key, allow_remote=allow_remote, model=short)
    addresses = [transport.address for transport in transports]
    full_name = f"{short}@{','.join(addresses)}" if url else short
    try:
        found = _look(host, name, full_name, transports)
    except BaseException:
        for transport in transports:
            transport.close()
        raise
    limits = RateLimits(
        requests_per_minute=requests_per_minute or table.get("requests_per_minute"),
        tokens_per_minute=tokens_per_minute or table.get("tokens_per_minute"),
        parallel_asks=parallel_asks or table.get("parallel_asks"),
    )
    return Provider(
        full_name,
        revision=_revision(found.revision if found else None, {"detail": detail, "extra_body": extra_body}, addresses),
        abilities=_abilities(host, addresses, longest_side_px, limits),
        dialect=host.dialect,
        form=RequestForm(
            model=name,
            parameters=host.parameters,
            detail=detail,
            extra_body=extra_body,
            highest_temperature=host.highest_temperature,
        ),
        balancer=LoadBalancer(transports),
        limiter=limiter_for(",".join(sorted(map(origin_of, addresses))), limits),
        permission=partial(check_permission, short, hosts_elsewhere(addresses), allow_remote),
        info=_info(full_name, found, addresses, limits),
    )


def connect(
    host: Host,
    *,
    url: str | None = None,
    table: Mapping[str, Any] | None = None,
    api_key: str | None = None,
    allow_remote: bool | None = None,
    model: str = "",
) -> list[Transport]:
    """Transports to a host's addresses; a server whose base path is not known is asked where its models are.

    Parameters
    ----------
    host : Host
    url : str or None, default None
        One address, or several with commas between.
    table : mapping or None, default None
        What vlmkit.toml says about the host.
    api_key : str or None, default None
    allow_remote : bool or None, default None
    model : str, default the host's name
        What messages are about.

    Raises
    ------
    BadSetting
        An address cannot be used, or is not allowed.
    MissingKey
        The host needs a key, and none was given.
    """
    endpoints = sites_of(host, url=url, table=table, api_key=api_key, allow_remote=allow_remote, model=model)
    trust = {name: (table or {})[name] for name in ("ca_file", "verify") if name in (table or {})}
    return [_settled(bases_of(address), host.dialect.headers(key), key, **trust) for address, key in endpoints]


def _hidden(api_key: str | None) -> str | None:
    return Key(api_key) if isinstance(api_key, str) else api_key


def _trusted(ca_file: object, verify: object) -> dict[str, Any]:
    """Those of both that were given."""
    if ca_file is not None and not isinstance(ca_file, str | os.PathLike):
        raise BadSetting(f"ca_file={ca_file!r}: give the name of a PEM file.")
    if verify is not None and not isinstance(verify, bool):
        raise BadSetting(f"verify={verify!r}: give True or False; a file of certificates is given as ca_file.")
    given = {"ca_file": None if ca_file is None else os.fspath(ca_file), "verify": verify}
    return {name: value for name, value in given.items() if value is not None}


def _settled(bases: Sequence[str], headers: Mapping[str, str], key: str | None, **trust: Any) -> Transport:
    """Transport to the first base address below which there are models, or may be for who has the key."""
    for base in bases if len(bases) > 1 else ():
        transport = Transport(base, headers, secret=key, **trust)
        try:
            answer = transport.get("/models", RequestDeadline(_LOOK_S))
        except BackendError:
            transport.close()
            break
        if answer.status in {401, 403} or (answer.status == 200 and answer.body.lstrip().startswith((b"{", b"["))):
            return transport
        transport.close()
    return Transport(bases[0], headers, secret=key, **trust)


def _look(host: Host, name: str, full_name: str, transports: Sequence[Transport]) -> FoundModel | None:
    """Ask for the list of models: who does not answer now would not answer the run, and would cost its first rows."""
    faults: list[BackendError] = []
    for transport in transports:
        try:
            found: list[FoundModel] = open_by_name(host.listing)(host, transport, RequestDeadline(_LOOK_S))
        except (Unauthorized, Unreachable) as fault:
            faults.append(fault)
        except BackendError:  # answers, and has no list: asking will show
            return None
        else:
            return named_in(found, host, name, full_name, transport)
    start = f" Start it ({host.start}), or give its address: {host.name}:{name}@http://HOST:PORT/v1."
    advice = start if host.start and isinstance(faults[0], Unreachable) else ""
    raise ModelLoadFailed(f"{full_name} cannot be asked: {faults[0]}{advice}") from faults[0]


def named_in(found: list[FoundModel], host: Host, name: str, full_name: str, transport: Transport) -> FoundModel | None:
    """The model of that name in a server's list; None where it may be there all the same.

    Parameters
    ----------
    found : list of FoundModel
    host : Host
    name, full_name : str
        As the server calls it; as messages do.
    transport : Transport

    Raises
    ------
    ModelNotFound
        It is not there; close names are in the message.
    """
    by_name = {model.name.partition(":")[2]: model for model in found if model.name}
    # People leave out Ollama's ":latest", and add OpenRouter's ":nitro" and Google's "models/".
    alike = (name, f"{name}:latest", name.rpartition(":")[0], name.removeprefix("models/"))
    model = next((by_name[each] for each in alike if each in by_name), None)
    if model is None and host.lists_all and found:
        close = difflib.get_close_matches(name, by_name, n=3, cutoff=0.4) or sorted(by_name)[:3]
        message = f"{full_name}: the server at {transport.address} has no such model. It has, for example: "
        raise ModelNotFound(message + f"{', '.join(close)}. vlmkit models --engine {host.name} lists all.")
    return model


def _abilities(host: Host, addresses: Sequence[str], longest_side_px: int | None, limits: RateLimits) -> Abilities:
    return Abilities(
        images_per_ask=host.images_per_ask,
        json_schema="json_schema" in host.parameters,
        tools="tools" in host.parameters,
        token_probabilities="token_probabilities" in host.parameters,
        seed="seed" in host.parameters,
        longest_side_px=longest_side_px or host.longest_side_px,
        parallel_asks=limits.parallel_asks or host.parallel_asks * len(addresses),
        destination=", ".join(addresses),
    )


def _info(name: str, found: FoundModel | None, addresses: Sequence[str], limits: RateLimits) -> ModelInfo:
    facts = found or FoundModel(engine="")
    return ModelInfo(
        name=name,
        revision=facts.revision,
        destination=", ".join(addresses),
        sees_pictures=facts.sees_pictures,
        quantization=facts.quantization,
        context_length=facts.context,
        slots=limits.parallel_asks,
    )


def _revision(digest: str | None, options: Mapping[str, Any], addresses: Sequence[str]) -> str | None:
    """The model's digest where the server says it, and one of what else decides answers.

    Without the model's own digest that is also the address: another server may mean another model by the same name.
    """
    chosen = {name: value for name, value in options.items() if value}
    if digest is None:
        chosen["addresses"] = sorted(addresses)
    if not chosen:
        return digest
    text = json.dumps(chosen, sort_keys=True, default=str)
    return f"{digest or ''}+{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def _check_options(detail: object, longest_side_px: object, parallel_asks: object, *rates: object) -> None:
    if detail is not None and detail not in _DETAILS:
        raise BadSetting(f'detail={detail!r}: give "low", "high" or "auto".')
    whole = {"longest_side_px": longest_side_px, "parallel_asks": parallel_asks}
    for name, value in whole.items():
        if value is not None:
            check_whole(name, value)
    for rate in rates:
        if rate is not None and not (is_number(rate) and rate > 0):
            raise BadSetting(f"requests_per_minute, tokens_per_minute: {rate!r} cannot be used. Give a number above 0.")
