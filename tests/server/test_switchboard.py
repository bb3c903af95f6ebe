"""Models that take turns, over real HTTP."""

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import httpx
import pytest
from chat_clients import asking, chunks_of, reading, text_of, until
from dripping import Dripping

from vlmkit.server.app import server_options
from vlmkit.server.catalog import CatalogEntry
from vlmkit.server.serving import RunningServer


class Counted(CatalogEntry):
    """A model whose loads take a while, and are counted."""

    opened: ClassVar = []
    lock = threading.Lock()
    loading = most_loading = 0

    def open(self):
        with Counted.lock:
            Counted.opened.append(self.id)
            Counted.loading += 1
            Counted.most_loading = max(Counted.most_loading, Counted.loading)
        time.sleep(0.05)
        with Counted.lock:
            Counted.loading -= 1
        return Dripping(self.id, words=5, every_s=0.002)

    def close(self, backend):
        assert not backend.open, "a busy model was closed"
        backend.close()


@pytest.fixture
def counted(monkeypatch):
    """Starts a server whose models are counted."""
    monkeypatch.setattr(Counted, "opened", [])
    servers = []

    def start(names, **options):
        catalog = {name: Counted(id=name, source=f"drip:{name}", created_s=0) for name in names}
        servers.append(RunningServer(catalog, server_options(port=0, **options)))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def ask(server, model, **fields):
    response = httpx.post(f"{server.url}/chat/completions", json=asking(model, **fields), timeout=60)
    return response.status_code, response.json().get("choices", [{}])[0].get("message", {}).get("content")


def ask_in_pieces(server, model, **fields):
    """The same of a stream that came to its end."""
    body = asking(model, stream=True, **fields)
    with httpx.stream("POST", f"{server.url}/chat/completions", json=body, timeout=60) as response:
        chunks = chunks_of(response)
    assert chunks[-1]["choices"][0]["finish_reason"] is not None
    return response.status_code, text_of(chunks)


def test_many_requests_for_one_model_are_one_load(counted):
    """Those that come while it is loaded wait for it."""
    server = counted("ab", queue_size=20)
    with ThreadPoolExecutor(12) as clients:
        answers = list(clients.map(lambda _: ask(server, "b"), range(12)))
    assert answers == [(200, "w0 w1 w2 w3 w4 ")] * 12
    assert Counted.opened == ["a", "b"]


def test_two_models_that_alternate_both_answer(counted):
    """From many clients at once: nobody hangs, nobody is dropped, never two loads at a time."""
    server = counted("ab", queue_size=20, switch_wait_s=0.2)
    names = itertools.islice(itertools.cycle("ab"), 40)
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda name: ask(server, name), names))
    assert answers == [(200, "w0 w1 w2 w3 w4 ")] * 40
    assert Counted.most_loading == 1


def test_with_room_for_two_nothing_is_loaded_twice(counted):
    """Both stay."""
    server = counted("ab", max_loaded=2)
    for name in "abab":
        assert ask(server, name)[0] == 200
    assert Counted.opened == ["a", "b"]


def test_a_model_that_is_not_used_is_closed_where_that_is_wanted(counted):
    """And loaded again when somebody asks."""
    server = counted("a", idle_unload_s=0.1)
    until(lambda: httpx.get(f"{server.url}/models/status").json()["loaded"] == [])
    assert httpx.get(f"{server.url.removesuffix('/v1')}/ready").status_code == 503
    assert ask(server, "a")[0] == 200


def test_an_open_model_is_served_and_stays_open(serving):
    """Whoever opened it closes it."""
    backend = Dripping()
    server = serving({"mine": backend})
    assert ask(server, "mine")[0] == 200
    server.stop()
    assert not backend.is_closed


def test_a_whole_answer_that_waits_too_long_is_told_so(serving):
    """503, and when to come back."""
    server = serving({"m": Dripping(words=1000, slots=1)}, request_timeout_s=0.3)
    with reading(server.url, asking("m")):
        response = httpx.post(f"{server.url}/chat/completions", json=asking("m"), timeout=60)
    assert (response.status_code, response.json()["error"]["code"]) == (503, "queue_timeout")
    assert "retry-after" in response.headers


@pytest.mark.slow_test
@pytest.mark.core_model
def test_a_storm_of_switches(serving):
    """Two models, two hundred requests from twelve clients, each for another one than before: all right, none lost.

    Every other one is streamed; each stream comes to its end, and holds the same text as a whole answer.
    """
    server = serving({"one": "tiny", "two": "tiny"}, queue_size=20, request_timeout_s=300, switch_wait_s=0.5)

    def client(number):
        names = itertools.islice(itertools.cycle(["one", "two"]), number % 2, number % 2 + 17)
        ways = itertools.cycle([ask, ask_in_pieces, ask_in_pieces, ask])
        return [way(server, name, max_tokens=4, temperature=0) for name, way in zip(names, ways, strict=False)]

    with ThreadPoolExecutor(12) as clients:
        answers = [answer for each in clients.map(client, range(12)) for answer in each]
    assert len(answers) == 204
    assert len(set(answers)) == 1
    assert answers[0][0] == 200
