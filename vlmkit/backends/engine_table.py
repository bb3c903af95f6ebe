"""Engines as rows: who answers for "engine:name", and how it is opened, listed, checked and told from another.

A row has dotted names only, so that looking one up imports no model library. Hosts are rows, too
(`vlmkit.providers.hosts`), and so is what other packages bring by an entry point of the group ``vlmkit.backends``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vlmkit.errors import UnknownModel
from vlmkit.plugins import Table

__all__ = ["DEFAULT_ENGINE", "ENGINES", "EngineSpec", "engine_of"]

DEFAULT_ENGINE = "mlx"
"""The engine of names without one: "tiny", a Hub id, a directory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSpec:
    """One engine.

    Attributes
    ----------
    name : str
        What stands before the colon of a model's name.
    opener : str
        Dotted name of ``(model, *, url, **options) -> Backend``. An ``engine`` in its signature gets `name`.
    lister : str or None, default None
        Dotted name of ``(engine, timeout_s, url) -> list of FoundModel``. None: any model, none can be listed.
    checker : str or None, default None
        Dotted name of ``(engine, url, timeout_s, model) -> (address, seconds)``, both None where nobody was asked; it
        raises a `VlmkitError` that says why the model, or without one the engine, cannot be used. None: unknown.
    identifier : str or None, default None
        Dotted name of ``(model_name) -> hashable``: what an open model depends on beside its `ModelName`. None: on
        ``[hosts.NAME]`` and on the permission to send pictures elsewhere.
    list_identifier : str or None, default None
        Dotted name of ``(engine, url) -> hashable``: what its list depends on. None: as `identifier`.
    inspector : str or None, default None
        Dotted name of ``(model, revision) -> Compatibility``, from files alone. None: its files are not to be had.
    takes_address : bool, default False
        Whether a model can be named ``engine:model@http://host/v1``.
    at_sign : {"address", "variant", "unclear"}, default "unclear"
        What an @ in a name that leads to no certain address is: always an address, as no model's name has one; a part
        of the name, as in ``qwen2-vl@q4_k_m``; or an error.
    in_process : bool, default False
        Whether its models are loaded into this process, which knows then which of them are.
    is_local : bool, default False
        Whether it answers on this machine, so that looking for it costs nothing and sends nothing away.
    """

    name: str
    opener: str
    lister: str | None = None
    checker: str | None = None
    identifier: str | None = None
    list_identifier: str | None = None
    inspector: str | None = None
    takes_address: bool = False
    at_sign: Literal["address", "variant", "unclear"] = "unclear"
    in_process: bool = False
    is_local: bool = False


ENGINES = Table(
    "vlmkit.backends",
    EngineSpec,
    ("vlmkit.engines.row:MLX", "vlmkit.providers.hosts:HOSTS", "vlmkit.backends.fake:FAKE"),
)


def engine_of(name: str) -> EngineSpec:
    """Row of an engine.

    Parameters
    ----------
    name : str

    Raises
    ------
    UnknownModel
        There is none.
    BrokenPlugin
        A plugin brings it, and cannot be used.
    """
    found = ENGINES.find(name)
    if found is None:
        raise UnknownModel(f"{name!r} is not an engine. Engines here: {', '.join(sorted(ENGINES.names()))}.")
    return found
