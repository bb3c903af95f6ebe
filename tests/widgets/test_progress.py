"""The panel of a run: what it shows, how often, and that nothing in it is markup."""

import re
import time
from dataclasses import replace

import pytest
from PIL import Image

from vlmkit.errors import Cancelled, ServerFault
from vlmkit.frame.progress import listener_for
from vlmkit.frame.run_statistics import RunControl
from vlmkit.records import ImageRef, Reply, Usage
from vlmkit.runner import Done, Finished, Planned, Spent, Started, Unanswered
from vlmkit.widgets import progress as panels
from vlmkit.widgets.face import Words
from vlmkit.widgets.progress import ProgressPanel

EVIL = "<img src=x onerror='window.ran = 1'><script>window.ran = 1</script> $\\href{javascript:ran=1}{x}$ \u202egnp.exe"


@pytest.fixture
def shown(monkeypatch):
    """What was displayed."""
    displayed = []
    monkeypatch.setattr(panels, "display", displayed.append)
    return displayed


class Watched:
    """A panel that hears events as a run's listener does, and a count of what it sends."""

    def __init__(self, *, is_background=False, image_of=None):
        self.control = RunControl(is_background=is_background)
        self.control.statistics.image_of = image_of
        self.panel = ProgressPanel("caption", self.control)
        self.updates = []
        self.panel._bar.observe(lambda change: self.updates.append(change["new"]), "value")

    def hear(self, *events):
        for event in events:
            self.control.statistics(event)
            self.panel(event)

    def text(self):
        """Everything the panel says, as a person reads it."""
        said, waiting = [], [self.panel.widget]
        while waiting:
            widget = waiting.pop(0)
            if getattr(widget.layout, "display", None) != "none":
                waiting += getattr(widget, "children", ())
                names = ("text",) if isinstance(widget, Words) else ("value", "description")
                said += [str(getattr(widget, name)) for name in names if hasattr(widget, name)]
        return "\n".join(said)


def done(index, *, fault=None, text="a red circle", from_store=False):
    reply = None if fault else Reply(text=text, finish_reason="stop", model="m", usage=Usage(completion_tokens=5))
    return Done(index=index, total=40, seconds=0.1, from_store=from_store, fault=fault, reply=reply)


def finished(**counts):
    facts = {"total": 40, "ok": 40, "failed": 0, "cancelled": 0, "seconds": 2.0, "stopped_early": False}
    return Finished(**facts | counts)


PLANNED = Planned(total=40, workers=4)


def test_it_shows_counts_faults_and_what_came_last(shown):
    """Once displayed, at the run's first event."""
    watched = Watched(image_of=lambda index: ImageRef(source=Image.new("RGB", (400, 300), "red"), label=f"<{index}>"))
    assert shown == []
    watched.hear(PLANNED, done(0, from_store=True), done(1, fault=ServerFault("it broke")), done(2))
    watched.hear(done(3, fault=ServerFault("again")), finished(ok=2, failed=2, destinations=("http://there",)))
    assert shown == [watched.panel.widget]
    text = watched.text()
    for expected in ("4 of 40", "2 failed", "1 from store", "2 × ServerFault: it broke", "a red circle", "<2>"):
        assert expected in text
    assert "pictures went to http://there" in text
    assert watched.panel._bar.bar_style == "danger"
    assert 'alt="&lt;2&gt;" width="128" height="96"' in watched.panel._last.value


def test_it_shows_what_is_under_way_and_what_it_costs(shown):
    """Rows begun, rows that were had otherwise, tokens and money; a silence as long as it lasts."""
    watched = Watched()
    watched.hear(PLANNED, *(Started(index=index, total=40) for index in range(4)))
    watched.hear(replace(done(0), is_duplicate=True), replace(done(1), spent=Spent(tokens=1234, money=0.5)))
    watched.hear(Unanswered(seconds=31.0, in_flight=2, destination="http://there"))
    watched.panel._update(watched.control.statistics.progress())
    text = watched.text()
    for expected in (
        "2 active",
        "1 as an equal picture",
        "1,234 tokens",
        "0.50 spent",
        "No reply from http://there for 31 s",
    ):
        assert expected in text
    watched.hear(done(2))
    watched.panel._update(watched.control.statistics.progress())
    assert "No reply" not in watched.text()


def test_it_says_why_rows_are_left(shown):
    """Where a budget or a fault ended the run."""
    watched = Watched()
    watched.hear(PLANNED, done(0), finished(ok=1, cancelled=39, reason="the budget of 30 minutes is used up"))
    assert "the budget of 30 minutes is used up" in watched.text()
    assert "stopped, 39 not asked" in watched.text()


def test_picture_and_text_are_of_the_same_row(shown, monkeypatch):
    """However much comes in between; the picture alone takes as long as many texts."""
    monkeypatch.setattr(panels, "_PICTURE_EVERY_S", 0.0)
    images = [Image.new("RGB", (50 + index, 20), "red") for index in range(40)]
    watched = Watched(image_of=lambda index: ImageRef(source=images[index], label=f"<{index}>"))
    seen = []
    watched.panel._last.observe(lambda change: seen.append(change["new"]), "value")
    watched.hear(PLANNED)
    for index in range(40):
        watched.hear(done(index, text=f"number {index}"))
        watched.panel._update(watched.control.statistics.progress())
    watched.hear(finished())
    assert len(seen) >= 40
    for value in seen:
        (number,) = re.findall(r"number (\d+)", value)
        assert f'alt="&lt;{number}&gt;" width="{50 + int(number)}"' in value
    assert "number 39" in seen[-1]


def test_eight_updates_in_a_second_and_the_last_one_always(shown):
    """However fast rows end."""
    watched = Watched()
    begin_s = time.monotonic()
    watched.hear(Planned(total=2000, workers=4), *map(done, range(2000)))
    most = 2 + 8 * (time.monotonic() - begin_s)
    watched.hear(finished())
    assert len(watched.updates) <= most + 1
    assert watched.updates[-1] == 2000


def test_a_blocking_run_says_how_to_stop_it(shown):
    """Its cell keeps the kernel busy: a button there would be pressed in vain."""
    watched = Watched()
    watched.hear(PLANNED)
    assert "interrupt the kernel" in watched.text()
    assert "Stop" not in watched.text()
    watched.hear(finished())
    assert "interrupt the kernel" not in watched.text()


def test_buttons_stop_and_hold_a_run_in_the_background(shown):
    """And are gone at its end."""
    watched = Watched(is_background=True)
    watched.hear(PLANNED)
    watched.panel._pause.click()
    assert watched.control.pause.is_set()
    assert watched.panel._pause.description == "Resume"
    watched.panel._pause.click()
    assert not watched.control.pause.is_set()
    watched.panel._stop.click()
    assert watched.control.stop.is_set()
    assert watched.panel._stop.disabled
    watched.hear(done(0, fault=Cancelled("x")), finished(ok=0, cancelled=40))
    assert "stopped, 40 not asked" in watched.text()
    assert "Stop" not in watched.text()


def test_words_of_strangers_are_shown_as_text(shown):
    """A model's, a file's, a server's and a title's: never in a widget that reads markup or formulas out of it."""
    watched = Watched(image_of=lambda index: ImageRef(source=b"no picture", label=EVIL))
    watched.hear(PLANNED, done(0, text=EVIL), done(1, fault=ServerFault(EVIL)), finished(destinations=(EVIL,)))
    assert watched.text().count("onerror") == 4
    waiting = [watched.panel.widget]
    while waiting:
        widget = waiting.pop()
        waiting += getattr(widget, "children", ())
        value = str(getattr(widget, "value", ""))
        assert not ("onerror" in value and not isinstance(widget, Words))
        assert "<img src=x" not in value
        assert "<script" not in value
        assert "\u202e" not in value


def test_a_front_end_without_widgets_gets_one_line(shown):
    """Without addresses, so that a notebook that keeps it can be compared."""
    assert repr(Watched(is_background=True).panel.widget) == "caption: a run; see its table, or run.progress"


def test_pictures_on_the_web_are_not_fetched_again(shown):
    """The run did it once."""
    watched = Watched(image_of=lambda index: ImageRef(source="https://example.test/a.png", label="a.png"))
    watched.hear(PLANNED, done(0), finished())
    assert "<img" not in watched.panel._last.value
    assert "a red circle" in watched.text()


def test_without_a_kernel_there_is_no_panel():
    """Here, nothing has a front end."""
    assert listener_for("auto", "x", RunControl()) is None


def test_a_run_in_the_background_that_ended_says_how(shown):
    """Its error reaches nobody otherwise; and where there was nothing to ask, no event says so."""
    watched = Watched(is_background=True)
    watched.control.show()
    watched.control.end(None)
    assert "nothing was asked" in watched.text()
    assert "Stop" not in watched.text()
    watched = Watched(is_background=True)
    watched.hear(PLANNED, done(0), finished(ok=1, cancelled=39))
    watched.control.end(ServerFault("it was too much"))
    assert "ServerFault: it was too much" in watched.text()
    assert "1 of 40" in watched.text()
