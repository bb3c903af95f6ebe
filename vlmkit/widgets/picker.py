"""The face of a `Picker`: models by engine, what each needs, a trial on one picture, and a button that chooses."""

from __future__ import annotations

import threading
import time
from typing import Any

import ipywidgets
from IPython.display import display

from vlmkit.errors import VlmkitError
from vlmkit.views import Choice, Picker, table_element, visible
from vlmkit.widgets.face import Words

__all__ = ["PickerFace", "show"]

_UPDATE_EVERY_S = 0.125
_SIZES = (("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def show(picker: Picker) -> None:
    """Display a picker."""
    display(PickerFace(picker).widget)


class PickerFace:
    """Widgets on a picker; everything they do, the picker does.

    Parameters
    ----------
    picker : Picker
    """

    def __init__(self, picker: Picker) -> None:
        self._picker = picker
        self._trial: threading.Event | None = None
        self._filter = ipywidgets.Text(description="Filter", placeholder="name, engine, quantization")
        self._again = ipywidgets.Button(description="Refresh", icon="refresh", tooltip="Look for models again")
        self._list = ipywidgets.Select(description="Model", rows=10, layout={"width": "34em"})
        self._facts = ipywidgets.HTML()
        self._use = ipywidgets.Button(description="Use this model", button_style="primary", icon="check")
        self._try = ipywidgets.Button(description="Try it", icon="play", tooltip="Ask it about one picture")
        self._status = Words(is_status=True)
        self._text = Words()
        self._problems = Words()
        self._filter.observe(lambda _: self._fill(), "value")
        self._list.observe(lambda _: self._show_facts(), "value")
        self._again.on_click(self._press_again)
        self._use.on_click(self._press_use)
        self._try.on_click(self._press_try)
        self.widget = ipywidgets.VBox(
            [
                ipywidgets.HBox([self._filter, self._again]),
                ipywidgets.HBox([self._list, self._facts]),
                ipywidgets.HBox([self._use, self._try]),
                self._status,
                self._text,
                self._problems,
            ]
        )
        self._fill()

    def _fill(self) -> None:
        kept = self._list.value
        choices = self._picker.matching(self._filter.value)
        self._list.options = [(_line(choice), choice.name) for choice in choices]
        names = [choice.name for choice in choices]
        preferred = next((name for name in (kept, self._picker.model) if name in names), None)
        self._list.value = preferred or (names[0] if names else None)
        problems = self._picker.problems
        self._problems.say("\n".join(["Not usable now:", *(problem.replace("\n", " ") for problem in problems)]))
        self._show_facts()

    def _show_facts(self) -> None:
        choice = next((each for each in self._picker.choices if each.name == self._list.value), None)
        self._use.disabled = self._try.disabled = choice is None
        self._facts.value = table_element(("", ""), _facts(choice, self._picker.free_bytes)) if choice else ""

    def _press_again(self, _button: Any) -> None:
        self._say("Looking for models …")
        self._picker.refresh()
        self._fill()
        self._say(f"{len(self._picker.choices)} models")

    def _press_use(self, _button: Any) -> None:
        try:
            self._picker.choose(self._list.value)
        except VlmkitError as error:  # what a callback raises is shown nowhere
            self._say(f"{type(error).__name__}: {error}")
        else:
            self._say(f"In use now: {self._picker.model}")

    def _press_try(self, _button: Any) -> None:
        if self._trial is not None:
            self._trial.set()
            return
        self._trial = threading.Event()
        self._try.description, self._try.icon = "Stop", "stop"
        threading.Thread(target=self._attempt, args=[self._list.value, self._trial], daemon=True).start()

    def _attempt(self, name: str, stop: threading.Event) -> None:
        self._say(f"Opening {name} …")
        self._text.say("")
        shown_s = 0.0
        attempt = self._picker.attempt(name)
        try:
            for trial in attempt:
                if stop.is_set():
                    self._say("Stopped")
                    break
                if trial.is_finished or time.monotonic() - shown_s >= _UPDATE_EVERY_S:
                    shown_s = time.monotonic()
                    self._text.say(trial.text)
                    self._say(f"{name}: {trial.seconds:.1f} s{'' if trial.is_finished else ' …'}")
        except VlmkitError as error:
            self._say(f"{type(error).__name__}: {error}")
        finally:
            attempt.close()  # type: ignore[attr-defined]  # a generator
            self._trial = None
            self._try.description, self._try.icon = "Try it", "play"

    def _say(self, text: str) -> None:
        self._status.say(text.replace("\n", " "))


def _line(choice: Choice) -> str:
    sees = {True: "sees pictures", False: "text only", None: "may see pictures"}[choice.sees_pictures]
    facts = [sees, *(["loaded"] if choice.loaded else []), *([_size(choice.size_bytes)] if choice.size_bytes else [])]
    return visible(f"{choice.engine} │ {choice.name} │ {', '.join(facts)}")


def _facts(choice: Choice, free_bytes: int | None) -> list[list[Any]]:
    memory = _size(choice.memory_bytes)
    if choice.memory_bytes is not None and free_bytes is not None:
        memory += f" of {_size(free_bytes)} free" + ("" if choice.fits else ": too much")
    facts = [
        ("Name", choice.name),
        ("Where", choice.source),
        ("Sees pictures", _answer(choice.sees_pictures)),
        ("Loaded", _answer(choice.loaded)),
        ("Size", _size(choice.size_bytes)),
        ("Memory it needs here", memory),
        ("Quantization", choice.quantization),
        ("Context", f"{choice.context} tokens" if choice.context else None),
    ]
    return [[label, value] for label, value in facts if value]


def _answer(value: bool | None) -> str | None:
    return None if value is None else "yes" if value else "no"


def _size(size_bytes: int | None) -> str:
    if size_bytes is None:
        return ""
    unit, factor = next(((unit, factor) for unit, factor in _SIZES if size_bytes >= factor), ("bytes", 1))
    return f"{size_bytes / factor:.3g} {unit}"
