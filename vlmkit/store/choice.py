"""Which store a run uses, from what the caller said: none, a file, the default file, or answers from it alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vlmkit import settings
from vlmkit.files import cache_folder

__all__ = ["StoreChoice", "choose_store", "default_path"]

_REPLAY = "replay"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreChoice:
    """A store that was asked for.

    Attributes
    ----------
    path : Path
    replay : bool
        Whether only the store may answer: a row it cannot answer is a failure, and no model is opened.
    """

    path: Path
    replay: bool


def choose_store(argument: str | Path | bool | None = None) -> StoreChoice | None:
    """The store in force.

    Parameters
    ----------
    argument : bool, str, Path or None, default None
        True is the file of the settings, or the default file; False means no store; a path is that file; ``"replay"``
        and ``"replay:PATH"`` answer from the store only. None takes the setting.

    Returns
    -------
    StoreChoice or None
        None where nothing is to be stored.

    Raises
    ------
    BadSetting
        The value, or the setting's, is none of these.
    """
    chosen = settings.resolve("store", argument)
    if chosen.value is False:
        return None
    replay, path = _taken_apart(chosen)
    if path is None and argument is not None:
        _, path = _taken_apart(settings.resolve("store"))
    return StoreChoice(path=path or default_path(), replay=replay)


def default_path() -> Path:
    """File of answers in the user's cache folder."""
    return cache_folder() / "store.sqlite"


def _taken_apart(chosen: settings.Resolved) -> tuple[bool, Path | None]:
    """Whether it is a replay, and which file; what a settings file names is beside it, from wherever one works."""
    value = chosen.value
    if isinstance(value, bool):
        return False, None
    if value == _REPLAY:
        return True, None
    replay = value.startswith(f"{_REPLAY}:")
    path = Path(value.removeprefix(f"{_REPLAY}:")).expanduser()
    return replay, chosen.file.parent / path if chosen.file else path
