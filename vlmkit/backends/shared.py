"""One loaded model for everybody in this process who asks for the same, counted; given back when unused for a while.

The same is not only the same name: address, key, options in vlmkit.toml and environment make a model what it is, too.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vlmkit import settings
from vlmkit.backends import registry

if TYPE_CHECKING:
    from vlmkit.backends.protocol import Backend

__all__ = ["borrow", "close_shared", "loaded_models"]


@dataclass(eq=False)
class _Shelf:
    """Place of one model; the lock is held while it is opened or closed, so that nobody opens a second."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    backend: Backend | None = None
    users: int = 0
    timer: threading.Timer | None = None

    def take(self, name: str) -> Backend:
        with self.lock:
            if self.timer is not None:
                self.timer.cancel()
                self.timer = None
            if self.backend is None:
                self.backend = registry.load(name)
            self.users += 1
            return self.backend

    def give_back(self, backend: Backend, keep_loaded: bool | float) -> None:
        with self.lock:
            if self.backend is not backend:  # closed meanwhile, with everything else
                return
            self.users -= 1
            if self.users or keep_loaded is True:
                return
            if not keep_loaded:
                self._close()
                return
            self.timer = threading.Timer(keep_loaded, self._close_idle, [backend])
            self.timer.name = "vlmkit-idle"
            self.timer.daemon = True
            with suppress(RuntimeError):  # the interpreter is ending, and closes everything by itself
                self.timer.start()

    def close(self) -> None:
        with self.lock:
            self._close()

    def _close_idle(self, backend: Backend) -> None:
        with self.lock:
            if self.backend is backend and not self.users:
                self._close()

    def _close(self) -> None:
        backend, self.backend, self.users = self.backend, None, 0
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if backend is not None:
            backend.close()

    def close_unless_used(self) -> None:
        with self.lock:
            if not self.users:
                self._close()


_shelves: dict[tuple[str, Hashable], _Shelf] = {}
_lock = threading.Lock()


@contextmanager
def borrow(model: str | None = None) -> Iterator[Backend]:
    """A loaded model, shared by all who borrow it at the same time.

    It is loaded when the first one needs it. When the last one is done it stays loaded as the setting ``keep_loaded``
    says: for so many seconds without a borrower, always, or not at all. What was opened with another address, key or
    option than those in force now is not the same, and is closed as soon as nobody has it.

    Parameters
    ----------
    model : str or None, default None
        As `registry.load` takes it; None takes the model of the settings.

    Yields
    ------
    Backend
        Not to be closed.

    Raises
    ------
    SetupError
        No model was named, the name is unknown, its use is not allowed (any more), or the engine could not open it.
    """
    parsed = registry.parse(settings.require_model(model))
    name, kept_s = str(parsed), settings.get("keep_loaded")
    place = (name, registry.model_identity(parsed))
    with _lock:
        shelf = _shelves.setdefault(place, _Shelf())
        stale = [other for key, other in _shelves.items() if key[0] == name and key != place]
    for other in stale:  # before the new one is opened: two of them may not fit into memory
        other.close_unless_used()
    backend = shelf.take(name)
    try:
        yield backend
    finally:
        shelf.give_back(backend, kept_s)


def loaded_models() -> set[str]:
    """Full names of the models that are loaded now."""
    with _lock:
        return {name for (name, _), shelf in _shelves.items() if shelf.backend is not None}


@atexit.register
def close_shared() -> None:
    """Close every shared model, also those in use; the next `borrow` opens anew."""
    with _lock:
        shelves = list(_shelves.values())
    for shelf in shelves:
        shelf.close()
