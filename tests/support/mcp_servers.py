"""MCP servers for tests: how each is started, and whether its process is still there."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
NASTY = [sys.executable, str(HERE / "mcp_nasty_server.py")]
OLD = [sys.executable, "-S", str(HERE / "mcp_old_server.py")]
LONGEST_S = 60


@contextmanager
def over_http(*options, port=0):
    """A nasty server that serves over HTTP; its process, and its address."""
    command = [*NASTY, "--http", str(port), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, f"http://127.0.0.1:{process.stdout.readline().strip()}/mcp"
        finally:
            process.kill()


def is_there(pid):
    """Whether a process is there, and not one that only its parent has not looked after."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


def ends(pid):
    """Whether a process ends within a time that is long enough on any machine."""
    return holds(lambda: not is_there(pid))


def holds(condition):
    """Whether something comes true within a time that is long enough on any machine."""
    deadline = time.monotonic() + LONGEST_S
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return met
