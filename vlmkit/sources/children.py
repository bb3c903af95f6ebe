"""Processes that decode pictures: started when one is needed, used again, replaced when they hang or crash."""

from __future__ import annotations

import atexit
import os
import subprocess
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import IO, Any

from vlmkit.children import bare_environment, how_it_ended, kill, start
from vlmkit.errors import ImageTooLarge, UnreadableImage
from vlmkit.framing import receive, send
from vlmkit.sources.limits import BUDGET

__all__ = ["Child", "Children", "close_all", "work"]

_MOST = max(2, min(8, os.cpu_count() or 2))
_IDLE_S = 30.0  # then a process that nobody needs is ended
_START_S = 60.0  # until a new one has loaded Pillow, on a machine that is busy with other things
_MOST_NEED_BYTES = 2**48
_PROGRAM = "from vlmkit.sources.isolated import main; main()"
# One thread for each: as many processes as processors run, and a limit of memory counts every thread's stack.
_ENVIRONMENT = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


class Child:
    """One process that decodes.

    Raises
    ------
    OSError
        It cannot be started.
    """

    def __init__(self) -> None:
        environment = bare_environment() | _ENVIRONMENT
        self._popen = start(_PROGRAM, environment=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._in, self._out = _descriptor(self._popen.stdin), _descriptor(self._popen.stdout)
        os.set_blocking(self._in, False)
        for line in (self._in, self._out):
            _widen(line)
        self.is_new = True
        self.idle_since_s = time.monotonic()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._popen.pid

    def is_alive(self) -> bool:
        """Whether it is still there."""
        return self._popen.poll() is None

    def work(self, order: Mapping[str, Any], block: bytes, most_bytes: int) -> tuple[dict[str, Any], bytes]:
        """Have one picture worked on.

        Parameters
        ----------
        order : mapping
            With ``timeout_s``, the deadline from now on; waiting for memory does not count.
        block : bytes
        most_bytes : int
            Longest block of the answer that is taken.

        Raises
        ------
        EOFError, OSError
            It ended, and took the picture with it.
        TimeoutError
            The deadline passed.
        ValueError
            What it said cannot be.
        """
        left_s: float | None = order["timeout_s"]
        if left_s is not None and self.is_new:
            left_s += _START_S
        begin_s = time.monotonic()
        send(self._in, order, block, None if left_s is None else begin_s + left_s)
        with ExitStack() as held:
            while True:
                end_s = None if left_s is None else begin_s + left_s
                answer, data = receive(self._out, most_bytes, end_s)
                if "need" not in answer:
                    break
                waits_s = time.monotonic()
                _give(held, answer["need"], self._in)
                begin_s += time.monotonic() - waits_s
        self.is_new = False
        self.idle_since_s = time.monotonic()
        return answer, data

    def end(self, patience_s: float = 0.0) -> str:
        """See that it is gone; how it went, in words.

        Parameters
        ----------
        patience_s : float, default 0.0
            How long it may take to go by itself.
        """
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(patience_s)
        kill(self._popen)
        status = self._popen.wait()
        for line in (self._popen.stdin, self._popen.stdout):
            if line is not None:
                line.close()
        return how_it_ended(status)


class Children:
    """Several of them, for any number of threads.

    Parameters
    ----------
    most : int
        Processes at one time.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._places = threading.Semaphore(most)
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._reaper: threading.Thread | None = None

    def work(self, order: Mapping[str, Any], block: bytes, most_bytes: int) -> tuple[dict[str, Any], bytes]:
        """As `Child.work`, by one that is free; waits for one.

        Raises
        ------
        UnreadableImage
            The decoder hung, crashed, or answered what cannot be. The next picture gets another process.
        ImageTooLarge
            The system ended it, as it does where memory runs out.
        """
        label = order["label"]
        with self._places:
            child = self._take()
            try:
                result = child.work(order, block, most_bytes)
            except TimeoutError:
                child.end()
                advice = "leave it out, or allow more with vk.use(image_timeout_s=…)."
                message = f"{label}: not decoded within {order['timeout_s']:g} s; {advice}"
                raise UnreadableImage(message) from None
            except ValueError as error:
                child.end()
                message = f"{label}: its decoder said what cannot be ({error}); leave the picture out."
                raise UnreadableImage(message) from None
            except (EOFError, OSError):
                raise _crashed(label, child) from None
            except BaseException:  # an interrupt: what it is busy with, nobody will read
                child.end()
                raise
            self._give_back(child)
            return result

    def pids(self) -> list[int]:
        """Numbers of those that wait for work."""
        with self._lock:
            return [child.pid for child in self._idle]

    def close(self) -> None:
        """End those that wait for work."""
        with self._lock:
            idle, self._idle = self._idle, []
        for child in idle:
            child.end()

    def _take(self) -> Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.is_alive():
                    return child
                child.end()
        try:
            return Child()
        except OSError as error:
            raise UnreadableImage(
                f"no process can be started to decode it ({error}); set isolate_images=False."
            ) from error

    def _give_back(self, child: Child) -> None:
        with self._lock:
            self._idle.append(child)
            if self._reaper is None:
                self._reaper = threading.Thread(target=self._reap, name="vlmkit-decoders", daemon=True)
                self._reaper.start()

    def _reap(self) -> None:
        """End those that nobody has needed for a while, until none is left."""
        while True:
            time.sleep(_IDLE_S)
            last_s = time.monotonic() - _IDLE_S
            with self._lock:
                idle = [child for child in self._idle if child.idle_since_s < last_s]
                self._idle = [child for child in self._idle if child not in idle]
                is_over = not self._idle
                self._reaper = None if is_over else self._reaper
            for child in idle:
                child.end()
            if is_over:
                return


def work(order: Mapping[str, Any], block: bytes, most_bytes: int) -> tuple[dict[str, Any], bytes]:
    """`Children.work` of this process's own.

    Raises
    ------
    RunError
        As `Children.work`.
    """
    return _all.work(order, block, most_bytes)


def close_all() -> None:
    """End those of this process that wait for work."""
    _all.close()


_LAST_WORDS_S = 2.0
_PIPE_BYTES = 2**20  # as much as Linux gives to everybody
_all = Children()
atexit.register(close_all)


def _forget() -> None:
    global _all  # noqa: PLW0603  those of the parent are not this process's to use
    _all = Children()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def _give(held: ExitStack, need: object, line_in: int) -> None:
    """Set memory aside for the child, out of the budget that all share; or take it back."""
    if not isinstance(need, int) or not 0 <= need <= _MOST_NEED_BYTES:
        raise ValueError("it needs memory that nobody has")
    held.close()
    if need:
        try:
            held.enter_context(BUDGET.hold(need))
        except MemoryError as error:
            send(line_in, {"refused": str(error)})
        else:
            send(line_in, {"go": True})


def _descriptor(line: IO[bytes] | None) -> int:
    return -1 if line is None else line.fileno()


def _widen(line: int) -> None:
    """A wider pipe, where the system has it: what fits in at once costs no change of process for every 64 KiB."""
    with suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(line, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _crashed(label: str, child: Child) -> UnreadableImage | ImageTooLarge:
    how = child.end(_LAST_WORDS_S)
    if how == "SIGKILL":
        return ImageTooLarge(
            f"{label}: the system ended its decoder, as it does where memory runs out; shrink it first."
        )
    return UnreadableImage(f"{label}: its decoder crashed ({how}); leave the picture out.")
