"""What can be used from here: models of every engine as a table, and whether a server is well."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd

from vlmkit.backends import DEFAULT_ENGINE, ENGINES, discovery, engine_of, registry, shared
from vlmkit.errors import BadSetting, ModelLoadFailed, ModelNotFound, VlmkitError
from vlmkit.extras import open_by_name
from vlmkit.frame.arrays import integer_array, text_array
from vlmkit.plugins import blaming

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
    """Whether a server is well, or a model could be used; true where it is so.

    Attributes
    ----------
    engine : str
    address : str or None
        Where it was asked; None for what runs in this process.
    ok : bool
    problem : str or None
        Why it is not well, and what to do.
    seconds : float or None
        How long its answer took; None where nobody was asked.
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


def health(model: str, *, timeout_s: float = 2.0) -> Health:
    """Find out whether a server is well, or whether a model could be used; nothing is loaded or downloaded.

    Parameters
    ----------
    model : str
        An engine, as ``"ollama"``; with an address, as ``"vllm@http://host:8000/v1"``; or any model's name: then its
        server must have it, its files must be here and whole.
    timeout_s : float, default 2.0

    Returns
    -------
    Health

    Raises
    ------
    UnknownModel
        That is the name of no engine and of no model.
    BadSetting
        The address in it is none.
    """
    name = _engine_at(model)
    if name is None:
        try:
            name = registry.parse(model)
        except ModelNotFound as error:  # a folder that is not there
            return Health(engine=DEFAULT_ENGINE, address=None, ok=False, problem=_said(error))
    try:
        address, seconds = _looked_at(name, timeout_s)
    except VlmkitError as error:
        return Health(engine=name.engine, address=name.url, ok=False, problem=_said(error))
    return Health(engine=name.engine, address=address, ok=True, seconds=seconds)


def _engine_at(text: str) -> registry.ModelName | None:
    """An engine without a model, perhaps at an address; None where it is something else."""
    word, at_sign, url = text.strip().partition("@")
    engine = ENGINES.find(word) if word else None
    if engine is None or (at_sign and not engine.takes_address):
        return None
    return registry.ModelName(engine=engine.name, name="", url=url or None)


def _looked_at(name: registry.ModelName, timeout_s: float) -> tuple[str | None, float | None]:
    """Where it was asked, and how long that took."""
    engine = engine_of(name.engine)
    if name.url and not engine.takes_address:
        raise BadSetting(f"{name.engine} models have no address. Leave out @ and on.")
    if engine.checker is None:
        message = f"whether a model of {name.engine} is well is known only once it is open: vk.load({str(name)!r})."
        raise ModelLoadFailed(message)
    with blaming(f"{name.engine} cannot be checked", engine.checker):
        address, seconds = open_by_name(engine.checker)(name.engine, name.url, timeout_s, name.name or None)
    return address, seconds


def _said(error: VlmkitError) -> str:
    return f"{type(error).__name__}: {error}"


def _with_loaded(model: discovery.FoundModel) -> discovery.FoundModel:
    """Models of this process come and go faster than lists grow old."""
    if model.name is None or not engine_of(model.engine).in_process:
        return model
    options: dict[str, Any] = {"loaded": str(registry.parse(model.name)) in shared.loaded()}
    return replace(model, **options)
