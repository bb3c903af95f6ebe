"""Processes that decode: a hang, a crash or a kill costs one picture, and none outlives its parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hostile_pictures import saved
from PIL import Image

from vlmkit import settings
from vlmkit.errors import ImageTooLarge, RunError, UnreadableImage
from vlmkit.sources import children, normalize, refer
from vlmkit.sources.children import Children

JPEG = saved(Image.new("RGB", (640, 480), "teal"), "JPEG")
LONG_S = 60.0
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only there files tell of a process")


@pytest.fixture(autouse=True)
def apart(monkeypatch):
    """Everything is decoded in processes of this test's own, ended with it."""
    pool = Children(2)
    monkeypatch.setattr(children, "_all", pool)
    settings.use(isolate_images=True)
    yield pool
    pool.close()


def decoded(label="a.jpg", data=JPEG):
    return normalize(refer(data), 320).width


def is_there(pid):
    """Whether a process runs, or is stopped; not one that only waits to be looked at by its parent."""
    status = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return status.stdout.strip()[:1] not in {"", "Z", "X"}


def wait_until(condition):
    end_s = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end_s, "it never happened"
        time.sleep(0.02)


def test_they_are_used_again(apart):
    """By any number of threads, and never more of them than allowed."""
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(lambda _: decoded(), range(12))) == {320}
    pids = apart.pids()
    assert 1 <= len(pids) <= 2
    decoded()
    assert set(apart.pids()) == set(pids)


def test_one_that_hangs_costs_its_picture(apart):
    """It is stopped in the middle of everything; the next picture gets another process."""
    decoded()
    (pid,) = apart.pids()
    os.kill(pid, signal.SIGSTOP)
    settings.use(image_timeout_s=0.3)
    with pytest.raises(UnreadableImage, match=r"<bytes \d+>: not decoded within 0.3 s; .*image_timeout_s"):
        decoded()
    assert not is_there(pid)
    settings.use(image_timeout_s=None)
    assert decoded() == 320
    assert apart.pids() != [pid]


@pytest.mark.parametrize(
    ("sign", "kind", "words"),
    [
        (signal.SIGSEGV, UnreadableImage, "its decoder crashed (SIGSEGV)"),
        (signal.SIGABRT, UnreadableImage, "its decoder crashed (SIGABRT)"),
        (signal.SIGKILL, ImageTooLarge, "the system ended its decoder"),
    ],
)
def test_one_that_dies_costs_its_picture(apart, sign, kind, words):
    """While it works; said in the row's own words."""
    decoded()
    (pid,) = apart.pids()
    os.kill(pid, signal.SIGSTOP)
    found = []

    def work():
        try:
            decoded()
        except RunError as error:
            found.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(lambda: not apart.pids())
    os.kill(pid, sign)
    os.kill(pid, signal.SIGCONT)
    thread.join(LONG_S)
    (error,) = found
    assert (type(error), words in str(error)) == (kind, True), error
    assert decoded() == 320


def test_one_that_died_while_nobody_looked_costs_nothing(apart):
    """As where memory ran out for another program."""
    decoded()
    (child,) = apart._idle
    os.kill(child.pid, signal.SIGKILL)
    wait_until(lambda: not child.is_alive())
    assert decoded() == 320
    assert child.pid not in apart.pids()


def test_idle_ones_are_ended(apart, monkeypatch):
    """Once nobody has needed them for a while."""
    monkeypatch.setattr(children, "_IDLE_S", 0.2)
    decoded()
    (pid,) = apart.pids()
    wait_until(lambda: not apart.pids())
    wait_until(lambda: not is_there(pid))
    assert decoded() == 320


SCRIPT = """
import os, signal, sys, threading
from vlmkit import settings
from vlmkit.sources import children, normalize, refer
settings.use(isolate_images=True)
normalize(refer(sys.argv[1]), 100)
(pid,) = children._all.pids()
print(pid, flush=True)
"""


@pytest.mark.parametrize(
    "end", ["", "os._exit(0)", "os.kill(os.getpid(), signal.SIGKILL)", "os.kill(pid, signal.SIGSTOP); os._exit(0)"]
)
def test_none_outlives_its_parent(tmp_path, end):
    """Started from a script without a guard; ended, killed, or with a child that hangs."""
    (tmp_path / "a.jpg").write_bytes(JPEG)
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger\\'s file was imported')")
    script = tmp_path / "folder" / "script.py"
    script.parent.mkdir()
    script.write_text(SCRIPT + end)
    result = subprocess.run(
        [sys.executable, script, "a.jpg"], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert result.stdout.strip(), result.stderr
    wait_until(lambda: not is_there(int(result.stdout)))


def test_it_works_from_standard_input(tmp_path):
    """As in a notebook, where there is no file to import again."""
    (tmp_path / "a.jpg").write_bytes(JPEG)
    result = subprocess.run(
        [sys.executable, "-", "a.jpg"], input=SCRIPT, capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert result.stdout.strip().isdigit(), result.stderr


def test_a_fork_has_processes_of_its_own(apart):
    """It must not read what is said to its parent."""
    decoded()
    forked = os.fork()
    if forked == 0:
        status = 1
        try:
            status = 0 if decoded() == 320 else 2
            children.close_all()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 0
    assert decoded() == 320


@LINUX
def test_they_are_light(apart):
    """Pillow, and nothing that a notebook needs beside it."""
    decoded()
    (pid,) = apart.pids()
    libraries = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")
    assert "/PIL/" in libraries
    assert not any(name in libraries for name in ("/pandas/", "/pyarrow/", "/mlx/", "/torch/"))


@LINUX
def test_they_do_not_get_the_keys(apart, monkeypatch):
    """Whoever decodes strangers' files has no use for them."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    decoded()
    (pid,) = apart.pids()
    assert b"sk-secret" not in Path(f"/proc/{pid}/environ").read_bytes()
