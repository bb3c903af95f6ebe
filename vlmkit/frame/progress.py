"""Who hears of a run's events: a text bar on stderr, the caller's function, or nobody."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from vlmkit.errors import BadSetting, Cancelled
from vlmkit.runner import Done, Event, Finished, Listener, Planned

if TYPE_CHECKING:
    from tqdm import tqdm

__all__ = ["TextBar", "listener_for"]


def listener_for(progress: Any, title: str) -> Listener | None:
    """Listener of a run's events.

    Parameters
    ----------
    progress : "auto", bool or callable
        "auto" is a bar where stderr is a terminal: a bar in a log file or a notebook's output is noise.
    title : str
        Stands before the bar.

    Raises
    ------
    BadSetting
        None of these.
    """
    if progress is True or (progress == "auto" and sys.stderr is not None and sys.stderr.isatty()):
        return TextBar(title)
    if progress is False or progress == "auto":
        return None
    if not callable(progress):
        raise BadSetting(f'progress={progress!r}: give "auto", True, False, or a function that takes an event.')
    listener: Listener = progress
    return listener


class TextBar:
    """A bar on stderr, with the number of rows that failed.

    Parameters
    ----------
    title : str
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar: tqdm[Any] | None = None
        self._failed = 0

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Planned):
            from tqdm import tqdm

            self._bar = tqdm(total=event.total, desc=self._title, unit="image", file=sys.stderr, dynamic_ncols=True)
        if self._bar is None:
            return
        if isinstance(event, Done) and not isinstance(event.fault, Cancelled):
            if event.fault is not None:
                self._failed += 1
                self._bar.set_postfix_str(f"{self._failed} failed", refresh=False)
            self._bar.update()
        if isinstance(event, Finished):
            self._bar.close()
            self._bar = None
