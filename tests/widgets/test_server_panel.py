"""The panel of a server: what it shows, how often, how it ends, and that nothing in it is markup."""

import threading
import time

import httpx
import pytest
from chat_clients import asking, reading, until
from dripping import Dripping

import vlmkit as vk
from vlmkit.backends.fake import FakeBackend
from vlmkit.server.serving import ModelStatus, ServerStatus
from vlmkit.widgets import server_panel
from vlmkit.widgets.server_panel import ServerPanel

EVIL = "<img src=x onerror='window.ran = 1'><script>window.ran = 1</script>\u202egnp.exe"


@pytest.fixture
def serving():
    """Starts servers, and stops them after the test."""
    running = []

    def start(model):
        running.append(vk.serve(model))
        return running[-1]

    yield start
    for server in running:
        server.stop()


def shown(panel):
    """Everything that the panel shows, as HTML."""
    parts = [part for part in panel.widget.children if part.layout.display != "none"]
    return "\n".join(str(getattr(part, "value", part)) for part in parts)


def panel_threads():
    return [thread for thread in threading.enumerate() if thread.name == "vlmkit-server-panel"]


def test_it_shows_models_who_waits_and_how_fast(serving):
    """As they are now; the address and the lines of clients beside them."""
    server = serving({"m": Dripping(words=100_000, slots=1), "other": "fake:echo"})
    panel = ServerPanel(server)
    assert '<td dir="auto">loaded</td><td dir="auto">0</td><td dir="auto">0</td>' in shown(panel)
    assert '<td dir="auto">other</td><td dir="auto">unloaded</td>' in shown(panel)
    assert "no answer ended in the last 10 s" in shown(panel)
    assert server.url in shown(panel)
    assert "base_url=" in shown(panel)
    with reading(server.url, asking("m")), reading(server.url, asking("m")):
        until(lambda: 'loaded</td><td dir="auto">1</td><td dir="auto">1</td>' in shown(panel))
    until(lambda: 'loaded</td><td dir="auto">0</td><td dir="auto">0</td>' in shown(panel))


def test_tokens_of_answers_that_ended_are_counted(serving):
    """All since the start, and those of the last ten seconds as a pace."""
    server = serving("fake:echo")
    panel = ServerPanel(server)
    httpx.post(f"{server.url}/chat/completions", json=asking("fake:echo"), timeout=60).raise_for_status()
    until(lambda: server.status().generation_tokens)
    until(lambda: f"{server.status().generation_tokens} tokens written" in shown(panel))
    assert "tokens per second" in shown(panel)


def test_it_is_sent_twice_a_second_at_most_and_only_what_changed(serving, monkeypatch):
    """However much happens; of nothing, nothing."""
    server = serving("fake:echo")
    panel = ServerPanel(server)
    sent = []
    panel._models.observe(sent.append, "value")
    number = iter(range(1_000_000))

    def busy():
        model = ModelStatus(name="m", state="loaded", running=next(number), waiting=0, error=None)
        return ServerStatus(models=(model,), generation_tokens=0, tokens_per_s=0.0)

    monkeypatch.setattr(server, "status", busy)
    begin_s = time.monotonic()
    until(lambda: len(sent) >= 2)
    assert len(sent) <= 1 + (time.monotonic() - begin_s) / server_panel._UPDATE_EVERY_S
    monkeypatch.undo()
    panel._update()
    count = len(sent)
    panel._update()
    assert len(sent) == count


def test_the_button_stops_the_server_and_keeps_nobody_waiting(serving):
    """Then the panel says so, and its thread is gone; what cannot be used any more is hidden."""
    server = serving({"m": Dripping(words=30)})
    panel = ServerPanel(server)
    with reading(server.url, asking("m")):
        panel._stop.click()
        assert panel._stop.disabled
        assert server.is_running
    assert server.wait(60)
    until(lambda: "was stopped" in shown(panel))
    assert panel._stop.layout.display == panel._models.layout.display == panel._lines.layout.display == "none"
    until(lambda: not panel_threads())


def test_a_server_that_is_stopped_elsewhere_ends_its_panel(serving):
    """By its method, for one."""
    server = serving("fake:echo")
    panel = ServerPanel(server)
    server.stop()
    until(lambda: f"The server at {server.url} was stopped." in shown(panel))
    until(lambda: not panel_threads())


def test_words_of_strangers_are_shown_as_text(serving, monkeypatch):
    """A model's name, and why it could not be loaded."""
    server = serving({EVIL: FakeBackend()})
    model = ModelStatus(name=EVIL, state="failed", running=0, waiting=0, error=EVIL)
    monkeypatch.setattr(server, "status", lambda: ServerStatus(models=(model,), generation_tokens=1, tokens_per_s=0.1))
    html = shown(ServerPanel(server))
    assert html.count("onerror") >= 3
    assert "<img" not in html
    assert "<script" not in html
    assert "\u202e" not in html
    assert "problem" in html


def test_a_notebook_shows_the_panel_and_keeps_plain_lines(serving, notebook, monkeypatch):
    """The same one each time; a stopped server, or a machine without widgets, is its lines alone."""
    server = serving("fake:echo")
    view = "application/vnd.jupyter.widget-view+json"
    first, again = server._repr_mimebundle_(), server._repr_mimebundle_()
    assert first[view]["model_id"] == again[view]["model_id"]
    assert {key: first[key] for key in ("text/plain", "text/html")} == server.connection_card()
    with monkeypatch.context() as changed:
        changed.setattr(type(server), "widget_name", "vlmkit.widgets.nothing_there:ServerPanel")
        changed.setattr(server, "_widget", None)
        assert server._repr_mimebundle_() == server.connection_card()
    server.stop()
    assert view not in server._repr_mimebundle_()


def test_elsewhere_it_is_its_lines(serving):
    """Without a kernel nobody could use a widget."""
    server = serving("fake:echo")
    assert server._repr_mimebundle_() == server.connection_card()
