"""What can be used from here: every engine is asked for its models, all at the same time, and remembered a while."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from vlmkit import settings
from vlmkit.backends.registry import ENGINES, engine_of, list_identity
from vlmkit.errors import BadSetting, VlmkitError
from vlmkit.extras import open_by_name
from vlmkit.plugins import blaming

__all__ = ["FoundModel", "check_engine", "find_models", "forget_models", "listed_engines"]

_ENGINE_AND_URL = re.compile(r"(?P<engine>[a-z][a-z0-9_-]*)(?:@(?P<url>\S+))?")
_REMEMBERED_DEAD_S = 5.0  # somebody may be starting it this moment


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundModel:
    """A model that an engine knows; or, with an `error`, an engine that could not be asked.

    Attributes
    ----------
    engine : str
    name : str or None
        What to give as ``model=``; None for an engine that could not be asked.
    sees_pictures : bool or None
        None where the engine does not say.
    loaded : bool or None
        Whether it is in memory now.
    size_bytes : int or None
        Of its weights.
    memory_bytes : int or None
        About what they take in this process; on an NVIDIA GPU it is less. None for what a server has.
    quantization : str or None
    context : int or None
        Tokens of prompt and answer together.
    source : str
        ``"bundled"``, ``"Hub cache"``, or a server's address.
    revision : str or None
        What tells it from a later one of the same name.
    error : str or None
        Why it, or the whole engine, cannot be used.
    """

    engine: str
    name: str | None = None
    sees_pictures: bool | None = None
    loaded: bool | None = None
    size_bytes: int | None = None
    memory_bytes: int | None = None
    quantization: str | None = None
    context: int | None = None
    source: str = ""
    revision: str | None = None
    error: str | None = None


class _Memory:
    """Lists of engines at their addresses, each with the moment in which it was made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lists: dict[Hashable, tuple[float, list[FoundModel]]] = {}
        self._asking: dict[Hashable, threading.Lock] = {}

    def get(self, engine: str, url: str | None, timeout_s: float, ttl_s: float) -> list[FoundModel]:
        try:
            place = (engine, url, list_identity(engine, url))
        except VlmkitError:  # which is found out again without asking anybody, and said in fewer words
            return _ask(engine, url, timeout_s)
        with self._lock:
            asking = self._asking.setdefault(place, threading.Lock())
        start_s = self._clock()
        with asking:  # who asks for the same at the same time waits for the one answer
            with self._lock:
                made_s, found = self._lists.get(place, (float("-inf"), []))
            kept_s = min(ttl_s, _REMEMBERED_DEAD_S) if any(model.name is None for model in found) else ttl_s
            if self._clock() < made_s + kept_s or made_s >= start_s:
                return found
            found = _ask(engine, url, timeout_s)
            with self._lock:
                self._lists[place] = (self._clock(), found)
            return found

    def forget(self) -> None:
        with self._lock:
            self._lists.clear()


_memory = _Memory()


def find_models(
    engine: str | None = None, *, refresh: bool = False, timeout_s: float = 2.0, list_ttl_s: float | None = None
) -> list[FoundModel]:
    """Models of one engine or of all of them; never raises because an engine cannot be asked.

    Parameters
    ----------
    engine : str or None, default None
        One engine, as ``"ollama"``, or one at an address, as ``"ollama@http://host:11434/v1"``. None asks all, at the
        same time.
    refresh : bool, default False
        Ask again, however new the last answer is.
    timeout_s : float, default 2.0
        Longest time for each engine.
    list_ttl_s : float or None, default None
        Seconds for which an answer stands, 0 for none; its lack stands for 5 s at most. None is the setting, 60 s.

    Raises
    ------
    BadSetting
        There is no such engine.
    BrokenPlugin
        A plugin brings that engine, and cannot be used.
    """
    wanted: list[tuple[str, str | None]]
    wanted = [(name, None) for name in listed_engines()] if engine is None else [check_engine(engine)]
    ttl_s = 0.0 if refresh else settings.get("list_ttl_s", list_ttl_s)
    with ThreadPoolExecutor(len(wanted), thread_name_prefix="vlmkit-models") as pool:
        lists = list(pool.map(lambda asked: _memory.get(asked[0], asked[1], timeout_s, ttl_s), wanted))
    return [model for found in lists for model in found]


def forget_models() -> None:
    """Have the next `find_models` ask again."""
    _memory.forget()


def check_engine(text: str) -> tuple[str, str | None]:
    """Engine and address of what `find_models` is given.

    Parameters
    ----------
    text : str

    Raises
    ------
    SetupError
        As `find_models`; or a plugin brings the engine, and cannot be used.
    """
    parts = _ENGINE_AND_URL.fullmatch(text.strip())
    engine = ENGINES.find(parts["engine"]) if parts else None
    if parts is None or engine is None or engine.lister is None or (parts["url"] and not engine.takes_address):
        raise BadSetting(
            f"engine={text!r}: no such engine has a list. These have: {', '.join(listed_engines())}; a server's also "
            "at an address, as ollama@http://localhost:11434/v1."
        )
    return engine.name, parts["url"]


def listed_engines() -> list[str]:
    """Names of the engines whose models can be listed: ours, then those of plugins."""
    return [engine.name for engine in ENGINES.rows() if engine.lister is not None]


def _ask(engine: str, url: str | None, timeout_s: float) -> list[FoundModel]:
    lister = str(engine_of(engine).lister)
    try:
        with blaming(f"models of {engine} cannot be listed", lister):
            found = open_by_name(lister)(engine, timeout_s, url)
            _check_list(found, engine)
    except VlmkitError as error:
        return [FoundModel(engine=engine, source=url or "", error=f"{type(error).__name__}: {error}")]
    return list(found)


def _check_list(found: object, engine: str) -> None:
    """See that it is a list of models of that engine; a plugin may give anything."""
    if not isinstance(found, list) or not all(isinstance(each, FoundModel) and each.engine == engine for each in found):
        raise TypeError(f"it did not give a list of FoundModel with engine={engine!r}")
