"""From a model's name to a directory on this machine, and to all that a process has to be told to open the same model.

The bundled model, a local path, or the Hub; and the list of those that can be loaded without a download.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from vlmkit import settings
from vlmkit.backends import FoundModel, ModelName, file_stamp
from vlmkit.engines import checkpoint_files, hub, inspection
from vlmkit.errors import BadSetting, MissingExtra, ModelLoadFailed, ModelNotFound, SetupError

__all__ = [
    "Place",
    "Specification",
    "check_local",
    "find",
    "find_adapter",
    "is_bundled",
    "is_on_hub",
    "list_local_models",
    "local_identity",
    "local_list_identity",
    "revision_of",
]

_HUB_VARIABLES = ("HF_ENDPOINT", "HF_HOME", "HF_HUB_CACHE", "XDG_CACHE_HOME")
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a checkpoint is.

    Attributes
    ----------
    directory : Path
    commit : str or None
        On the Hub; None for a local directory.
    """

    directory: Path
    commit: str | None = None


def local_identity(name: ModelName) -> Hashable:
    """What an open model depends on beside its name: a directory's files; the Hub, and where its downloads are.

    And whether it is isolated: who switches that on gets no model that is open already.

    Parameters
    ----------
    name : ModelName
    """
    return settings.get("isolate_model"), _files_of(name.name)


def local_list_identity(engine: str, url: str | None) -> Hashable:  # noqa: ARG001  as every engine is asked
    """What the list of models on this machine depends on: the folder of the Hub's downloads.

    Parameters
    ----------
    engine : str
    url : str or None
    """
    return str(hub.hub_cache())


def _files_of(name: str) -> Hashable:
    directory = Path(name).expanduser()
    if name == "tiny":
        return None
    if directory.is_dir():
        files = (*directory.glob("*.json"), *directory.glob("*.safetensors"))
        return tuple(sorted((file.name, file_stamp(file)) for file in files))
    return tuple(os.environ.get(variable) for variable in _HUB_VARIABLES)


def is_on_hub(name: str) -> bool:
    """Whether a name is to be looked for on the Hub: it has the form, and no directory here has it.

    Parameters
    ----------
    name : str
    """
    return _HUB_ID.fullmatch(name) is not None and not Path(name).expanduser().is_dir()


def find(name: str, *, revision: str | None = None, code_allowed: bool = False) -> Place:
    """Directory of a model, downloaded where it must be.

    Parameters
    ----------
    name : str
        ``"tiny"``, a directory, or a Hub id.
    revision : str or None, default None
        On the Hub.
    code_allowed : bool, default False
        Whether Python files of the repository come too.

    Raises
    ------
    ModelNotFound
        Not here, and not to be had.
    ModelLoadFailed
        No space to download it.
    BadSetting
        A revision of something that has none.
    """
    if name == "tiny":
        place = Place(directory=_bundled())
    elif name and (path := Path(name).expanduser()).is_dir():
        place = Place(directory=path)
    elif _HUB_ID.fullmatch(name):
        snapshot = hub.download(name, revision=revision, code_allowed=code_allowed)
        return Place(directory=snapshot, commit=snapshot.name)
    else:
        message = f"{name!r} is neither a directory here nor a Hub id. Give an existing directory, org/name, or 'tiny'."
        message += hub.nearby(name)
        raise ModelNotFound(message)
    if revision is not None:
        message = f"revision: {revision!r} cannot be used, {name} is a local model. Leave it out, or give a Hub id."
        raise BadSetting(message)
    return place


def is_bundled(directory: Path) -> bool:
    """Whether a directory is the one of the bundled model, whose files are not a stranger's.

    Parameters
    ----------
    directory : Path
    """
    return directory.resolve() == _bundled().resolve()


def _bundled() -> Path:
    return Path(str(files("vlmkit.tiny"))) / "weights"


def find_adapter(adapter: str | Path | None) -> Path | None:
    """Directory of LoRA weights; None where none are wanted.

    Raises
    ------
    ModelNotFound
        There is no such directory, or no adapter in it.
    """
    if adapter is None:
        return None
    directory = Path(adapter).expanduser()
    for alternatives in (("adapter_config.json",), ("adapters.safetensors", "weights.safetensors")):
        if not any((directory / name).is_file() for name in alternatives):
            needed = " or ".join(alternatives)
            message = f"adapter: {directory} has no {needed}. Give the directory that mlx_vlm's training wrote."
            raise ModelNotFound(message)
    return directory


@dataclass(frozen=True, kw_only=True, slots=True)
class Specification:
    """A model on this machine.

    Attributes
    ----------
    name : str
        As the user gave it, without its engine.
    revision : str
        As `revision_of` gives it.
    directory : Path
    commit : str or None
        On the Hub.
    adapter : Path or None
    slots : int or None
    kv_cache_tokens : int or None
    device : str
    load_timeout_s : float or None
        Longest time for loading.
    code_allowed, wrong_allowed : bool
    """

    name: str
    revision: str
    directory: Path
    commit: str | None = None
    adapter: Path | None = None
    slots: int | None = None
    kv_cache_tokens: int | None = None
    device: str = "auto"
    load_timeout_s: float | None = None
    code_allowed: bool = False
    wrong_allowed: bool = False


def revision_of(directory: Path, commit: str | None, adapter: Path | None) -> str:
    """What tells these weights from others: the commit or a digest of the files, and a digest of the adapter.

    Parameters
    ----------
    directory : Path
    commit : str or None
        On the Hub.
    adapter : Path or None
    """
    revision = commit or inspection.digest(directory)
    return revision if adapter is None else f"{revision}+{inspection.digest(adapter)}"


def list_local_models(
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
    return [_bundled_model(engine), *(_inspected(engine, name, "Hub cache", path) for name, path in snapshots)]


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
        As `list_local_models` names it, or a directory; None looks at the libraries alone.

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
        inspection.inspect(find(name).directory if is_local else hub.find_here(name), name=name)
    return None, None


def _bundled_model(engine: str) -> FoundModel:
    try:
        place = find("tiny")
    except SetupError as error:
        return FoundModel(engine=engine, name="tiny", source="bundled", error=str(error))
    return _inspected(engine, "tiny", "bundled", place.directory)


def _snapshots(cache: Path) -> Iterator[tuple[str, Path]]:
    """(Hub id, folder) of what a load without a revision would take, complete or not, if it is about pictures."""
    for repository in cache.glob("models--*--*"):
        snapshot = hub.snapshot_of(repository)
        if snapshot and (
            "vision" in _text_of(snapshot / "config.json") or _text_of(snapshot / "preprocessor_config.json")
        ):
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


def _text_of(path: Path) -> str:
    try:
        return checkpoint_files.read_text(path, path.parent.name)
    except (OSError, ModelLoadFailed):
        return ""
