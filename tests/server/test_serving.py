"""A server that starts and ends: in a thread, and as a process that gets signals."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from chat_clients import asking, chunks_of, reading, text_of, until
from dripping import Dripping

import vlmkit as vk
from vlmkit.errors import BadSetting

# The command with an open model whose answers take a while; it says its address when it is there.
SLOW = """
import sys
sys.path.insert(0, {support!r})
from dripping import Dripping
import vlmkit.server
from vlmkit.cli.entry import main

start = vlmkit.server.serve
vlmkit.server.serve = lambda _models, **options: start({{"m": Dripping(words={words}, slots=1)}}, **options)
sys.argv = ["vlmkit", "serve", "--port", "0"]
main()
"""


@pytest.fixture
def process():
    """Starts a server as a process of its own."""
    started = []

    def start(*, words, limit_s):
        support = Path(__file__).parents[1] / "support"
        code = SLOW.format(support=str(support), words=words)
        environment = {**os.environ, "VLMKIT_SHUTDOWN_TIMEOUT_S": str(limit_s)}
        one = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=environment)
        started.append(one)
        said = next(line for line in one.stderr if "Serving" in line)
        return one, said.split()[-1]

    yield start
    for one in started:
        one.kill()
        one.wait()
        one.stderr.close()


def streamed(url, told, name):
    with httpx.stream("POST", f"{url}/chat/completions", json=asking("m", stream=True), timeout=60) as response:
        told[name] = chunks_of(response)


def running(url):
    """Answers that are being written; 0 where nobody listens."""
    try:
        return httpx.get(f"{url}/models/status", timeout=60).json()["running"]["m"]
    except httpx.TransportError:
        return 0


def rest_of(lines):
    """Chunks of a stream that was read in part."""
    found = [line.removeprefix("data: ") for line in lines if line]
    assert found.pop() == "[DONE]"
    return [json.loads(line) for line in found]


def test_sigterm_lets_answers_end_refuses_who_waits_and_exits_with_0(process):
    """While it ends it is not ready, and says so to new requests."""
    server, url = process(words=150, limit_s=600)
    with reading(url, asking("m")) as written, reading(url, asking("m")) as waiting:
        server.send_signal(signal.SIGTERM)
        until(lambda: httpx.get(f"{url.removesuffix('/v1')}/ready", timeout=60).status_code == 503)
        response = httpx.post(f"{url}/chat/completions", json=asking("m"), timeout=60)
        assert (response.status_code, response.json()["error"]["code"]) == (503, "shutting_down")
        assert (response.headers["x-should-retry"], response.headers["connection"]) == ("false", "close")
        assert rest_of(waiting)[-1]["error"]["code"] == "shutting_down"
        assert text_of(rest_of(written)).endswith("w149 ")
    assert server.wait(60) == 0
    assert server.stderr.read().endswith("The server was stopped.\n")


def test_an_answer_that_takes_too_long_at_the_end_is_cancelled(process):
    """Its stream ends with an error, not in the middle of a line."""
    server, url = process(words=100_000, limit_s=0.3)
    with reading(url, asking("m")) as lines:
        server.send_signal(signal.SIGINT)
        assert rest_of(lines)[-1]["error"]["code"] == "shutting_down"
    assert server.wait(60) == 0


def test_a_second_signal_ends_it_at_once(process):
    """Whoever asks twice means it."""
    server, url = process(words=100_000, limit_s=600)

    def cut_off():
        with suppress(httpx.TransportError):
            streamed(url, {}, "running")

    threading.Thread(target=cut_off).start()
    until(lambda: running(url))
    server.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert server.poll() is None
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 143


def test_in_a_notebook_it_runs_in_a_thread_and_stops(serving):
    """Twice is fine; afterwards nobody listens."""
    server = serving("fake:echo")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", server.url)
    assert httpx.get(f"{server.url}/models").status_code == 200
    server.stop()
    server.stop()
    assert not server.is_running
    assert "stopped" in repr(server)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{server.url}/models")


def test_stopping_waits_for_an_answer_that_is_being_written(serving):
    """From another thread, too."""
    server = serving({"m": Dripping(words=30)})
    told = {}
    thread = threading.Thread(target=streamed, args=[server.url, told, "running"])
    thread.start()
    until(lambda: running(server.url))
    server.stop()
    thread.join()
    assert text_of(told["running"]).endswith("w29 ")


def test_small_writes_are_sent_at_once(serving, client):
    """The first piece of an answer does not wait until the client's system confirms the headers."""
    server = serving()
    client.get(f"{server.url}/models")  # its connection stays open
    (connection,) = server._server.server_state.connections
    written_to = connection.transport.get_extra_info("socket")
    assert written_to.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_address_that_is_taken_is_said_before_anything_is_loaded(serving):
    """With what else to give."""
    taken = serving("fake:echo")
    port = int(taken.url.rpartition(":")[2].removesuffix("/v1"))
    with pytest.raises(BadSetting, match=rf"127\.0\.0\.1:{port}: cannot listen there"):
        vk.serve("fake:echo", port=port)
    with pytest.raises(BadSetting, match="cannot listen there"):
        vk.serve("fake:echo", host="::1:2", no_auth=True)  # a number that nobody has, and no name to be looked up


def test_a_first_model_that_cannot_be_loaded_ends_the_start(tmp_path):
    """With its own error, in the line that started it."""
    with pytest.raises(BadSetting, match=r"none\.json is not a script"):
        vk.serve(f"fake:{tmp_path}/none.json")


def test_the_version_of_a_server_is_not_told(serving):
    """Nor what it is made of."""
    server = serving()
    assert "server" not in httpx.get(f"{server.url}/models").headers
    assert json.loads(httpx.get(f"{server.url}/models").text)
