"""A run in the background: a table that fills while the notebook stays usable."""

from __future__ import annotations

import asyncio
import atexit
import logging
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

from vlmkit.errors import VlmkitError
from vlmkit.frame.run_statistics import Progress, RunControl
from vlmkit.records import Outcome

__all__ = ["Run"]

_POLL_S = 0.1  # an interrupt is noticed at least so often, also where waiting itself cannot be interrupted
_STOPPING_S = 10.0  # longer than a run needs to let go of what is in flight

_log = logging.getLogger(__name__)


class Run:
    """A run that goes on by itself; made by the verbs with ``background=True``.

    It ends with its last row, with `stop`, or with the interpreter; what is answered is in the store by then.

    Parameters
    ----------
    outcomes : generator of Outcome
        Is driven by a thread of its own.
    collect : callable
        Takes an iterator of outcomes and enters each into the table.
    table : callable
        The table so far.
    control : RunControl

    Examples
    --------
    >>> import pandas as pd, vlmkit as vk
    >>> from vlmkit.tiny import scenes
    >>> frame = pd.DataFrame({"image": [scenes.make(seed).draw() for seed in range(3)]})
    >>> run = vk.caption(frame, model="tiny", background=True, progress=False, store=False)
    >>> run.wait()["caption"].notna().all()
    np.True_
    """

    def __init__(
        self,
        outcomes: Generator[Outcome, None, None],
        collect: Callable[[Iterator[Outcome]], None],
        table: Callable[[], Any],
        control: RunControl,
    ) -> None:
        self.error: Exception | None = None
        self._outcomes = outcomes
        self._collect = collect
        self._table = table
        self._control = control
        self._entering = threading.Lock()
        self._last: Any = None  # table of a run that failed
        self._ended = threading.Event()
        control.show()
        # Registered after the model's own, this runs before the model is closed.
        atexit.register(self._leave)
        self._thread = threading.Thread(target=self._work, name="vlmkit-run", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        now = self.progress
        return f"<Run: {self.state}, {now.done} of {now.total} done, {now.failed} failed>"

    @property
    def state(self) -> str:
        """``"running"``, ``"paused"``, ``"stopping"``, ``"stopped"``, ``"failed"`` or ``"done"``."""
        if not self.done:
            return (
                "stopping" if self._control.stop.is_set() else "paused" if self._control.pause.is_set() else "running"
            )
        now = self.progress
        return "failed" if self.error else "stopped" if now.done + now.failed < now.total else "done"

    @property
    def frame(self) -> Any:
        """The table as it is now, a copy; what was not asked yet is NA, and its error says so."""
        with self._entering:
            return self._table() if self._last is None else self._last.copy()

    @property
    def done(self) -> bool:
        """Whether the run has ended, for whatever reason."""
        return self._ended.is_set()

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        return replace(self._control.statistics.progress(), is_finished=self.done)

    def stop(self) -> None:
        """End the run; returns at once. What is in flight gets half a second to end by itself."""
        self._control.stop.set()

    def pause(self) -> None:
        """Ask nothing new until `resume`; what is in flight goes on."""
        self._control.pause.set()

    def resume(self) -> None:
        """Go on after `pause`."""
        self._control.pause.clear()

    def wait(self, timeout_s: float | None = None) -> Any:
        """Wait for the end; an interrupt meanwhile stops the run.

        Parameters
        ----------
        timeout_s : float or None, default None
            Longest wait; None is to the end.

        Returns
        -------
        DataFrame or Series
            The table; as it is by then, where the time is over first.

        Raises
        ------
        SetupError
            As the verb itself; in the attribute ``partial`` is the table so far.
        RunError
            The same.
        KeyboardInterrupt
            The same.
        """
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        try:
            while not self._ended.wait(_POLL_S if deadline_s is None else min(_POLL_S, _left_s(deadline_s))):
                if deadline_s is not None and not _left_s(deadline_s):
                    return self.frame
        except KeyboardInterrupt as interrupt:
            self._end()
            vars(interrupt)["partial"] = self.frame
            raise
        return self._result()

    def __await__(self) -> Generator[Any, None, Any]:
        return self._awaited().__await__()

    async def _awaited(self) -> Any:
        try:
            while not self._ended.is_set():  # noqa: ASYNC110  set by a thread, which knows no loop
                await asyncio.sleep(_POLL_S / 2)
        except (asyncio.CancelledError, KeyboardInterrupt):  # the notebook's interrupt comes as either
            self._end()
            raise
        return self._result()

    def _result(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.frame

    def _end(self) -> None:
        self.stop()
        self._ended.wait(_STOPPING_S)

    def _leave(self) -> None:
        """At exit: the thread would be cut off in the middle of whatever it does."""
        self._end()

    def _work(self) -> None:
        try:
            self._collect(self._one_at_a_time())
        except VlmkitError as error:
            self.error = error
            _log.warning("A run in the background ended early: %s: %s", type(error).__name__, error)
        except Exception as error:  # noqa: BLE001  a thread's end would be silent
            self.error = error
            _log.exception("A run in the background broke; its table so far is in the run's frame.")
        finally:
            self._outcomes.close()
            if self.error is not None:
                # Pictures that are still being opened change nothing any more: both tables are the same.
                self._last = self._table()
                vars(self.error)["partial"] = self._last.copy()
            self._control.end(self.error)
            self._ended.set()
            atexit.unregister(self._leave)

    def _one_at_a_time(self) -> Iterator[Outcome]:
        """Outcomes, each entered while nobody reads the table."""
        for outcome in self._outcomes:
            with self._entering:
                yield outcome


def _left_s(deadline_s: float) -> float:
    return max(0.0, deadline_s - time.monotonic())
