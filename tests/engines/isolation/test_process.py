"""One child: it is heard, watched and ended, and whatever it does leaves nothing behind and hurts nobody here."""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import scripted_child

from vlmkit.engines.isolation import messages, process
from vlmkit.engines.isolation.process import ChildProcess
from vlmkit.engines.isolation.watch import Patience
from vlmkit.engines.locate import Specification

SPECIFICATION = Specification(name="m", revision="r", directory=Path("/nowhere"))
SHORT = Patience(opening_silence_s=3, silence_s=1.5)
LONG = Patience(opening_silence_s=60, silence_s=60)  # where silence is not what is tested


class Ear:
    """Who listens: keeps everything, and knows when the child is gone."""

    def __init__(self):
        self.heard_ones, self.blocks, self.end, self.gone = [], [], None, threading.Event()

    def heard(self, child, message, block):
        if isinstance(message, messages.Opened):
            child.opened(is_on_cpu=True)
        self.heard_ones.append(message)
        self.blocks.append(bytes(block))

    def ended(self, child, why, said):
        self.end = why, said
        self.gone.set()


@pytest.fixture
def child(monkeypatch):
    """Start a child of a script; gives it and who listens. All are gone at the end."""
    children = []

    def start(body, patience=SHORT):
        monkeypatch.setattr(process, "_PROGRAM", scripted_child.program(body))
        ear = Ear()
        one = ChildProcess(SPECIFICATION, ear, patience)
        one.start()
        children.append(one)
        return one, ear

    yield start
    for one in children:
        one.stop("the test is over")
        one.wait(20)
        assert not _is_there(one.pid)


def _is_there(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _end_of(ear):
    assert ear.gone.wait(60)
    return ear.end


def test_what_is_said_arrives_on_both_sides(child):
    """The specification first, then what is put; blocks where they are expected."""
    one, ear = child(
        "first = hear()\n"
        "say(messages.Remark(level=30, text=first.specification.revision))\n"
        "put = hear()\n"
        "say(messages.Called(number=put.number, text=put.text[::-1]), [b'block'])\n"
        "hear()\n"
    )
    one.expect_block(5)
    one.put(messages.packed(messages.MethodCall(number=3, what="tokenize", text="abc" * 200_000)))
    while len(ear.heard_ones) < 2:
        assert not ear.gone.wait(0.01)
    assert ear.heard_ones == [
        messages.Remark(level=30, text="r"),
        messages.Called(number=3, text="cba" * 200_000),
    ]
    assert ear.blocks == [b"", b"block"]


ENDS = {
    "os._exit(3)": "ended with exit status 3",
    "os.abort()": "was ended by SIGABRT",
    "os.kill(os.getpid(), signal.SIGKILL)": "was ended by SIGKILL, which is what a system does whose memory runs out",
    "line.close(); time.sleep(600)": "was ended by SIGKILL",
    "line.sendall(bytes(3) + b'\\x02' + bytes(8) + b'{}'); hear(); hear()": "said what cannot be",
    "say(messages.Called(number=1), [b'unasked'])": "said what cannot be",
    "line.sendall(bytes(3) + b'\\x06' + bytes(8) + b'\\x80\\x04K\\x01..'); hear(); hear()": "said what cannot be",
    "time.sleep(600)": "stood still for 3 s while it opened the model and was stopped",
    "opened(); time.sleep(600)": "stood still for 1.5 s and was stopped",
    "opened(); os.kill(os.getpid(), signal.SIGSTOP)": "stood still for 1.5 s and was stopped",
}


@pytest.mark.parametrize("body", ENDS)
def test_every_end_is_told(child, body):
    """How it went: by itself, by a signal, for what it said, or because it said nothing."""
    _, ear = child(body)
    why, _ = _end_of(ear)
    assert why.startswith(ENDS[body])


def test_what_it_printed_is_kept_to_the_last_lines(child):
    """Harmless to a terminal, the report of a native crash where there is one."""
    _, ear = child(
        "for n in range(99_999): print('line', n)\nprint('\\x1b[31mred\\x07', 'x' * 999, flush=True)\nos._exit(0)",
        LONG,
    )
    _, said = _end_of(ear)
    assert said.startswith(" It said: line 99994 | line 99995 | ")
    assert "[31mred  xxx" in said
    assert said.isprintable()
    assert len(said) < 1000
    _, ear = child("import faulthandler; faulthandler.enable(); os.abort()")
    _, said = _end_of(ear)
    assert said.startswith(" It said: Fatal Python error: Aborted | ")


def test_a_child_that_prints_for_ever_hurts_nobody(child):
    """Its pipe is read, a little of it is kept."""
    one, ear = child("opened()\nwhile True: print('x' * 10_000)", Patience(silence_s=1))
    why, said = _end_of(ear)
    assert why.startswith("stood still")
    assert len(said) < 4000
    assert len(one._said) <= process._MOST_SAID_BYTES


def test_whoever_it_started_ends_with_it(child):
    """A process of its own is in its group."""
    one, ear = child(
        "import subprocess\n"
        "other = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "say(messages.Remark(level=10, text=str(other.pid)))\n"
        "hear(); hear()\n"
    )
    while not ear.heard_ones:
        assert not ear.gone.wait(0.01)
    one.stop("enough")
    assert _end_of(ear)[0] == "enough"
    other = int(ear.heard_ones[0].text)
    end_s = time.monotonic() + 20
    while _is_running(other) and time.monotonic() < end_s:
        time.sleep(0.01)
    assert not _is_running(other)


def _is_running(pid):
    """Whether it is there and no zombie, which nobody may collect in a container."""
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(shown.strip()) and not shown.strip().startswith("Z")


def test_keys_stay_here(child, monkeypatch):
    """The child gets the environment without what is secret by its name."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "secret")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    _, ear = child(
        "names = [name for name in os.environ if 'TOKEN' in name or 'KEY' in name]\n"
        "say(messages.Remark(level=10, text=' '.join(sorted(names))))\n"
        "hear(); hear()\n"
    )
    while not ear.heard_ones:
        assert not ear.gone.wait(0.01)
    assert ear.heard_ones[0].text == "TOKENIZERS_PARALLELISM"


def test_a_python_that_is_not_there_is_an_end_like_another(child, monkeypatch):
    """Nothing is raised on a thread that nobody looks at."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    ear = Ear()
    ChildProcess(SPECIFICATION, ear, SHORT).start()
    assert _end_of(ear)[0].startswith("could not be started (")
