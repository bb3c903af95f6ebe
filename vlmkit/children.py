"""Child processes: fresh interpreters that have this package without its root, and end with their parent.

They are not forks: a fork of a process with threads may hang, and that of a notebook has all of its memory. The root is
left out because it registers `df.vlm`, and pandas takes a second. They are not a sandbox either: a child may do what
its user may.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO

__all__ = ["bare_environment", "end_with_parent", "how_it_ended", "kill", "limit_growth", "start"]

# The path of this process, as the child has to find the same packages.
_BEGINNING = """
import importlib.util, json, sys
sys.path[:], root, parent = json.loads(sys.argv.pop(1))
spec = importlib.util.spec_from_file_location("vlmkit", root + "/__init__.py", submodule_search_locations=[root])
sys.modules["vlmkit"] = importlib.util.module_from_spec(spec)
from vlmkit.children import end_with_parent
end_with_parent(parent)
"""
_ROOT = str(Path(__file__).resolve().parent)
_NEEDED = (
    *("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "PYTHONHOME"),
    *("LANG", "LC_ALL", "TZ", "TMPDIR"),
)
_PARENT_DIED = 1  # PR_SET_PDEATHSIG


def start(
    program: str,
    arguments: Sequence[str] = (),
    *,
    environment: Mapping[str, str],
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.DEVNULL,
    stderr: int | IO[bytes] = subprocess.DEVNULL,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start a child; it leads a process group of its own, and no interrupt from the keyboard reaches it.

    Parameters
    ----------
    program : str
        Python, such as ``"from vlmkit.x import main; main()"``.
    arguments : sequence of str, default ()
        Its ``sys.argv[1:]``.
    environment : mapping
    stdin, stdout, stderr : int or file
        As `subprocess.Popen` takes them; pipes are not buffered.
    pass_fds : sequence of int, default ()
        Descriptors that stay open in it.

    Raises
    ------
    OSError
        It cannot be started.
    """
    # Without the working directory, which may hold a stranger's files beside the pictures.
    path = [os.path.abspath(entry) for entry in sys.path if entry]  # noqa: PTH100  also what is not a path
    command = [sys.executable, "-P", "-c", _BEGINNING + program, json.dumps([path, _ROOT, os.getpid()]), *arguments]
    future: Future[subprocess.Popen[bytes]] = Future()

    def work() -> None:
        try:
            future.set_result(
                subprocess.Popen(  # noqa: S603  this interpreter, and a program of this package
                    command,
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    env=environment,
                    pass_fds=pass_fds,
                    bufsize=0,
                    start_new_session=True,
                )
            )
        except BaseException as error:  # noqa: BLE001  whoever waits gets it
            future.set_exception(error)

    _starter.put(work)
    return future.result()


def bare_environment() -> dict[str, str]:
    """What an interpreter needs of this process's environment, and no key: for a child that reads strangers' files."""
    return {name: os.environ[name] for name in _NEEDED if name in os.environ}


def kill(popen: subprocess.Popen[bytes]) -> None:
    """Kill a child and what it started; fine where it is gone.

    Parameters
    ----------
    popen : Popen
        From `start`.
    """
    if popen.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)


def how_it_ended(status: int) -> str:
    """The name of a signal, or an exit status, in words.

    Parameters
    ----------
    status : int
        As `subprocess.Popen.returncode`.

    Examples
    --------
    >>> how_it_ended(-11), how_it_ended(3)
    ('SIGSEGV', 'exit status 3')
    """
    if status >= 0:
        return f"exit status {status}"
    with suppress(ValueError):
        return signal.Signals(-status).name
    return f"signal {-status}"


def end_with_parent(parent_id: int) -> None:
    """In the child, first of all: see that it does not outlive its parent, on Linux even while native code holds it up.

    Interrupts are the parent's to heed, a native crash says where it was, and writes no copy of the memory to disk.

    Parameters
    ----------
    parent_id : int
    """
    import ctypes
    import faulthandler

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DIED, signal.SIGKILL)
    if os.getppid() != parent_id:  # it was gone before
        os._exit(0)
    faulthandler.enable()
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def limit_growth(size_bytes: int) -> None:
    """In the child: let it take so much more memory than it has by now, and no more; where the system can.

    What counts is data: of addresses, libraries reserve gigabytes that they never use.

    Parameters
    ----------
    size_bytes : int
    """
    if sys.platform != "linux":  # elsewhere nothing says how much there is by now
        return
    import resource

    with suppress(OSError, ValueError, StopIteration):
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        used = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))
        resource.setrlimit(resource.RLIMIT_DATA, (used + size_bytes, resource.RLIM_INFINITY))


class _Starter:
    """One thread that stays: Linux ends a child together with the thread that started it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._works: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, work: Callable[[], None]) -> None:
        """Have something done by the thread."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="vlmkit-starter", daemon=True)
                self._thread.start()
        self._works.put(work)

    def _run(self) -> None:
        while True:
            self._works.get()()


_starter = _Starter()


def _forget() -> None:
    global _starter  # noqa: PLW0603  a fork has no thread but its own
    _starter = _Starter()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
