"""The real command, run as a person runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

VLMKIT = Path(sys.executable).parent / "vlmkit"


@pytest.fixture(autouse=True)
def store(tmp_path_factory, monkeypatch):
    """A store of its own for each test, which no other test has filled."""
    path = tmp_path_factory.mktemp("store") / "store.sqlite"
    monkeypatch.setenv("VLMKIT_STORE", str(path))
    return path


@pytest.fixture
def command(tmp_path):
    """Run the installed ``vlmkit`` in an empty folder; gives the finished process."""

    def run(*arguments, stdin=None, **environment):
        return subprocess.run(
            [VLMKIT, *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, **environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def pictures(tmp_path):
    """A folder with three small pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, color in enumerate(("red", "green", "blue"), 1):
        Image.new("RGB", (40 * number, 30), color).save(folder / f"{color}.png")
    return folder


@pytest.fixture
def script(tmp_path):
    """Write a script for the fake backend; gives the model's name."""

    def write(*replies, delay_s=0.0):
        path = tmp_path / "script.json"
        path.write_text(json.dumps({"replies": replies, "delay_s": delay_s}))
        return f"fake:{path}"

    return write
