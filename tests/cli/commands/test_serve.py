"""`vlmkit serve`: a process that answers until it is told to stop."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

COMMAND = [str(Path(sys.executable).parent / "vlmkit"), "serve"]


@pytest.fixture
def started(tmp_path):
    """Starts the command; gives the process and its address."""
    processes = []

    def start(*arguments, **environment):
        env = {**os.environ, **environment}
        one = subprocess.Popen([*COMMAND, *arguments], cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
        processes.append(one)
        line = next(line for line in one.stderr if "Serving" in line)
        return one, re.search(r"at (http://\S+)", line)[1]

    yield start
    for one in processes:
        one.kill()
        one.wait()


def test_it_serves_until_it_is_terminated(started):
    """Models by their aliases; the log has no question in it; exit status 0."""
    process, url = started("-m", "a=fake:echo", "-m", "fake:b", "--port", "0")
    assert [each["id"] for each in httpx.get(f"{url}/models", timeout=60).json()["data"]] == ["a", "fake:b"]
    body = {"model": "a", "messages": [{"role": "user", "content": "a private question"}]}
    answer = httpx.post(f"{url}/chat/completions", json=body, timeout=60).json()
    assert answer["choices"][0]["message"]["content"] == "a private question"
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 0
    assert "POST /v1/chat/completions 200" in said
    assert "private" not in said
    assert said.endswith("The server was stopped.\n")


def test_what_cannot_be_served_is_said(command):
    """Exit status 1 for the set-up, 2 for the command."""
    done = command("serve", "-m", "olama:m")
    assert (done.returncode, "UnknownModel" in done.stderr) == (1, True)
    done = command("serve", "-m", "fake:echo", "--host", "0.0.0.0", "--port", "0")
    assert (done.returncode, "VLMKIT_API_KEY" in done.stderr) == (1, True)
    assert command("serve", "--port", "many").returncode == 2
