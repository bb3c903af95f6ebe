"""Connections to MCP servers that die, hang, come back, and that nobody waits for any more."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from mcp_servers import HERE, NASTY, OLD, ends, holds, is_there, over_http

from vlmkit.agent import Server
from vlmkit.agent.calls import CallInProgress
from vlmkit.errors import Cancelled, ServerGone, ServerNotStarted, TimedOut

CLIENT = """
import sys, threading
sys.path.insert(0, {here!r})
from mcp_servers import NASTY, OLD
from vlmkit.agent import Server
server = Server({command})
"""


@pytest.fixture(scope="module")
def nasty():
    """A server by the official package over its input and output, with a key that it tells when it dies."""
    with Server(NASTY, name="nasty", env={"SECRET_KEY": "abc-123"}) as server:
        yield server


def pid_of(server):
    return server.call("pid").data["result"]


def client(command, then):
    """A process of its own that uses a server."""
    program = CLIENT.format(here=str(HERE), command=command) + then
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


def test_a_server_that_dies_in_a_call_says_its_last_words_and_comes_back(nasty, tmp_path):
    """The call is not repeated, the next one starts it anew, and no key is shown."""
    first, note = pid_of(nasty), tmp_path / "note"
    with pytest.raises(ServerGone, match=r"before it answered the call of 'die'; its last words: .*die of \*\*\*\."):
        nasty.call("die", {"note": str(note)})
    second = pid_of(nasty)
    assert second != first
    assert note.read_text(encoding="utf-8") == "acted\n"


def test_a_call_that_takes_too_long_is_stopped(nasty):
    """The server is told, and stays."""
    before = pid_of(nasty)
    with pytest.raises(TimedOut, match=r"nasty did not answer the call of 'sleep' within 0\.2 s"):
        nasty.call("sleep", {"duration_s": 71}, timeout_s=0.2)
    assert holds(lambda: 71.0 in nasty.call("stopped").data["result"])
    assert pid_of(nasty) == before


@pytest.fixture
def interrupts():
    """What makes a Ctrl-C in half a second; a shell's background job, as CI may be, would have it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield threading.Timer(0.5, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT])
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_stops_a_call(nasty, interrupts):
    """Ctrl-C, or the stop button of a notebook; the next call works."""
    before = pid_of(nasty)
    interrupts.start()
    with pytest.raises(KeyboardInterrupt):
        nasty.call("sleep", {"duration_s": 72})
    assert holds(lambda: 72.0 in nasty.call("stopped").data["result"])
    assert pid_of(nasty) == before


def test_whoever_waits_hears_of_progress_and_can_end_the_call(nasty):
    """As a run of an agent does, with its limits and its Stop."""
    before, heard = pid_of(nasty), []
    call = CallInProgress(lambda *progress: heard.append(progress))
    with call.entered():
        nasty.call("count", {"to": 3})
        assert heard == [(1, 3, "row 1"), (2, 3, "row 2"), (3, 3, "row 3")]
        threading.Timer(0.3, call.end.set).start()
        with pytest.raises(Cancelled, match="was told to stop"):
            nasty.call("sleep", {"duration_s": 73})
    assert holds(lambda: 73.0 in nasty.call("stopped").data["result"])
    assert pid_of(nasty) == before


def test_an_interrupt_ends_a_start(interrupts):
    """And the process that hangs in it."""
    interrupts.start()
    with pytest.raises(KeyboardInterrupt):
        Server([*OLD, "--hang"]).tools()
    # Each process that was started has a thread that reads its error output until it ends.
    assert holds(lambda: len([each for each in threading.enumerate() if each.name == "vlmkit-mcp-words"]) <= 1)


def test_several_threads_share_a_server(nasty):
    """Their calls run at the same time in one process."""
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: pid_of(nasty), range(8)))) == 1


def test_a_server_that_ended_unasked_is_started_before_the_next_call():
    """Nobody sees that it was gone."""
    with Server(OLD) as server:
        pid = int(server.call("pid").text)
        os.kill(pid, signal.SIGKILL)
        assert ends(pid)
        assert holds(lambda: not server._link._connection.is_open)
        assert int(server.call("pid").text) != pid


def test_a_server_that_does_not_come_back_is_gone(tmp_path):
    """Where it had been there, that is no fault of the setup."""
    program = tmp_path / "server"
    program.symlink_to(sys.executable)
    with Server([program, *OLD[1:]], name="old") as server:
        server.tools()
        program.unlink()
        with pytest.raises(ServerGone, match="before it answered the call of 'end'"):
            server.call("end")
        with pytest.raises(ServerGone, match=r"there is no program .*It was there before"):
            server.call("pid")


def test_a_server_that_hangs_at_its_start_is_given_up():
    """With what it said last; its process is ended."""
    server = Server([*OLD, "--hang"], start_timeout_s=0.5)
    with pytest.raises(ServerNotStarted, match=r"did not answer within 0\.5 s; its last words: still warming up"):
        server.tools()


@pytest.mark.parametrize("era", [[], ["--old"]], ids=["modern", "handshake"])
def test_an_http_server_that_dies_is_connected_to_anew(era):
    """Between calls, when a server of the older kind has forgotten the session; and in one, when the library cancels
    whoever opened the client."""
    with over_http(*era) as (process, url):
        port = url.split(":")[2].removesuffix("/mcp")
        server = Server(url, name="web")
        server.tools()
    with over_http(*era, port=port) as (process, _):
        if era:
            with pytest.raises(ServerGone, match=r"web ended before it answered the call of 'pid' .*404"):
                server.call("pid")
        assert pid_of(server) == process.pid
        threading.Timer(0.5, process.kill).start()
        with pytest.raises(ServerGone, match="web ended before it answered the call of 'block'"):
            server.call("block", {"duration_s": 30})
    with pytest.raises(ServerGone, match=r"nothing answers at this address.*It was there before"):
        server.call("pid")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
def test_no_server_outlives_a_client_that_is_killed(tmp_path):
    """Neither one that waits nor one that is in the midst of a call and hears nothing."""
    note = tmp_path / "note"
    then = f"server.call('block', {{'duration_s': 600, 'note': {str(note)!r}}})"
    with client("NASTY", then) as killed:
        assert holds(lambda: note.exists() and note.read_text(encoding="utf-8"))
        killed.kill()
    assert ends(int(note.read_text(encoding="utf-8")))


@pytest.mark.parametrize("then", ["", "sys.exit(1)", "threading.Thread(target=server.tools).start()"])
def test_no_server_outlives_a_client_that_ends(then):
    """Without a word about it."""
    with client("OLD", f"print(server.call('pid').text, flush=True)\n{then}") as ended:
        pid = int(ended.stdout.read())
    assert ends(pid)


def test_a_forked_child_has_servers_of_its_own():
    """It has its parent's object, and neither its thread nor its connections."""
    then = """
import os
first = server.call("pid").text
child = os.fork()
if child == 0:
    second = server.call("pid").text
    server.close()
    os._exit(0 if second != first else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), server.call("pid").text == first)
"""
    with client("OLD", then) as forking:
        assert forking.stdout.read().split() == ["0", "True"]


def test_nothing_is_left_behind(nasty):
    """Neither threads nor open files, after servers came and went."""
    pid_of(nasty)
    threads, files = threading.active_count(), open_files()
    for _ in range(3):
        with Server(OLD) as server:
            assert is_there(int(server.call("pid").text))
    assert holds(lambda: threading.active_count() <= threads and open_files() <= files)


def open_files():
    return len(list(Path("/dev/fd").iterdir()))
