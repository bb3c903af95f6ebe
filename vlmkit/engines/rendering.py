"""A stranger's chat template is rendered in a process of its own, which the system ends where it takes too much.

One process serves all models. It is started before the first template is needed, and anew after one was ended.
"""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import threading
import time
from contextlib import suppress
from typing import Any

from vlmkit.children import bare_environment, how_it_ended, kill, start
from vlmkit.engines.rendering_process import CPU_S, MOST_CHARACTERS
from vlmkit.errors import Refused
from vlmkit.framing import receive, send

__all__ = ["Renderer", "prepare", "render"]

_PROGRAM = "from vlmkit.engines.rendering_process import main; main()"
# The process is ended by the system; this is for systems that cannot, and for a process that was stopped.
_PATIENCE_S = 60.0
_MOST_ANSWER_BYTES = 4 * MOST_CHARACTERS
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
        with self._lock:
            try:
                answer, text = self._asked({"template": template, "values": values})
            except (EOFError, OSError, ValueError) as error:
                raise Refused(f"{name}: {self._ending(error)} {_ADVICE}") from error
        if "fault" not in answer:
            return text.decode("utf-8", "surrogatepass")
        fault, message = str(answer.get("fault")), str(answer.get("message"))
        if fault in _TOO_MUCH:
            said = f"{fault}: {message}" if message else fault
            raise Refused(f"{name}: its chat template needs more memory or depth than is allowed ({said}). {_ADVICE}")
        raise ValueError(f"{fault}: {message}")

    def close(self) -> None:
        """End the process. Twice is fine."""
        with self._lock:
            self._end()

    def _asked(self, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise BrokenPipeError
        end_s = time.monotonic() + self._patience_s
        send(process.stdin.fileno(), request, end_s=end_s)
        return receive(process.stdout.fileno(), _MOST_ANSWER_BYTES, end_s)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._owner_id != os.getpid():  # forked: the process is another's
            self._process, self._owner_id = None, os.getpid()
        if self._process is None:
            self._process = start(
                _PROGRAM, environment=bare_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
            if self._process.stdin is not None:
                os.set_blocking(self._process.stdin.fileno(), False)
        return self._process

    def _ending(self, error: Exception) -> str:
        """What became of the process, in words."""
        if self._process is None:
            return f"no process could be started to render its chat template ({error})."
        kill(self._process)
        status = self._process.wait()
        self._end()
        how = f"computed for longer than {CPU_S:g} s" if status == _OUT_OF_TIME else f"broke ({how_it_ended(status)})"
        return f"its chat template was stopped, as it {how}."

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner_id != os.getpid():
            return
        kill(process)
        with suppress(OSError):
            process.communicate()


_ADVICE = "Get the model again, or name another one."


_renderer = Renderer()
atexit.register(_renderer.close)
prepare = _renderer.prepare
render = _renderer.render
