"""Models that can be loaded into this process without a download: the bundled one, and those in the Hub's cache."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from vlmkit.backends.discovery import FoundModel
from vlmkit.engines import inspection, locate
from vlmkit.errors import SetupError

__all__ = ["hub_cache", "list_models"]


def list_models(
    engine: str = "mlx",
    timeout_s: float = 0.0,  # noqa: ARG001  files answer at once
    url: str | None = None,  # noqa: ARG001  and are here
) -> list[FoundModel]:
    """The bundled model, then vision models in the local cache of the Hugging Face Hub, by name.

    Parameters
    ----------
    engine : str, default "mlx"
    timeout_s : float
    url : str or None
        Neither is needed here; other engines ask a server.
    """
    snapshots = sorted(_snapshots(hub_cache()))
    return [_bundled(engine), *(_inspected(engine, name, "Hub cache", path) for name, path in snapshots)]


def hub_cache() -> Path:
    """Folder where the Hub's client keeps downloads, found as the client finds it, without importing it."""
    if "HF_HUB_CACHE" in os.environ:
        return Path(os.environ["HF_HUB_CACHE"]).expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return Path(os.environ.get("HF_HOME") or cache / "huggingface").expanduser() / "hub"


def _bundled(engine: str) -> FoundModel:
    try:
        place = locate.find("tiny")
    except SetupError as error:
        return FoundModel(engine=engine, name="tiny", source="bundled", error=str(error))
    return _inspected(engine, "tiny", "bundled", place.directory)


def _snapshots(cache: Path) -> Iterator[tuple[str, Path]]:
    """(Hub id, folder) of what a load without a revision would take, complete or not, if it is about pictures."""
    for repository in cache.glob("models--*--*"):
        revision = _read(repository / "refs" / "main").strip()
        snapshot = repository / "snapshots" / revision
        sees = "vision" in _read(snapshot / "config.json") or _read(snapshot / "preprocessor_config.json")
        if revision and sees:
            yield repository.name.removeprefix("models--").replace("--", "/"), snapshot


def _inspected(engine: str, name: str, source: str, directory: Path) -> FoundModel:
    try:
        checkpoint = inspection.inspect(directory, name=name)
    except SetupError as error:
        return FoundModel(engine=engine, name=name, sees_pictures=True, source=source, error=str(error))
    return FoundModel(
        engine=engine,
        name=name,
        sees_pictures=True,
        size_bytes=checkpoint.weight_bytes,
        # Off Metal, weights are widened to four bytes.
        memory_bytes=checkpoint.weight_bytes if sys.platform == "darwin" else 4 * checkpoint.parameters,
        quantization=checkpoint.quantization,
        context=checkpoint.context_length,
        source=source,
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
