"""Which model is to be opened, and how: what a process has to be told to open the same one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vlmkit.engines import inspection

__all__ = ["Specification", "revision_of"]


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
