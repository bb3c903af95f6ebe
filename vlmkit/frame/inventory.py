"""What can be used from here: models of every engine as a table, whether a server is well, whether a model fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, overload

import pandas as pd

from vlmkit.backends import (
    DEFAULT_ENGINE,
    ENGINES,
    Compatibility,
    FoundModel,
    ModelName,
    engine_of,
    find_models,
    loaded_models,
    parse,
)
from vlmkit.errors import BadSetting, ModelLoadFailed, ModelNotFound, SetupError, VlmkitError
from vlmkit.extras import open_by_name
from vlmkit.frame.arrays import boolean_array, integer_array, text_array
from vlmkit.plugins import blaming

__all__ = ["Health", "compat", "health", "models"]


_COLUMNS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "engine": text_array,
    "name": text_array,
    "sees_pictures": boolean_array,
    "loaded": boolean_array,
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
    found = find_models(engine, refresh=refresh, timeout_s=timeout_s, list_ttl_s=list_ttl_s)
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
            name = parse(model)
        except ModelNotFound as error:  # a folder that is not there
            return Health(engine=DEFAULT_ENGINE, address=None, ok=False, problem=_said(error))
    try:
        address, seconds = _looked_at(name, timeout_s)
    except VlmkitError as error:
        return Health(engine=name.engine, address=name.url, ok=False, problem=_said(error))
    return Health(engine=name.engine, address=address, ok=True, seconds=seconds)


def _engine_at(text: str) -> ModelName | None:
    """An engine without a model, perhaps at an address; None where it is something else."""
    word, at_sign, url = text.strip().partition("@")
    engine = ENGINES.find(word) if word else None
    if engine is None or (at_sign and not engine.takes_address):
        return None
    return ModelName(engine=engine.name, name="", url=url or None)


def _looked_at(name: ModelName, timeout_s: float) -> tuple[str | None, float | None]:
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


def _with_loaded(model: FoundModel) -> FoundModel:
    """Models of this process come and go faster than lists grow old."""
    if model.name is None or not engine_of(model.engine).in_process:
        return model
    options: dict[str, Any] = {"loaded": str(parse(model.name)) in loaded_models()}
    return replace(model, **options)


_INTEGERS = frozenset(
    {
        "images_per_ask",
        "longest_side_px",
        "most_pixels",
        "context_length",
        "parameters",
        "stored_bytes",
        "float32_bytes",
        "free_bytes",
    }
)
_FLAGS = frozenset({"needs_code", "is_here"})


@overload
def compat(model: str, *, revision: str | None = None) -> Compatibility: ...


@overload
def compat(model: list[str] | tuple[str, ...], *, revision: str | None = None) -> pd.DataFrame: ...


def compat(model: str | list[str] | tuple[str, ...], *, revision: str | None = None) -> Compatibility | pd.DataFrame:
    """Find out whether a model would be right and would fit here, before its weights are downloaded.

    What is not on this machine is asked of the Hub: settings and the list of files, some kilobytes, and only where
    downloads are allowed. Nothing is loaded, run or kept.

    Parameters
    ----------
    model : str, list or tuple of str
        Of this process: ``"tiny"``, a Hub id, a directory, each also after ``mlx:``.
    revision : str or None, default None
        Branch, tag or commit on the Hub.

    Returns
    -------
    Compatibility, or DataFrame
        Of several names a row each: name, family, layout, verdict ("same", "nearly", "differs", "wrong", "never
        compared", or "fails" for what cannot be loaded), why, obstacle (what keeps it from being loaded here),
        settings, quantization, images_per_ask, serving, longest_side_px, most_pixels, context_length, parameters,
        stored_bytes, float32_bytes, free_bytes, needs_code, is_here, error. A name that cannot be looked up is a row
        with its error.

    Raises
    ------
    SetupError
        One name only, and it cannot be looked up: no such model, no network, downloads are off.
    BadSetting
        It is a model of a server, which keeps its files to itself.
    """
    if isinstance(model, str):
        return _looked_up(model, revision)
    return _table([_row(name, revision) for name in model])


def _looked_up(model: str, revision: str | None) -> Compatibility:
    name = parse(model)
    inspector = engine_of(name.engine).inspector
    if inspector is None or name.url:
        raise BadSetting(
            f"{model}: compat reads the files of models in this process, and a server keeps its own. "
            "Ask it with vk.check, or name a Hub id, a directory or 'tiny'."
        )
    with blaming(f"{model} cannot be looked up", inspector):
        found: Compatibility = open_by_name(inspector)(name.name, revision)
    return found


def _row(model: str, revision: str | None) -> dict[str, Any]:
    try:
        found = asdict(_looked_up(model, revision))
    except SetupError as error:
        return {"name": model, "error": f"{type(error).__name__}: {error}"}
    return found | {"name": model, "settings": "; ".join(found["settings"]) or None}


def _table(rows: Sequence[dict[str, Any]]) -> pd.DataFrame:
    names = (*(each.name for each in fields(Compatibility)), "error")
    return pd.DataFrame({name: _array_of(name)([row.get(name) for row in rows]) for name in names})


def _array_of(name: str) -> Callable[[Sequence[Any]], Any]:
    return integer_array if name in _INTEGERS else boolean_array if name in _FLAGS else text_array
