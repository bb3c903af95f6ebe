"""Models that can be used at once: the bundled one, and vision models in the Hub's local cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vlmkit.errors import SetupError
from vlmkit.extras import open_by_name

__all__ = ["Model", "bundled", "downloaded", "hub_cache"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """A model on this machine.

    Attributes
    ----------
    name : str
        What to give as ``--model``.
    source : str
        ``"bundled"`` or ``"downloaded"``.
    architecture : str or None
    parameters : int or None
    quantization : str or None
    size_bytes : int or None
    problem : str or None
        Why it cannot be used; None where nothing speaks against it.
    """

    name: str
    source: str
    architecture: str | None = None
    parameters: int | None = None
    quantization: str | None = None
    size_bytes: int | None = None
    problem: str | None = None


def bundled() -> Model:
    """The model that ships with vlmkit."""
    try:
        place = open_by_name("vlmkit.engines.locate:find")("tiny")
    except SetupError as error:
        return Model(name="tiny", source="bundled", problem=str(error))
    return _inspected("tiny", "bundled", place.directory)


def downloaded() -> list[Model]:
    """Vision models in the local cache of the Hugging Face Hub, by name."""
    return [
        _inspected(name, "downloaded", snapshot)
        for name, snapshot in sorted(_snapshots(hub_cache()))
        if "vision" in _read(snapshot / "config.json") or _read(snapshot / "preprocessor_config.json")
    ]


def hub_cache() -> Path:
    """Folder where the Hub's client keeps downloads, found as the client finds it."""
    if "HF_HUB_CACHE" in os.environ:
        return Path(os.environ["HF_HUB_CACHE"]).expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return Path(os.environ.get("HF_HOME") or cache / "huggingface").expanduser() / "hub"


def _snapshots(cache: Path) -> Iterator[tuple[str, Path]]:
    """(Hub id, folder) of what a load without a revision would take, complete or not."""
    for repository in cache.glob("models--*--*"):
        revision = _read(repository / "refs" / "main").strip()
        snapshot = repository / "snapshots" / revision
        if revision and (snapshot / "config.json").exists():
            yield repository.name.removeprefix("models--").replace("--", "/"), snapshot


def _inspected(name: str, source: str, directory: Path) -> Model:
    try:
        checkpoint = open_by_name("vlmkit.engines.inspection:inspect")(directory, name=name)
    except SetupError as error:
        return Model(name=name, source=source, problem=str(error))
    return Model(
        name=name,
        source=source,
        architecture=checkpoint.model_type,
        parameters=checkpoint.parameters,
        quantization=checkpoint.quantization,
        size_bytes=checkpoint.weight_bytes,
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
