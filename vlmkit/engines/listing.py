"""Models that can be loaded into this process without a download: the bundled one, and those in the Hub's cache."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

from vlmkit.backends import FoundModel
from vlmkit.engines import checkpoint_files, hub, inspection, locate
from vlmkit.errors import MissingExtra, ModelLoadFailed, SetupError

__all__ = ["check_local", "list_models"]


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
    snapshots = sorted(_snapshots(hub.hub_cache()))
    return [_bundled(engine), *(_inspected(engine, name, "Hub cache", path) for name, path in snapshots)]


def check_local(
    engine: str,  # noqa: ARG001  as every engine is asked
    url: str | None,  # noqa: ARG001
    timeout_s: float,  # noqa: ARG001
    name: str | None = None,
) -> tuple[None, None]:
    """See whether a model could be loaded into this process, as far as that can be told without loading it.

    Parameters
    ----------
    engine : str
    url : str or None
    timeout_s : float
    name : str or None, default None
        As `list_models` names it, or a directory; None looks at the libraries alone.

    Returns
    -------
    None, None
        No address, and no seconds, as nobody was asked.

    Raises
    ------
    MissingExtra
        mlx or mlx_vlm is not installed.
    ModelNotFound
        It is not on this machine.
    ModelLoadFailed
        It is, and its files say that it cannot be used.
    """
    for library in ("mlx", "mlx_vlm"):
        if importlib.util.find_spec(library) is None:
            raise MissingExtra(f"models in this process need {library}, which is not installed: pip install -U vlmkit")
    if name is not None:
        is_local = name == "tiny" or Path(name).expanduser().is_dir()
        inspection.inspect(locate.find(name).directory if is_local else hub.find_here(name), name=name)
    return None, None


def _bundled(engine: str) -> FoundModel:
    try:
        place = locate.find("tiny")
    except SetupError as error:
        return FoundModel(engine=engine, name="tiny", source="bundled", error=str(error))
    return _inspected(engine, "tiny", "bundled", place.directory)


def _snapshots(cache: Path) -> Iterator[tuple[str, Path]]:
    """(Hub id, folder) of what a load without a revision would take, complete or not, if it is about pictures."""
    for repository in cache.glob("models--*--*"):
        snapshot = hub.snapshot_of(repository)
        if snapshot and ("vision" in _read(snapshot / "config.json") or _read(snapshot / "preprocessor_config.json")):
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
        return checkpoint_files.read_text(path, path.parent.name)
    except (OSError, ModelLoadFailed):
        return ""
