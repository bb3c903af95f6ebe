"""Compatibility before the download: one checkpoint as an object, several as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any, overload

import pandas as pd

from vlmkit.backends import engine_of, registry
from vlmkit.backends.compatibility import Compatibility
from vlmkit.errors import BadSetting, SetupError
from vlmkit.extras import open_by_name
from vlmkit.frame.arrays import boolean_array, integer_array, text_array
from vlmkit.plugins import blaming

__all__ = ["compat"]

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
    name = registry.parse(model)
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
