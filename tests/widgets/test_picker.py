"""The picker's face: every button does what the plain object does, and says what came of it."""

import threading
import time

import pytest

from vlmkit import settings
from vlmkit.backends import FoundModel
from vlmkit.views.picking import Picker
from vlmkit.widgets import picker as faces
from vlmkit.widgets.picker import PickerFace

EVIL = "<img src=x onerror='window.ran=1'>\u202e"
FOUND = [
    FoundModel(engine="mlx", name="tiny", sees_pictures=True, size_bytes=5_400_000, memory_bytes=10_000_000),
    FoundModel(engine="mlx", name="org/huge", sees_pictures=True, memory_bytes=10**15, quantization="4-bit"),
    FoundModel(engine="ollama", name=f"ollama:{EVIL}", sees_pictures=None, source="http://there", loaded=True),
    FoundModel(engine="vllm", error=f"Unreachable: nobody answers.\n{EVIL}"),
]


@pytest.fixture
def face(monkeypatch):
    """A face on what four engines say."""
    monkeypatch.setattr("vlmkit.views.picking.find_models", lambda **given: list(FOUND))
    monkeypatch.setattr("vlmkit.views.picking.loaded_models", set)  # other tests may have left one
    return PickerFace(Picker())


def eventually(is_true):
    deadline_s = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_models_stand_by_engine_with_what_they_need(face):
    """One line each, the facts of the selected one beside them, problems below."""
    lines = [label for label, _ in face._list.options]
    assert lines[0] == "mlx │ org/huge │ sees pictures"
    assert lines[1] == "mlx │ tiny │ sees pictures, 5.4 MB"
    assert "ollama" in lines[2]
    assert "may see pictures, loaded" in lines[2]
    assert "too much" in face._facts.value
    assert "4-bit" in face._facts.value
    face._list.value = "tiny"
    assert "10 MB of" in face._facts.value
    assert "too much" not in face._facts.value
    assert "vllm: Unreachable: nobody answers." in face._problems.text


def test_the_filter_narrows_the_list(face):
    """To nothing, if need be; then there is nothing to press."""
    face._filter.value = "tin"
    assert face._list.value == "tiny"
    assert len(face._list.options) == 1
    face._filter.value = "zzz"
    assert face._list.value is None
    assert face._use.disabled
    assert face._try.disabled
    face._filter.value = ""
    assert not face._use.disabled


def test_the_button_puts_the_model_in_force(face):
    """And says so."""
    face._list.value = "tiny"
    face._use.click()
    assert (face._picker.model, settings.get("model")) == ("tiny", "tiny")
    assert face._status.text == "In use now: tiny"


def test_refreshing_keeps_the_selection(face):
    """Where the model is still there."""
    face._list.value = "tiny"
    face._again.click()
    assert face._list.value == "tiny"
    assert face._status.text == "3 models"


@pytest.mark.core_model
def test_a_trial_shows_the_text_and_the_seconds(face):
    """Its button ends it while it goes on, and is there again after it."""
    face._list.value = "tiny"
    face._try.click()
    eventually(lambda: face._trial is None)
    assert face._text.text.startswith("A ")
    assert face._status.text.startswith("tiny: ")
    assert face._status.text.endswith(" s")
    assert face._try.description == "Try it"


def test_a_trial_can_be_stopped_and_can_fail(face, monkeypatch):
    """Neither leaves the face in a state of its own."""
    going = threading.Event()

    def attempt(name):
        going.set()
        while True:
            yield faces_trial()

    def faces_trial():
        time.sleep(0.01)
        return type("Trial", (), {"text": EVIL, "seconds": 1.0, "is_finished": False})

    monkeypatch.setattr(face._picker, "attempt", attempt)
    face._try.click()
    assert going.wait(60)
    eventually(lambda: "onerror" in face._text.text)
    assert "\u202e" not in face._text.value
    face._try.click()
    eventually(lambda: face._trial is None)
    assert face._status.text == "Stopped"
    monkeypatch.undo()
    face._list.options = [("x", "no-such-engine:x")]
    face._list.value = "no-such-engine:x"
    face._press_try(None)
    eventually(lambda: face._trial is None)
    assert face._status.text.startswith("UnknownModel: ")


def test_names_of_strangers_are_shown_as_text(face):
    """In the list, beside it and below it."""
    face._list.value = f"ollama:{EVIL}"
    assert "<img" not in face._facts.value
    assert "&lt;img" in face._facts.value
    assert "<img" not in face._problems.value
    assert "\u202e" not in face._facts.value + face._problems.value + face._list.options[2][0]


def test_showing_displays_one_widget(face, monkeypatch):
    """As the last line of a cell does."""
    displayed = []
    monkeypatch.setattr(faces, "display", displayed.append)
    face._picker._ipython_display_()
    (widget,) = displayed
    assert len(widget.children) == 6
