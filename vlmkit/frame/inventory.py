"""What can be used from here: models of every engine as a table, and whether a server is well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from vlmkit.backends import discovery, registry, shared
from vlmkit.errors import BadSetting, VlmkitError
from vlmkit.extras import open_by_name
from vlmkit.frame.arrays import integer_array, text_array

__all__ = ["Health", "health", "models"]


def _boolean_array(values: Sequence[bool | None]) -> Any:
    return pd.array(values, dtype="boolean")


_COLUMNS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "engine": text_array,
    "name": text_array,
    "sees_pictures": _boolean_array,
    "loaded": _boolean_array,
    "size_bytes": integer_array,
    "quantization": text_array,
    "context": integer_array,
    "source": text_array,
    "error": text_array,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """Whether a server is well; true where it is.

    Attributes
    ----------
    engine : str
    address : str or None
        Where it was asked.
    ok : bool
    problem : str or None
        Why it is not well, and what to do.
    seconds : float or None
        How long its answer took.
    """

    engine: str
    address: str | None
    ok: bool
    problem: str | None = None
    seconds: float | None = field(default=None, repr=False)

    def __bool__(self) -> bool:
        return self.ok


def models(
    engine: str | None = None, *, refresh: bool = False, timeout_s: float = 2.0, list_ttl_s: float | None = None
) -> pd.DataFrame:
    """Models that can be used from here: the bundled one, downloaded ones, those of every server that answers.

    Servers on this machine are asked at their usual addresses, or at those in ``[hosts.NAME] url`` of vlmkit.toml;
    others only where their key is set and ``allow_remote`` is. An answer stands for a minute, and no longer than
    address and key stay as they were.

    Parameters
    ----------
    engine : str or None, default None
        Only this engine, as ``"ollama"``; or one at an address, as ``"ollama@http://host:11434/v1"``.
    refresh : bool, default False
        Ask again, however new the last answer is.
    timeout_s : float, default 2.0
        Longest time for each engine; all are asked at the same time.
    list_ttl_s : float or None, default None
        Seconds for which an answer stands; 0 asks every time. Default: the setting, 60.

    Returns
    -------
    DataFrame
        One row per model: engine, name (what to give as ``model=``), sees_pictures, loaded, size_bytes, quantization,
        context (tokens), source, error. An engine that does not answer is a row with its error, and no name.

    Raises
    ------
    BadSetting
        There is no such engine.
    """
    found = discovery.find_models(engine, refresh=refresh, timeout_s=timeout_s, list_ttl_s=list_ttl_s)
    rows = [asdict(_with_loaded(model)) for model in found]
    return pd.DataFrame({name: array([row[name] for row in rows]) for name, array in _COLUMNS.items()})


def health(server: str, *, timeout_s: float = 2.0) -> Health:
    """Ask a server whether it is well.

    Parameters
    ----------
    server : str
        An engine, as ``"ollama"``; with an address, as ``"vllm@http://host:8000/v1"``; or a whole model name.
    timeout_s : float, default 2.0

    Returns
    -------
    Health

    Raises
    ------
    BadSetting
        That is the name of no server.
    """
    engine, url = _engine_and_url(server)
    try:
        address, seconds = open_by_name("vlmkit.providers.inquiry:check_health")(engine, url, timeout_s)
    except VlmkitError as error:
        return Health(engine=engine, address=url, ok=False, problem=f"{type(error).__name__}: {error}")
    return Health(engine=engine, address=address, ok=True, seconds=seconds)


def _engine_and_url(server: str) -> tuple[str, str | None]:
    before, _, url = server.strip().partition("@http")
    engine = before.partition(":")[0]
    servers = [name for name in discovery.LISTERS if name != "mlx"]
    if engine not in servers or engine not in registry.engines():
        raise BadSetting(f"{server!r} names no server. Servers are: {', '.join(servers)}; others: openai@http://….")
    return engine, f"http{url}" if url else None


def _with_loaded(model: discovery.FoundModel) -> discovery.FoundModel:
    """Models of this process come and go faster than lists grow old."""
    if model.engine != "mlx" or model.name is None:
        return model
    options: dict[str, Any] = {"loaded": str(registry.parse(model.name)) in shared.loaded()}
    return replace(model, **options)
