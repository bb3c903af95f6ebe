"""A stranger's chat template is rendered in a process of its own, which the system ends where it takes too much.

One process serves all models. It is started before the first template is needed, and anew after one was ended.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from vlmkit.engines.rendering_process import CPU_S, MOST_CHARACTERS
from vlmkit.errors import Refused

__all__ = ["Renderer", "prepare", "render"]

_SCRIPT = Path(__file__).with_name("rendering_process.py")
# The process is ended by the system; this is for systems that cannot, and for a process that was stopped.
_PATIENCE_S = 60.0
# A character is six in JSON at most.
_MOST_ANSWER_BYTES = 6 * MOST_CHARACTERS + 1024
_OUT_OF_TIME = -getattr(signal, "SIGPROF", 0)
_TOO_MUCH = frozenset({"MemoryError", "RecursionError"})


class Renderer:
    """One process for templates; from any thread.

    Parameters
    ----------
    patience_s : float, default 60
        Longest time, by a clock on the wall, for one text.
    """

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner_id = os.getpid()

    def prepare(self) -> None:
        """Start the process, unless it runs; returns at once. One that cannot be started is found out later."""
        with self._lock, suppress(OSError):
            self._running()

    def render(self, template: str, values: dict[str, Any], *, name: str) -> str:
        """Text of a template.

        Parameters
        ----------
        template : str
        values : dict
            Plain data, as JSON holds it.
        name : str
            Of the model, for messages.

        Raises
        ------
        Refused
            It computes, or takes memory, or writes more than any chat template needs.
        ValueError
            Whatever the template itself raises.
        """
        sent = json.dumps({"template": template, "values": values}).encode()
        with self._lock:
            try:
                answer = self._asked(sent)
            except (OSError, struct.error) as error:
                raise Refused(f"{name}: {self._ending(error)} {_ADVICE}") from error
        if "text" in answer:
            return str(answer["text"])
        fault, message = str(answer.get("fault")), str(answer.get("message"))
        if fault in _TOO_MUCH:
            said = f"{fault}: {message}" if message else fault
            raise Refused(f"{name}: its chat template needs more memory or depth than is allowed ({said}). {_ADVICE}")
        raise ValueError(f"{fault}: {message}")

    def close(self) -> None:
        """End the process. Twice is fine."""
        with self._lock:
            self._end()

    def _asked(self, sent: bytes) -> dict[str, Any]:
        process = self._running()
        watch = threading.Timer(self._patience_s, process.kill)
        watch.daemon = True
        watch.start()
        try:
            _write(process, sent)
            answer: dict[str, Any] = json.loads(_read(process))
        finally:
            watch.cancel()
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._owner_id != os.getpid():  # forked: the process is another's
            self._process, self._owner_id = None, os.getpid()
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603  our own script
                [sys.executable, "-I", "-S", str(_SCRIPT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # what interrupts this program does not interrupt that one
            )
            _write(self._process, json.dumps(sys.path).encode())
        return self._process

    def _ending(self, error: Exception) -> str:
        """What became of the process, in words."""
        if self._process is None:
            return f"no process could be started to render its chat template ({error})."
        self._process.kill()
        status = self._process.wait()
        self._end()
        too_long = f"it computed for longer than {CPU_S:g} s" if status == _OUT_OF_TIME else f"it broke ({status})"
        return f"its chat template was stopped, as {too_long}."

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner_id != os.getpid():
            return
        process.kill()
        with suppress(OSError):
            process.communicate()


_ADVICE = "Get the model again, or name another one."


def _write(process: subprocess.Popen[bytes], sent: bytes) -> None:
    if process.stdin is None:
        raise BrokenPipeError
    process.stdin.write(struct.pack("<Q", len(sent)) + sent)
    process.stdin.flush()


def _read(process: subprocess.Popen[bytes]) -> bytes:
    if process.stdout is None:
        raise BrokenPipeError
    (length,) = struct.unpack("<Q", process.stdout.read(8))
    if length > _MOST_ANSWER_BYTES:
        raise OSError(f"an answer of {length} bytes")
    return process.stdout.read(length)


_renderer = Renderer()
atexit.register(_renderer.close)
prepare = _renderer.prepare
render = _renderer.render
