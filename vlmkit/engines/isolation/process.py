"""One child as its parent has it: started, listened to, watched, and ended without anything left of it."""

from __future__ import annotations

import os
import re
import selectors
import socket
import subprocess
import threading
import time
from contextlib import suppress
from queue import SimpleQueue
from typing import Protocol

from vlmkit import children
from vlmkit.engines.isolation.messages import FromChild, Open, Pulse, packed, read_from_child
from vlmkit.engines.isolation.watch import Patience, Watch
from vlmkit.engines.locate import Specification
from vlmkit.framing import FrameReader

__all__ = ["ChildListener", "ChildProcess"]

_LOOK_EVERY_S = 0.5
_READ_BYTES = 2**16
_MOST_SAID_BYTES = 2**16
_LAST_WORDS_S = 2.0
# What a native crash says of itself is worth a few lines of a message: the first ones of Python's own report.
_MOST_SAID_LINES = 6
_REASON_LINES = 2
_REPORT = re.compile(r"Fatal Python error|Timeout \(")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\u024f]+")
_SECRET = re.compile(r"(^|_)(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(_|$)", re.IGNORECASE)

_PROGRAM = "from vlmkit.engines.isolation import child; child.main()"


class ChildListener(Protocol):
    """Who hears of a child; all on the child's own thread."""

    def heard(self, process: ChildProcess, message: FromChild, block: bytearray) -> None:
        """The child said something. A ValueError ends it: what it said cannot be."""

    def ended(self, process: ChildProcess, why: str, said: str) -> None:
        """The child is gone, and nothing more comes of it: how it went, and the end of what it printed."""


class ChildProcess:
    """A child that opens a model.

    Parameters
    ----------
    specification : Specification
    listener : ChildListener
    patience : Patience
    """

    def __init__(self, specification: Specification, listener: ChildListener, patience: Patience) -> None:
        self._listener = listener
        self._outgoing: SimpleQueue[list[bytes] | None] = SimpleQueue()
        self._reader = FrameReader(0)
        self._watch = Watch(patience, 2 * _LOOK_EVERY_S, time.monotonic())
        self._said = b""
        self._why = ""
        self._stopping = threading.Event()
        self._popen: subprocess.Popen[bytes] | None = None
        self.put(packed(Open(specification=specification)))
        self._thread = threading.Thread(target=self._run, name="vlmkit-child", daemon=True)

    @property
    def pid(self) -> int | None:
        """The child's number; None before it has one."""
        return self._popen.pid if self._popen else None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, pieces: list[bytes]) -> None:
        """Send a frame; returns at once.

        Parameters
        ----------
        pieces : list of bytes
        """
        self._outgoing.put(pieces)

    def expect_block(self, most_bytes: int) -> None:
        """Take blocks of so many bytes from now on.

        Parameters
        ----------
        most_bytes : int
        """
        self._reader.most_block_bytes = most_bytes

    def opened(self, *, is_on_cpu: bool) -> None:
        """The model is open; as `Watch.opened`."""
        self._watch.opened(is_on_cpu=is_on_cpu)

    def late(self, timeout_s: float) -> None:
        """An ask was ended as too late; as `Watch.late`."""
        self._watch.late(timeout_s)

    def stop(self, why: str) -> None:
        """Kill the child; `ChildListener.ended` follows, from the child's own thread.

        Parameters
        ----------
        why : str
        """
        self._why = self._why or why
        self._stopping.set()
        self._kill()

    def wait(self, timeout_s: float) -> None:
        """Wait until nothing is left of it.

        Parameters
        ----------
        timeout_s : float
        """
        if self._thread.ident is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            line, said = self._start()
        except OSError as error:
            self._listener.ended(self, f"could not be started ({error})", "")
            return
        writer = threading.Thread(target=self._write, args=[line], name="vlmkit-child-writer", daemon=True)
        writer.start()
        try:
            self._listen(line, said)
        finally:
            how = self._end(line, said)
            self._outgoing.put(None)
            writer.join()
            line.close()
            os.close(said)
            self._listener.ended(self, self._why or how, _quoted(self._said))

    def _start(self) -> tuple[socket.socket, int]:
        ours, theirs = socket.socketpair()
        said, tell = os.pipe()
        environment = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
        try:
            with theirs:
                handle = theirs.fileno()
                self._popen = children.start(
                    _PROGRAM, [str(handle)], environment=environment, stdout=tell, stderr=tell, pass_fds=[handle]
                )
        except OSError:
            ours.close()
            os.close(said)
            raise
        finally:
            os.close(tell)
        if self._stopping.is_set():
            self._kill()
        os.set_blocking(said, False)
        return ours, said

    def _write(self, line: socket.socket) -> None:
        with suppress(OSError):  # the child is gone; who listens finds out
            while (pieces := self._outgoing.get()) is not None:
                for piece in pieces:
                    line.sendall(piece)

    def _listen(self, line: socket.socket, said: int) -> None:
        """Hear the child until it is gone, or has to go; why stands in `_why`."""
        with selectors.DefaultSelector() as selector:
            selector.register(line, selectors.EVENT_READ)
            selector.register(said, selectors.EVENT_READ)
            while not self._stopping.is_set():
                ready = {key.fileobj for key, _ in selector.select(_LOOK_EVERY_S)}
                if said in ready and not self._note(said):
                    selector.unregister(said)
                if line in ready and not self._hear(line):
                    return
                # Only once everything that had come was heard: a parent that was busy must not take it for silence.
                if line not in ready:
                    self._look()

    def _look(self) -> None:
        if self._popen is not None and self._popen.poll() is not None:
            self._stopping.set()  # a process of its own may keep the line open
        if fault := self._watch.look(time.monotonic()):
            self._why = self._why or f"{fault} and was stopped"
            self._stopping.set()

    def _hear(self, line: socket.socket) -> bool:
        """Take what has come; whether more can come."""
        try:
            data = line.recv(_READ_BYTES)
            for frame in self._reader.feed(data):
                message = read_from_child(frame)
                if isinstance(message, Pulse):
                    self._watch.pulse(message.still_s, message.cpu_s)
                self._listener.heard(self, message, frame.block)
        except ConnectionError:
            return False
        except ValueError as error:
            self._why = self._why or f"said what cannot be ({_printable(str(error))[:200]}) and was stopped"
            return False
        return bool(data)

    def _note(self, said: int) -> bool:
        """Keep the end of what the child prints; whether more can come."""
        try:
            data = os.read(said, _READ_BYTES)
        except BlockingIOError:
            return True
        self._said = (self._said + data)[-_MOST_SAID_BYTES:]
        return bool(data)

    def _end(self, line: socket.socket, said: int) -> str:
        """See that the child is gone; how it went, in words."""
        popen = self._popen
        if popen is None:
            return ""
        if not self._why:  # it goes by itself, and says what it died of
            with suppress(subprocess.TimeoutExpired):
                popen.wait(_LAST_WORDS_S)
        self._kill()
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        status = popen.wait()
        last_s = time.monotonic() + _LAST_WORDS_S
        while time.monotonic() < last_s and self._note(said) and self._has_more(said):
            pass
        return _how(status)

    def _has_more(self, said: int) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(said, selectors.EVENT_READ)
            return bool(selector.select(0))

    def _kill(self) -> None:
        if self._popen is not None:
            children.kill(self._popen)


def _how(status: int) -> str:
    how = children.how_it_ended(status)
    why = ", which is what a system does whose memory runs out" if how == "SIGKILL" else ""
    return f"ended with {how}" if status >= 0 else f"was ended by {how}{why}"


def _quoted(said: bytes) -> str:
    lines = [line for line in map(_printable, said.decode("utf-8", "replace").splitlines()) if line.strip()]
    reports = [place for place, line in enumerate(lines) if _REPORT.match(line)]
    # A library says why it aborts just before Python reports where.
    first = max(0, reports[-1] - _REASON_LINES) if reports else -_MOST_SAID_LINES
    kept = lines[first:][:_MOST_SAID_LINES]
    return f" It said: {' | '.join(line[:300] for line in kept)}." if kept else ""


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text).strip()
