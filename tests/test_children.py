"""A child finds the same packages, gets nothing that is not its own, and ends with its parent."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from vlmkit import children
from vlmkit.children import how_it_ended, kill, start

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def said_by(program, *arguments):
    with start(program, arguments, environment=ENVIRONMENT, stdout=subprocess.PIPE) as child:
        return child.stdout.read().decode().splitlines()


def is_there(pid):
    shown = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return shown.strip()[:1] not in {"", "Z", "X"}


def is_gone(pid):
    end_s = time.monotonic() + 60
    while is_there(pid) and time.monotonic() < end_s:
        time.sleep(0.02)
    return not is_there(pid)


def test_it_has_the_package_without_its_root(tmp_path, monkeypatch):
    """Neither pandas nor a stranger's file from the working directory; nothing of the environment."""
    (tmp_path / "json.py").write_text("raise SystemExit('a stranger was imported')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    program = (
        "import os, sys\n"
        "from vlmkit import records\n"
        "print(sys.argv[1:], 'pandas' in sys.modules, '' in sys.path, os.environ.get('OPENAI_API_KEY'))\n"
        "print(records.__file__)\n"
    )
    from vlmkit import records

    assert said_by(program, "a b", "é") == ["['a b', 'é'] False False None", records.__file__]


def test_it_leads_a_group_of_its_own():
    """An interrupt passes it by; what it started ends with it."""
    program = "import subprocess, sys\nprint(subprocess.Popen(['sleep', '600']).pid, flush=True)\nsys.stdin.read()\n"
    child = start(program, environment=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    grandchild = int(child.stdout.readline())
    child.send_signal(signal.SIGINT)
    time.sleep(0.1)
    assert child.poll() is None
    kill(child)
    assert how_it_ended(child.wait(60)) == "SIGKILL"
    kill(child)
    assert is_gone(grandchild)
    child.stdin.close()
    child.stdout.close()


def test_it_outlives_the_thread_that_wanted_it():
    """Linux ends a child together with the thread that started it; here that is one that stays."""
    started = []
    thread = threading.Thread(
        target=lambda: started.append(start("input()", environment=ENVIRONMENT, stdin=subprocess.PIPE))
    )
    thread.start()
    thread.join()
    time.sleep(0.3)
    (child,) = started
    assert child.poll() is None
    child.communicate(b"\n")
    assert child.returncode == 0


@pytest.mark.parametrize("program", ["import time; time.sleep(600)", "import re; re.match('(a+)+$', 'a' * 60 + 'b')"])
def test_it_does_not_outlive_its_parent(program):
    """Idle, or while it holds every thread up."""
    if sys.platform != "linux" and "re" in program:
        pytest.skip("only Linux ends a child together with its parent")
    code = (
        "import os, signal, sys\n"
        "from vlmkit.children import start\n"
        f"child = start('print(1, flush=True)\\n' + {program!r}, environment={{}}, stdout=-1)\n"
        "child.stdout.read(1)\n"
        "print(child.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert parent.returncode == -signal.SIGKILL, parent.stderr
    assert is_gone(int(parent.stdout))


def test_a_fork_starts_its_own():
    """The thread that starts them is not in a fork."""
    assert said_by("print(1)") == ["1"]
    forked = os.fork()
    if forked == 0:
        status = 1
        try:
            status = 0 if said_by("print(2)") == ["2"] else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1]) == 0


def test_one_that_cannot_be_started_is_told(monkeypatch):
    """To whoever wanted it; the next one is started."""
    monkeypatch.setattr(children.sys, "executable", "/nowhere/python")
    with pytest.raises(FileNotFoundError):
        start("pass", environment=ENVIRONMENT)
    monkeypatch.undo()
    assert said_by("print(3)") == ["3"]


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "exit status 0"), (3, "exit status 3"), (-9, "SIGKILL"), (-11, "SIGSEGV"), (-99, "signal 99")],
)
def test_how_it_ended(status, words):
    """A status, a signal by its name, a number without a name."""
    assert how_it_ended(status) == words


def test_a_bare_environment_has_no_key(monkeypatch):
    """What an interpreter needs, and nothing else that stands there."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("TZ", "Europe/Zurich")
    bare = children.bare_environment()
    assert (bare["PATH"], bare["TZ"]) == (os.environ["PATH"], "Europe/Zurich")
    assert "sk-secret" not in bare.values()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's data")
def test_it_grows_by_no_more_than_it_may():
    """What was said beforehand does not count, nor what a library only reserves."""
    program = (
        "import mmap\n"
        "from vlmkit.children import limit_growth\n"
        "kept = bytearray(300 * 2**20)\n"
        "limit_growth(100 * 2**20)\n"
        "reserved = mmap.mmap(-1, 2**30, prot=mmap.PROT_READ)\n"
        "print(len(bytearray(50 * 2**20)) // 2**20)\n"
        "try:\n    bytearray(200 * 2**20)\nexcept MemoryError:\n    print('held')\n"
    )
    assert said_by(program) == ["50", "held"]
