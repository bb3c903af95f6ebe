"""What can be used from here: every engine is asked for its models, all at the same time, and remembered a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from vlmkit.errors import BadSetting, VlmkitError
from vlmkit.extras import open_by_name

__all__ = ["LISTERS", "FoundModel", "find_models", "forget_models"]

LISTERS = {
    "mlx": "vlmkit.engines.listing:list_models",
    "ollama": "vlmkit.providers.inquiry:list_models",
    "lmstudio": "vlmkit.providers.inquiry:list_models",
    "vllm": "vlmkit.providers.inquiry:list_models",
    "mlx-vlm": "vlmkit.providers.inquiry:list_models",
    "openai": "vlmkit.providers.inquiry:list_models",
    "openrouter": "vlmkit.providers.inquiry:list_models",
    "anthropic": "vlmkit.providers.inquiry:list_models",
    "gemini": "vlmkit.providers.inquiry:list_models",
}
"""Engine and the function that lists its models: it takes the engine's name and seconds, and gives `FoundModel`s."""

_REMEMBERED_S = 60.0
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
    """Lists of engines, each with the moment until which it stands."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._lists: dict[str, tuple[float, list[FoundModel]]] = {}
        self._asking: dict[str, threading.Lock] = {}

    def get(self, engine: str, timeout_s: float, *, refresh: bool) -> list[FoundModel]:
        with self._lock:
            asking = self._asking.setdefault(engine, threading.Lock())
        start_s = self._clock()
        with asking:  # who asks for the same at the same time waits for the one answer
            with self._lock:
                made_s, found = self._lists.get(engine, (float("-inf"), []))
            kept_s = _REMEMBERED_DEAD_S if any(model.name is None for model in found) else _REMEMBERED_S
            if self._clock() < made_s + kept_s and (not refresh or made_s >= start_s):
                return found
            found = _ask(engine, timeout_s)
            with self._lock:
                self._lists[engine] = (self._clock(), found)
            return found

    def forget(self) -> None:
        with self._lock:
            self._lists.clear()


_memory = _Memory()


def find_models(engine: str | None = None, *, refresh: bool = False, timeout_s: float = 2.0) -> list[FoundModel]:
    """Models of one engine or of all of them; never raises because an engine cannot be asked.

    Parameters
    ----------
    engine : str or None, default None
        None asks all, at the same time.
    refresh : bool, default False
        Ask again, however new the last answer is; otherwise an answer stands for a minute, its lack for five seconds.
    timeout_s : float, default 2.0
        Longest time for each engine.

    Raises
    ------
    BadSetting
        There is no such engine.
    """
    if engine is not None and engine not in LISTERS:
        raise BadSetting(f"engine={engine!r}: no such engine has a list. These have: {', '.join(LISTERS)}.")
    engines = list(LISTERS) if engine is None else [engine]
    with ThreadPoolExecutor(len(engines), thread_name_prefix="vlmkit-models") as pool:
        lists = list(pool.map(lambda name: _memory.get(name, timeout_s, refresh=refresh), engines))
    return [model for found in lists for model in found]


def forget_models() -> None:
    """Have the next `find_models` ask again."""
    _memory.forget()


def _ask(engine: str, timeout_s: float) -> list[FoundModel]:
    try:
        found: list[FoundModel] = open_by_name(LISTERS[engine])(engine, timeout_s)
    except VlmkitError as error:
        return [FoundModel(engine=engine, error=f"{type(error).__name__}: {error}")]
    return found
