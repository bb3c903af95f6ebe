"""The panel of a run: how far it is, what came last, what went wrong; two buttons where they can be served."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

import ipywidgets
from IPython.display import display

from vlmkit.errors import RunError
from vlmkit.frame.markup import visible
from vlmkit.frame.tally import Control, Progress
from vlmkit.runner import Event, Finished, Planned
from vlmkit.sources import thumbnail

__all__ = ["ProgressPanel"]

_UPDATE_EVERY_S = 0.125
_UPDATES_PER_PICTURE = 8  # decoding one takes as long as many updates
_UPDATES_PER_SECOND = 8  # without an event, for the time to go
_PICTURE_SIDE_PX = 128
_MOST_TEXT = 400  # characters
_MOST_GROUPS = 4
_INTERRUPT = "To stop, interrupt the kernel (■). What is done is kept: run the cell again to go on."
_WIDE = {"width": "100%"}


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
    control : Control
        Of the run; its tally must hear each event before the panel.
    """

    def __init__(self, title: str, control: Control) -> None:
        self._control = control
        self._updates = 0
        self._shown_picture: int | None = None
        self._is_shown = False
        self._is_stale = False
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep_updating, name="vlmkit-panel", daemon=True)
        self._bar = ipywidgets.IntProgress(description=title, min=0, max=1, style={"description_width": "initial"})
        self._counts = ipywidgets.Label("starting")
        self._pace = ipywidgets.Label()
        self._picture = ipywidgets.Image(
            format="jpeg", layout={"display": "none", "max_width": f"{_PICTURE_SIDE_PX}px"}
        )
        # Labels and HTML would read formulas or markup out of what a model says; a text field shows it as it is.
        self._text = ipywidgets.Textarea(disabled=True, rows=4, layout={"display": "none", **_WIDE})
        self._errors = ipywidgets.Textarea(disabled=True, layout={"display": "none", **_WIDE})
        self._places = ipywidgets.Text(disabled=True, layout={"display": "none", **_WIDE})
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
                ipywidgets.HBox([self._picture, self._text]),
                self._errors,
                self._places,
                foot,
            ],
        )
        control.show = self.show

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
            self._updates = 0
            self._update(self._control.tally.progress())
            self._finish(event)

    def show(self) -> None:
        """Display the panel, once."""
        if not self._is_shown:
            self._is_shown = True
            display(self.widget)

    def _keep_updating(self) -> None:
        quiet = 0
        while not self._is_over.wait(_UPDATE_EVERY_S):
            quiet += 1
            if self._is_stale or quiet >= _UPDATES_PER_SECOND:
                self._is_stale, quiet = False, 0
                self._update(self._control.tally.progress())

    def _update(self, now: Progress) -> None:
        self._bar.value = now.done + now.failed
        self._counts.value = _counts_of(now)
        self._pace.value = _pace_of(now)
        if now.errors:
            self._errors.value = _errors_of(now)
            self._errors.rows = min(len(now.errors), _MOST_GROUPS) + 1
            self._errors.layout.display = ""
        if now.last_text is not None:
            label = f"{now.last_image}\n" if now.last_image else ""
            self._text.value = visible(label + now.last_text[:_MOST_TEXT])
            self._text.layout.display = ""
            if self._updates % _UPDATES_PER_PICTURE == 0:
                self._show_picture()
            self._updates += 1

    def _show_picture(self) -> None:
        tally = self._control.tally
        if tally.last is None or tally.image_of is None or tally.last[0] == self._shown_picture:
            return
        self._shown_picture = tally.last[0]
        ref = tally.image_of(self._shown_picture)
        if isinstance(ref.source, str) and "://" in ref.source:  # would be fetched a second time
            return
        try:
            picture = thumbnail(ref, _PICTURE_SIDE_PX)
        except RunError:
            return
        self._picture.format = picture.media_type.removeprefix("image/")
        self._picture.value = picture.data
        self._picture.layout.display = ""

    def _finish(self, event: Finished) -> None:
        self._bar.bar_style = "warning" if event.cancelled else "danger" if event.failed else "success"
        stopped = f"stopped, {event.cancelled} not asked" if event.cancelled else ""
        self._pace.value = " · ".join(filter(None, [stopped, f"{event.seconds:.1f} s", self._pace.value]))
        places = [place for place in event.destinations if place != "this process"]
        if places:
            self._places.value = visible(f"pictures went to {', '.join(places)}")
            self._places.layout.display = ""
        self._foot.layout.display = "none"

    def _press_stop(self, _button: Any) -> None:
        self._control.stop.set()
        self._stop.disabled = self._pause.disabled = True
        self._stop.description = "Stopping …"

    def _press_pause(self, _button: Any) -> None:
        pause = self._control.pause
        (pause.clear if pause.is_set() else pause.set)()
        self._pause.description, self._pause.icon = ("Resume", "play") if pause.is_set() else ("Pause", "pause")


def _counts_of(now: Progress) -> str:
    parts = [f"{now.done + now.failed} of {now.total}"]
    parts += [f"{now.failed} failed"] if now.failed else []
    parts += [f"{now.from_store} from store"] if now.from_store else []
    return " · ".join(parts)


def _pace_of(now: Progress) -> str:
    parts = [f"{now.rate_per_s:.3g} per second"] if now.rate_per_s else []
    parts += [f"{now.tokens_per_s:.3g} tokens per second"] if now.tokens_per_s else []
    parts += [f"{_duration(now.eta_s)} to go"] if now.eta_s is not None else []
    return " · ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _errors_of(now: Progress) -> str:
    lines = [f"{group.count} × {group.type}: {group.example}" for group in now.errors[:_MOST_GROUPS]]
    return visible("\n".join(line.replace("\n", " ") for line in lines))
