"""The panel of a run: how far it is, what came last, what went wrong; two buttons where they can be served."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

import ipywidgets
from IPython.display import display

from vlmkit.errors import RunError
from vlmkit.frame import Progress, RunControl, RunStatistics, spent_in_words
from vlmkit.runner import Event, Finished, Planned
from vlmkit.sources import thumbnail
from vlmkit.views import Markup, picture_element, visible
from vlmkit.widgets.face import Words

__all__ = ["ProgressPanel"]

_UPDATE_EVERY_S = 0.125
_PICTURE_EVERY_S = 1.0  # decoding one takes as long as many updates, and nobody reads faster
_UPDATES_PER_SECOND = 8  # without an event, for the time to go
_PICTURE_SIDE_PX = 128
_MOST_TEXT = 400  # characters
_MOST_GROUPS = 4
_INTERRUPT = "To stop, interrupt the kernel (■). What is done is kept: run the cell again to go on."


class _Box(ipywidgets.VBox):  # type: ignore[misc]  # has no types
    """A box whose text form, for front ends without widgets, is one line."""

    def __init__(self, text: str, children: list[Any]) -> None:
        super().__init__(children)
        self._text = text

    def __repr__(self) -> str:
        return self._text


class ProgressPanel:
    """Shows a run's events; one widget, at most eight updates in a second, the last one always.

    Updates have a thread of their own, so that a row costs no more than taking note of it, and what ended shows also
    where nothing comes after it for long. A kernel that is busy with the run's cell cannot serve a button, so that
    there are buttons only where the run is in the background.

    Parameters
    ----------
    title : str
    control : RunControl
        Of the run; its statistics must hear each event before the panel.
    """

    def __init__(self, title: str, control: RunControl) -> None:
        self._control = control
        self._shown: int | None = None
        self._shown_s = float("-inf")
        self._is_shown = False
        self._is_stale = False
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep_updating, name="vlmkit-panel", daemon=True)
        self._bar = ipywidgets.IntProgress(description=title, min=0, max=1, style={"description_width": "initial"})
        self._counts = ipywidgets.Label("starting")
        self._pace = ipywidgets.Label()
        self._last = Words()
        self._errors = Words()
        self._remarks = Words()
        self._stop = ipywidgets.Button(description="Stop", icon="stop", tooltip="End the run; what is done is kept")
        self._pause = ipywidgets.Button(description="Pause", icon="pause", tooltip="Ask nothing new for now")
        self._stop.on_click(self._press_stop)
        self._pause.on_click(self._press_pause)
        foot = ipywidgets.HBox([self._stop, self._pause]) if control.is_background else ipywidgets.Label(_INTERRUPT)
        self._foot = foot
        self.widget = _Box(
            f"{visible(title)}: a run; see its table" + (", or run.progress" if control.is_background else ""),
            [
                ipywidgets.HBox([self._bar, self._counts]),
                self._pace,
                self._last,
                self._errors,
                self._remarks,
                foot,
            ],
        )
        control.show, control.end = self.show, self.end

    def __call__(self, event: Event) -> None:
        """Show one event."""
        self._is_stale = True
        if isinstance(event, Planned):
            self.show()
            self._bar.max = max(1, event.total)
            self._thread.start()
        elif isinstance(event, Finished):
            self._is_over.set()
            with suppress(RuntimeError):  # it never began
                self._thread.join()
            self._update(self._control.statistics.progress())
            self._show_last()
            self._finish(event)

    def show(self) -> None:
        """Display the panel, once."""
        if not self._is_shown:
            self._is_shown = True
            display(self.widget)

    def end(self, error: Exception | None) -> None:
        """Say how a run in the background ended: nobody else hears of its error, and it may have had no event at all.

        Parameters
        ----------
        error : Exception or None
        """
        self._foot.layout.display = "none"
        if error is not None:
            self._remarks.say(f"{type(error).__name__}: {error}")
        if self._thread.ident is None:  # no event ever came
            self._counts.value = "nothing was asked"

    def _keep_updating(self) -> None:
        quiet = 0
        while not self._is_over.wait(_UPDATE_EVERY_S):
            quiet += 1
            if self._is_stale or quiet >= _UPDATES_PER_SECOND:
                self._is_stale, quiet = False, 0
                self._update(self._control.statistics.progress())

    def _update(self, now: Progress) -> None:
        self._bar.value = now.done + now.failed
        self._counts.value = _counts_of(now)
        self._pace.value = _pace_of(now)
        self._errors.say(_errors_of(now))
        self._remarks.say(now.unanswered or now.waiting or "")
        if time.monotonic() - self._shown_s >= _PICTURE_EVERY_S:
            self._show_last()

    def _show_last(self) -> None:
        """Picture and text together, so that they are always of the same row."""
        statistics = self._control.statistics
        last = statistics.last
        if last is None or last[0] == self._shown:
            return
        self._shown, text = last
        self._shown_s = time.monotonic()
        label = f"{statistics.image_of(self._shown).label}\n" if statistics.image_of else ""
        self._last.say(label + text[:_MOST_TEXT], _picture_of(statistics, self._shown))

    def _finish(self, event: Finished) -> None:
        self._bar.bar_style = "warning" if event.cancelled else "danger" if event.failed else "success"
        stopped = f"stopped, {event.cancelled} not asked" if event.cancelled else ""
        self._pace.value = " · ".join(filter(None, [stopped, f"{event.seconds:.1f} s", self._pace.value]))
        places = [place for place in event.destinations if place != "this process"]
        went = f"pictures went to {', '.join(places)}" if places else ""
        self._remarks.say("\n".join(filter(None, [event.reason, went])))
        self._foot.layout.display = "none"

    def _press_stop(self, _button: Any) -> None:
        self._control.stop.set()
        self._stop.disabled = self._pause.disabled = True
        self._stop.description = "Stopping …"

    def _press_pause(self, _button: Any) -> None:
        pause = self._control.pause
        (pause.clear if pause.is_set() else pause.set)()
        self._pause.description, self._pause.icon = ("Resume", "play") if pause.is_set() else ("Pause", "pause")


def _picture_of(statistics: RunStatistics, index: int) -> Markup | None:
    ref = statistics.image_of(index) if statistics.image_of else None
    if ref is None or (isinstance(ref.source, str) and "://" in ref.source):  # would be fetched a second time
        return None
    try:
        picture = thumbnail(ref, _PICTURE_SIDE_PX)
    except RunError:
        return None
    return picture_element(
        picture.data, picture.media_type, label=ref.label, width=picture.width, height=picture.height
    )


def _counts_of(now: Progress) -> str:
    parts = [f"{now.done + now.failed} of {now.total}"]
    parts += [f"{now.failed} failed"] if now.failed else []
    parts += [f"{now.active} active"] if now.active else []
    parts += [f"{now.from_store} from store"] if now.from_store else []
    parts += [f"{now.duplicates} as an equal picture"] if now.duplicates else []
    return " · ".join(parts)


def _pace_of(now: Progress) -> str:
    parts = [f"{now.rate_per_s:.3g} per second"] if now.rate_per_s else []
    parts += [f"{now.tokens_per_s:.3g} tokens per second"] if now.tokens_per_s else []
    parts += [f"{_duration(now.eta_s)} to go"] if now.eta_s is not None else []
    parts += spent_in_words(now.spent)
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _errors_of(now: Progress) -> str:
    lines = [f"{group.count} × {group.type}: {group.example}" for group in now.errors[:_MOST_GROUPS]]
    return "\n".join(line.replace("\n", " ") for line in lines)
