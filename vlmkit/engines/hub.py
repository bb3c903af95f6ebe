"""Checkpoints from the Hugging Face Hub: looked up, downloaded with a progress bar, or refused with what to do."""

from __future__ import annotations

import difflib
import errno
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vlmkit import settings
from vlmkit.errors import ModelLoadFailed, ModelNotFound, SetupError

__all__ = ["Listing", "download", "find_here", "hub_cache", "look_up", "nearby", "snapshot_of"]

# No *.py: code from a checkpoint is not even brought here, unless it is allowed to run.
_FILES = ["*.json", "*.jsonl", "*.safetensors", "*.model", "*.tiktoken", "*.txt", "*.jinja"]
_GIB = 2**30
_MOST_NAMES = 5
_MOST_SETTINGS_BYTES = 2**20


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A repository as the Hub lists it.

    Attributes
    ----------
    settings : dict of str to dict
        Contents of the files that were asked for and are there, by name.
    sizes : dict of str to int
        Bytes of every file, by name.
    elements : dict of str to int
        Entries of the weights by their type, as ``"BF16"``; empty where the Hub did not count them.
    """

    settings: dict[str, dict[str, Any]]
    sizes: dict[str, int]
    elements: dict[str, int]


def hub_cache() -> Path:
    """Folder where the Hub's client keeps downloads, found as the client finds it, without importing it."""
    if "HF_HUB_CACHE" in os.environ:
        return Path(os.environ["HF_HUB_CACHE"]).expanduser()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return Path(os.environ.get("HF_HOME") or cache / "huggingface").expanduser() / "hub"


def snapshot_of(repository: Path) -> Path | None:
    """Folder of what a load without a revision would take, complete or not; None where nothing is.

    Parameters
    ----------
    repository : Path
        A folder of the Hub's cache.
    """
    try:
        revision = (repository / "refs" / "main").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    snapshot = repository / "snapshots" / revision
    return snapshot if revision and snapshot.is_dir() else None


def find_here(name: str) -> Path:
    """Directory of a repository that was downloaded; nobody is asked for it.

    Parameters
    ----------
    name : str
        ``org/name``.

    Raises
    ------
    ModelNotFound
        It is not on this machine; says whether it may be downloaded.
    """
    snapshot = snapshot_of(hub_cache() / f"models--{name.replace('/', '--')}")
    if snapshot is not None:
        return snapshot
    download = settings.resolve("auto_download")
    advice = "It is downloaded when it is first used." if download.value else f"Downloads are off ({download.origin})."
    raise ModelNotFound(f"{name} is not on this machine (looked in {hub_cache()}). {advice}{nearby(name)}")


def nearby(name: str) -> str:
    """Sentence that names the downloaded repositories most like a name, likest first; empty where there are none.

    Parameters
    ----------
    name : str
    """
    folders = hub_cache().glob("models--*--*")
    here = {folder.name.removeprefix("models--").replace("--", "/", 1): folder for folder in folders}
    here.pop(name, None)
    low = {each.lower(): each for each in here}
    likest = difflib.get_close_matches(name.lower(), low, n=_MOST_NAMES, cutoff=0.0)
    return f" On this machine: {', '.join(low[each] for each in likest)}." if likest else ""


def download(name: str, *, revision: str | None, code_allowed: bool = False) -> Path:
    """Directory of a repository's snapshot, downloaded if it is not here yet.

    Parameters
    ----------
    name : str
        ``org/name``.
    revision : str or None
        Branch, tag or commit; None is the main branch.
    code_allowed : bool, default False
        Whether Python files come too.

    Returns
    -------
    Path
        Its last part is the commit.

    Raises
    ------
    ModelNotFound
        No such repository or revision, no access, no network, or downloading is forbidden and it is not here.
    ModelLoadFailed
        No space for it.
    """
    from huggingface_hub import snapshot_download

    download = settings.resolve("auto_download")
    options: dict[str, Any] = {
        "repo_id": name,
        "revision": revision,
        "allow_patterns": [*_FILES, *(["*.py"] if code_allowed else [])],
        # Read here, because the library reads it once, when it is imported.
        "endpoint": os.environ.get("HF_ENDPOINT"),
        "cache_dir": hub_cache(),
    }
    try:
        if not download.value:
            return Path(snapshot_download(**options, local_files_only=True))
        _check_space(name, options)
        return Path(snapshot_download(**options))
    except SetupError:
        raise
    except Exception as error:
        raise _translated(name, revision, error, forbidden_by="" if download.value else download.origin) from error


def look_up(name: str, wanted: Sequence[str], *, revision: str | None = None) -> Listing:
    """Read the small files of a repository and its list of files; nothing is left on this machine.

    Parameters
    ----------
    name : str
        ``org/name``.
    wanted : sequence of str
        Names of JSON files of settings; one of more than 1 MiB is none and passed over.
    revision : str or None, default None
        Branch, tag or commit; None is the main branch.

    Raises
    ------
    ModelNotFound
        As `download`; also where downloading is forbidden.
    """
    download = settings.resolve("auto_download")
    if not download.value:
        raise ModelNotFound(
            f"{name} is not wholly on this machine and downloading is forbidden ({download.origin}), its settings "
            f"included.{nearby(name)} Allow it with VLM_AUTO_DOWNLOAD=true, or name a local directory."
        )
    try:
        return _looked_up(name, wanted, revision)
    except ValueError as error:
        if type(error).__module__.startswith("huggingface_hub"):
            raise _translated(name, revision, error, forbidden_by="") from error
        raise ModelNotFound(f"{name}: one of its settings files is not JSON ({error}). Name another model.") from error
    except Exception as error:
        raise _translated(name, revision, error, forbidden_by="") from error


def _looked_up(name: str, wanted: Sequence[str], revision: str | None) -> Listing:
    """The listing; raises whatever the Hub's library raises, and ValueError where a file is not JSON."""
    from huggingface_hub import HfApi, hf_hub_download

    endpoint = os.environ.get("HF_ENDPOINT")
    info = HfApi(endpoint=endpoint).model_info(name, revision=revision, files_metadata=True)
    sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
    small = [file for file in wanted if sizes.get(file, _MOST_SETTINGS_BYTES + 1) <= _MOST_SETTINGS_BYTES]
    with tempfile.TemporaryDirectory(prefix="vlmkit-") as folder:
        for file in small:
            hf_hub_download(name, file, revision=info.sha, local_dir=folder, endpoint=endpoint)
        contents = {file: json.loads(Path(folder, file).read_text(encoding="utf-8")) for file in small}
    kept = {file: content for file, content in contents.items() if isinstance(content, dict)}
    return Listing(settings=kept, sizes=sizes, elements=_elements(info))


def _elements(info: Any) -> dict[str, int]:
    counted = getattr(getattr(info, "safetensors", None), "parameters", None)
    return dict(counted) if isinstance(counted, dict) else {}


def _check_space(name: str, options: dict[str, Any]) -> None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import DryRunError

    try:
        files = snapshot_download(**options, dry_run=True)
    except DryRunError:
        return  # the Hub cannot be reached; what is here already may do
    needed = sum(file.file_size or 0 for file in files if file.will_download)
    folder = hub_cache()
    free = shutil.disk_usage(next(place for place in (folder, *folder.parents) if place.exists())).free
    if needed > free:
        raise ModelLoadFailed(_no_space(name, f"needs {needed / _GIB:.1f} GiB, {free / _GIB:.1f} GiB are free", folder))


def _no_space(name: str, what: str, folder: Path | str) -> str:
    return f"{name} does not fit into {folder}: {what}. Make room, or set HF_HOME to a folder on a larger disk."


def _translated(name: str, revision: str | None, error: Exception, *, forbidden_by: str) -> SetupError:
    """The one place where the Hub library's errors become ours."""
    from huggingface_hub import errors

    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return ModelLoadFailed(_no_space(name, "the disk is full", hub_cache()))
    if forbidden_by and isinstance(error, errors.LocalEntryNotFoundError):
        return ModelNotFound(
            f"{name} is not on this machine (looked in {hub_cache()}) and downloading is forbidden "
            f"({forbidden_by}).{nearby(name)} Allow it with VLM_AUTO_DOWNLOAD=true, or name a local directory or "
            "the bundled 'tiny'."
        )
    login = "log in with `hf auth login` or set HF_TOKEN"
    # In this order: the library derives a gated repository from a missing one.
    known = {
        errors.GatedRepoError: f"is gated: its authors give access on request. Ask at https://huggingface.co/{name}, "
        f"then {login}.",
        errors.RevisionNotFoundError: f"has no revision {revision!r}. Give a branch, tag or commit of its page.",
        errors.RepositoryNotFoundError: f"is not on the Hub, or private. Check the spelling (org/name); else {login}.",
        errors.HFValidationError: "is not a name on the Hub. Names are org/name; or give an existing directory.",
    }
    for kind, what in known.items():
        if isinstance(error, kind):
            return ModelNotFound(f"{name} {what}{nearby(name)}")
    details = str(error).partition("\n")[0] or "no details"
    return ModelNotFound(
        f"{name} is not wholly on this machine and the Hub could not be reached ({type(error).__name__}: {details})."
        f"{nearby(name)} Check the network, proxy and HF_ENDPOINT, or name a local directory or the bundled 'tiny'."
    )
