"""The process that decodes, spoken to by hand."""

import subprocess
import sys
import time
from dataclasses import asdict

import pytest
from hostile_pictures import png

from vlmkit.framing import receive, send
from vlmkit.sources import Limits, children, isolated


@pytest.fixture
def child():
    """One of them, ended with the test."""
    child = children.Child()
    yield child
    child.end()


def order(timeout_s=60.0):
    return {
        "work": "normalize",
        "label": "a",
        "path": None,
        "limits": asdict(Limits.in_force()),
        "timeout_s": timeout_s,
        "options": {"longest_side_px": 100, "lossless": False, "pixels": False},
    }


def test_it_asks_for_memory_before_it_decodes(child):
    """As much as the picture takes, gives it back, and answers."""
    send(child._in, order(), png(2000))
    assert receive(child._out, 0)[0] == {"need": 2000 * 2000 * 16}
    send(child._in, {"go": True})
    assert receive(child._out, 0)[0] == {"need": 0}
    answer, block = receive(child._out, 10**6)
    assert (answer["width"], block[:2]) == (100, b"\xff\xd8")


def test_it_is_told_that_there_is_none(child):
    """Then the picture is too large, in the words of whoever keeps the memory."""
    send(child._in, order(), png(2000))
    receive(child._out, 0)
    send(child._in, {"refused": "61 MiB are needed and 30 MiB are free"})
    answer, _ = receive(child._out, 0)
    while "need" in answer:
        answer, _ = receive(child._out, 0)
    assert (answer["fault"], "30 MiB are free" in answer["message"]) == ("ImageTooLarge", True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's data")
def test_it_cannot_take_more_than_it_may():
    """A decoder that lies about its need runs into the limit, as a fault of its own."""
    code = (
        "from vlmkit.sources import isolated\n"
        "isolated._limit_memory(10 * 2**20)\n"
        "try:\n    bytearray(600 * 2**20)\nexcept MemoryError:\n    print('held')"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.stdout.strip() == "held", result.stderr
    assert isolated._SLACK_BYTES < 600 * 2**20


def test_it_ends_itself_where_nobody_ends_it(child):
    """The deadline passed, and the parent is stuck: a watchdog in C does not wait for Python."""
    send(child._in, order(timeout_s=-isolated._LATE_S + 0.3), png(2000))
    receive(child._out, 0)  # and no answer, as of a parent that stands still
    end_s = time.monotonic() + 60
    while child._popen.poll() is None:
        assert time.monotonic() < end_s
        time.sleep(0.02)
    assert child._popen.returncode == 1
