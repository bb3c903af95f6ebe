"""What a run takes while it goes on: time from its events, memory of this process by looking now and then."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any, Self

from vlmkit.errors import MissingExtra
from vlmkit.extras import open_by_name
from vlmkit.frame import listener_for
from vlmkit.runner import Event, Finished

__all__ = ["ResourceUsage"]

_EVERY_S = 0.05
_MEGABYTE = 1_000_000


class ResourceUsage:
    """Listens to one run; a context that watches memory while it is open.

    Parameters
    ----------
    progress : object
        What the caller wants to see of the run, as the verbs take it.
    name : str
        What a bar calls it.

    Attributes
    ----------
    finished : Finished or None
        Last event of the run.
    peak_memory_mb : float or None
        Most memory of the process, its children included, while the context was open; None where psutil is not
        installed.
    """

    def __init__(self, progress: Any, name: str) -> None:
        self.finished: Finished | None = None
        self.peak_memory_mb: float | None = None
        self._listener = listener_for(progress, name)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, event: Event) -> None:
        """Take an event of the run, and hand it on."""
        if isinstance(event, Finished):
            self.finished = event
        if self._listener is not None:
            self._listener(event)

    def __enter__(self) -> Self:
        try:
            process = open_by_name("psutil:Process", extra="evaluation")()
        except MissingExtra:
            return self
        self._look(process)
        self._thread = threading.Thread(target=self._watch, args=[process], name="vlmkit-meter", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    @property
    def seconds_per_image(self) -> float | None:
        """Wall time of the run for each row that was asked; None where all were stored."""
        if self.finished is None or not self.finished.asked:
            return None
        return self.finished.seconds / self.finished.asked

    @property
    def is_in_process(self) -> bool:
        """Whether the model answered in this process, so that its memory is the process's."""
        return self.finished is not None and self.finished.destinations == ("this process",)

    def _watch(self, process: Any) -> None:
        while not self._stop.wait(_EVERY_S):
            self._look(process)
        self._look(process)

    def _look(self, process: Any) -> None:
        taken = process.memory_info().rss
        for child in process.children(recursive=True):  # an isolated model is in one
            with suppress(Exception):  # it ended meanwhile
                taken += child.memory_info().rss
        self.peak_memory_mb = max(self.peak_memory_mb or 0.0, taken / _MEGABYTE)
