"""Who hears of a run's events: a panel in a notebook, a text bar on stderr, the log, a function, or nobody."""

from __future__ import annotations

import logging
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting, Cancelled, MissingExtra
from vlmkit.extras import open_by_name
from vlmkit.frame.run_statistics import RunControl
from vlmkit.notebook import is_watched, notebook_shell
from vlmkit.runner import Done, Event, Finished, Listener, Planned, Spent, Started, Waiting

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["LogLines", "TextBar", "listener_for", "spent_in_words"]

_BAR_EVERY_S = 0.1
_BAR_CELLS, _BAR_ROWS = 80, 24
_LINE_EVERY_S = 10.0
_HERE = "this process"

_log = logging.getLogger("vlmkit.progress")


def listener_for(progress: Any, title: str, control: RunControl | None = None) -> Listener | None:
    """Listener of a run's events.

    Parameters
    ----------
    progress : "auto", "log", bool or callable
        True is a panel in a notebook, a bar elsewhere. "auto" is the same where somebody watches: in a notebook that is
        not executed by a program, or where stderr is a terminal. "log" are lines of the logger ``vlmkit.progress``,
        level INFO.
    title : str
        Stands before the bar, or in each line.
    control : RunControl or None, default None
        Of the run; its statistics hears every event, too. None has no panel.

    Raises
    ------
    BadSetting
        None of these.
    """
    listener = _listener(progress, title, control)
    if control is None or (listener is None and not control.is_background):
        return listener
    return _after(control.statistics, listener)


def _listener(progress: Any, title: str, control: RunControl | None) -> Listener | None:
    if progress is True or progress == "auto":
        return _shown(title, control, always=progress is True)
    if progress == "log":
        return LogLines(title)
    if progress is False:
        return None
    if not callable(progress):
        raise BadSetting(f'progress={progress!r}: give "auto", "log", True, False, or a function that takes an event.')
    listener: Listener = progress
    return listener


def _shown(title: str, control: RunControl | None, *, always: bool) -> Listener | None:
    """A panel in a notebook, a bar elsewhere; unless it is to be there always, only where somebody watches."""
    shell = notebook_shell()
    if shell is not None and control is not None and (always or is_watched(shell)):
        return _panel(title, control) or TextBar(title)
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return TextBar(title) if always or is_terminal else None


def _after(statistics: Listener, listener: Listener | None) -> Listener:
    def hear(event: Event) -> None:
        statistics(event)
        if listener is not None:
            listener(event)

    return hear


def _panel(title: str, control: RunControl) -> Listener | None:
    try:
        panel: Listener = open_by_name("vlmkit.widgets.progress:ProgressPanel")(title, control)
    except MissingExtra as error:
        _log.warning("%s The run goes on with a bar of text.", error)
        return None
    return panel


class TextBar:
    """A bar on stderr, with rows under way, rows that failed, what was spent and, at the end, where pictures went.

    Parameters
    ----------
    title : str
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: tqdm[Any] | None = None
        self._failed = 0
        self._workers = 0
        self._active: set[int] = set()
        self._waiting = 0
        self._spent: Spent | None = None
        self._unshown = 0
        self._next_s = 0.0

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Planned):
            self._workers = event.workers
            self._bar = self._new_bar(event.total)
        if self._bar is None:
            return
        if isinstance(event, Started):
            self._active.add(event.index)
        elif isinstance(event, Done):
            self._count(event, self._bar)
        elif isinstance(event, Waiting):
            self._waiting = event.rows
            self._bar.set_postfix_str(self._postfix())
        elif isinstance(event, Finished):
            self._bar.set_postfix_str(", ".join(_remarks(event, self._workers)), refresh=False)
            self._bar.update(self._unshown)
            self._bar.close()
            self._bar = None

    def _new_bar(self, total: int) -> tqdm[Any]:
        from tqdm import tqdm

        has_width = not _is_terminal_without_width()
        return tqdm(
            total=total,
            desc=self._title,
            unit="image",
            file=sys.stderr,
            dynamic_ncols=has_width,
            ncols=None if has_width else shutil.get_terminal_size().columns or _BAR_CELLS,
            nrows=None if has_width else _BAR_ROWS,
            mininterval=0,
            miniters=1,
        )

    def _count(self, event: Done, bar: tqdm[Any]) -> None:
        self._active.discard(event.index)
        if isinstance(event.fault, Cancelled):
            return
        self._failed += event.fault is not None
        self._spent = event.spent
        self._unshown += 1
        now_s = time.monotonic()
        if now_s >= self._next_s:  # the bar's own counting costs more than all that is counted here
            bar.set_postfix_str(self._postfix(), refresh=False)
            bar.update(self._unshown)
            self._unshown, self._next_s = 0, now_s + _BAR_EVERY_S

    def _postfix(self) -> str:
        failed = [f"{self._failed} failed"] if self._failed else []
        waiting = [f"{self._waiting} waiting for another run"] if self._waiting else []
        return ", ".join([f"[{len(self._active)} active]", *waiting, *failed, *spent_in_words(self._spent)])


def _is_terminal_without_width() -> bool:
    """As in some containers, where it says that it has 0 columns: a bar of that width would have nothing in it."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns == 0
    except (OSError, ValueError, AttributeError):  # no terminal
        return False


class LogLines:
    """Lines in the log: at the beginning, every ten seconds, and at the end.

    Parameters
    ----------
    title : str
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._done = 0
        self._failed = 0
        self._workers = 0
        self._next_s = 0.0
        self._active: set[int] = set()

    def __call__(self, event: Event) -> None:
        """Tell of one event."""
        if isinstance(event, Planned):
            _log.info("%s: %d rows, %d at a time", self._title, event.total, event.workers)
            self._next_s, self._workers = time.monotonic() + _LINE_EVERY_S, event.workers
        elif isinstance(event, Started):
            self._active.add(event.index)
        elif isinstance(event, Done):
            self._active.discard(event.index)
            self._count(event)
        elif isinstance(event, Waiting):
            self._tell_of(event)
        elif isinstance(event, Finished):
            remarks = "".join(f", {remark}" for remark in _remarks(event, self._workers))
            _log.info("%s: %d of %d in %.1f s%s", self._title, event.ok, event.total, event.seconds, remarks)

    def _tell_of(self, event: Waiting) -> None:
        if event.rows and time.monotonic() >= self._next_s:
            _log.info("%s: %s", self._title, event)
            self._next_s = time.monotonic() + _LINE_EVERY_S

    def _count(self, event: Done) -> None:
        if isinstance(event.fault, Cancelled):
            return
        self._done += 1
        self._failed += event.fault is not None
        if time.monotonic() >= self._next_s:
            spent = "".join(f", {part}" for part in spent_in_words(event.spent))
            counts = (self._title, self._done, event.total, self._failed, len(self._active))
            _log.info("%s: %d of %d, %d failed, %d active%s", *counts, spent)
            self._next_s = time.monotonic() + _LINE_EVERY_S


def spent_in_words(spent: Spent | None) -> list[str]:
    """Tokens and money that were spent, each as a few words; nothing where nothing was.

    Parameters
    ----------
    spent : Spent or None
    """
    if spent is None:
        return []
    tokens = [f"{spent.tokens:,} tokens"] if spent.tokens else []
    return tokens if spent.money is None else [*tokens, f"{spent.money:.2f} spent"]


def _remarks(event: Finished, planned_workers: int) -> list[str]:
    counts = [f"{count} {name}" for count, name in ((event.failed, "failed"), (event.cancelled, "cancelled")) if count]
    # Where nobody said how many, the run found out.
    pace = [f"{event.workers} at a time"] if event.workers not in {0, planned_workers} else []
    why = [event.reason] if event.reason else []
    spent = spent_in_words(event.spent)
    return [
        *counts,
        *why,
        *pace,
        *spent,
        *(f"pictures went to {place}" for place in event.destinations if place != _HERE),
    ]
