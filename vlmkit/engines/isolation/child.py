"""What runs in the child: one engine, whose asks come and whose answers go over a socket. Started by `process` only.

The child outlives nobody: it ends when its line is closed. Where no thread of its own can run any more, because native
code holds them all up, Linux kills it with its parent, and Python's own watchdog (in C) does so everywhere else.
"""

from __future__ import annotations

import faulthandler
import logging
import os
import select
import socket
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NoReturn

from vlmkit.engines import desk as desks
from vlmkit.engines.isolation import messages
from vlmkit.engines.isolation.watch import PULSE_S, Patience
from vlmkit.errors import Cancelled, ServerFault, TimedOut
from vlmkit.extras import open_by_name
from vlmkit.framing import Frame, FrameReader
from vlmkit.records import Reply

if TYPE_CHECKING:
    from vlmkit.backends import Counts, Delta
    from vlmkit.engines.locate import Specification
    from vlmkit.engines.mlx import Engine

__all__ = ["main"]

_READ_BYTES = 2**20
_MOST_BLOCK_BYTES = 2**40  # whatever a parent sends has its place in its own memory already
_LAST_WORDS_S = 0.2
_LOST = 70


def main() -> NoReturn:
    """Open the model that the parent names, answer until the line is closed, and end."""
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)
    child = _Child(socket.socket(fileno=descriptor))
    child.run()
    os._exit(0)  # whatever the desk is busy with, nobody waits for it


class _Outbox:
    """Sends messages in order, from a thread of its own, and a pulse every second."""

    def __init__(self, line: socket.socket, child: _Child) -> None:
        self._line = line
        self._child = child
        self._queue: SimpleQueue[list[bytes]] = SimpleQueue()
        threading.Thread(target=self._run, name="vlmkit-child-outbox", daemon=True).start()

    def put(self, message: messages.FromChild, blocks: Sequence[bytes] = ()) -> None:
        """Send a message soon. Raises ValueError where it cannot be said."""
        self._queue.put(messages.packed(message, blocks))

    def _run(self) -> None:
        due_s = time.monotonic()
        with suppress(OSError):
            while True:
                now_s = time.monotonic()
                if now_s >= due_s:
                    self._send(messages.packed(self._child.pulse()))
                    due_s = now_s + PULSE_S
                with suppress(Empty):
                    self._send(self._queue.get(timeout=due_s - now_s if due_s > now_s else PULSE_S))
                if self._child.is_lost and self._child.is_open:
                    self._give_up()
        os._exit(0)  # the parent is gone

    def _give_up(self) -> NoReturn:
        """End this process, as its desk does not come back; once all that was said is sent."""
        with suppress(Empty):
            while True:
                self._send(self._queue.get(timeout=_LAST_WORDS_S))
        faulthandler.dump_traceback(all_threads=True)
        os._exit(_LOST)

    def _send(self, pieces: list[bytes]) -> None:
        with suppress(Empty):
            while len(pieces) < 64:  # whatever else is there goes in one go
                pieces += self._queue.get_nowait()
        left = memoryview(b"".join(pieces))
        while left:  # a parent that is stopped takes nothing, for hours perhaps
            self._go_on()
            _, can_send, _ = select.select([], [self._line], [], PULSE_S)
            with suppress(BlockingIOError):
                left = left[self._line.send(left, socket.MSG_DONTWAIT) :] if can_send else left

    def _go_on(self) -> None:
        # Should no thread run any more, not even this one, the process ends by itself, and says where it is stuck.
        patience = Patience()
        limit_s = patience.silence_s if self._child.is_open else patience.opening_silence_s
        faulthandler.dump_traceback_later(limit_s - PULSE_S, exit=True)


class _Remarks(logging.Handler):
    """Has the parent log what is logged here."""

    def __init__(self, outbox: _Outbox) -> None:
        super().__init__(logging.WARNING)
        self._outbox = outbox

    def emit(self, record: logging.LogRecord) -> None:
        with suppress(ValueError):
            self._outbox.put(messages.Remark(level=record.levelno, text=messages.clipped(record.getMessage())))


class _Child:
    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._desk = desks.desk()
        self._engine: Engine | None = None
        self._futures: dict[int, Future[Reply]] = {}
        self._calls = ThreadPoolExecutor(1, thread_name_prefix="vlmkit-child-calls")
        self._outbox = _Outbox(line, self)
        logging.getLogger("vlmkit").addHandler(_Remarks(self._outbox))

    @property
    def is_open(self) -> bool:
        """Whether the model is open."""
        return self._engine is not None

    def run(self) -> None:
        """Answer until the line is closed."""
        reader = FrameReader(_MOST_BLOCK_BYTES)
        with suppress(ConnectionError):
            while data := self._line.recv(_READ_BYTES):
                for frame in reader.feed(data):
                    self._obey(messages.read_from_parent(frame), frame)

    def pulse(self) -> messages.Pulse:
        """A sign of life, and of how far the desk is."""
        still_s = self._desk.silent_s
        return messages.Pulse(still_s=still_s, cpu_s=time.process_time(), counts=self._counts())

    @property
    def is_lost(self) -> bool:
        """Whether the desk was given up. Another one would do, but what holds up the old one stays in this process."""
        return bool(self._desk.lost)

    def _obey(self, message: messages.ToChild, frame: Frame) -> None:
        if isinstance(message, messages.Open):
            self._open(message.specification)
        elif isinstance(message, messages.Put):
            self._answer(message, frame)
        elif isinstance(message, messages.Drop):
            if future := self._futures.pop(message.number, None):
                future.cancel()
        else:
            self._calls.submit(self._call, message, frame)

    def _open(self, specification: Specification) -> None:
        try:
            engine = open_by_name("vlmkit.engines.mlx:open_specified")(specification)
            self._outbox.put(messages.Opened(abilities=engine.abilities, info=engine.info))
            self._engine = engine
        except Exception as error:  # noqa: BLE001  whatever keeps a model from being opened is told
            self._outbox.put(messages.failed_by(error))

    def _answer(self, put: messages.Put, frame: Frame) -> None:
        number = put.number
        try:
            ask = messages.whole(put.ask, messages.split_block(frame.block, put.sizes))
            future = self._opened().submit(ask, partial(self._tell, number) if put.wants_pieces else None)
        except Exception as error:  # noqa: BLE001  of this ask
            self._outbox.put(messages.faulted_by(number, error, self._counts()))
            return
        self._futures[number] = future
        future.add_done_callback(partial(self._ended, number))

    def _tell(self, number: int, delta: Delta) -> None:
        if not delta.text:
            return  # probabilities come with the answer
        with suppress(ValueError):  # half a character; the whole answer will be refused
            self._outbox.put(messages.TextPiece(number=number, text=delta.text))

    def _ended(self, number: int, future: Future[Reply]) -> None:
        self._futures.pop(number, None)
        counts = self._counts()
        error = Cancelled("dropped") if future.cancelled() else future.exception()
        if self.is_lost and not isinstance(error, TimedOut):
            return  # asked anew in a fresh process
        try:
            if error is None and counts is not None:
                self._outbox.put(messages.Answered(number=number, reply=future.result(), counts=counts))
                return
        except ValueError as unsaid:
            error = unsaid
        self._outbox.put(messages.faulted_by(number, error or ServerFault("closed"), counts))

    def _call(self, call: messages.MethodCall, frame: Frame) -> None:
        try:
            called, blocks = self._called(call, frame)
            self._outbox.put(called, blocks)
        except Exception as error:  # noqa: BLE001  of this call
            self._outbox.put(messages.faulted_by(call.number, error))

    def _called(self, call: messages.MethodCall, frame: Frame) -> tuple[messages.Called, list[bytes]]:
        engine = self._opened()
        if call.what == "tokenize":
            return messages.Called(number=call.number, tokens=tuple(engine.tokenize(call.text))), []
        if call.what == "detokenize" or call.ask is None:
            return messages.Called(number=call.number, text=engine.detokenize(call.tokens)), []
        insight = engine.look_inside(messages.whole(call.ask, messages.split_block(frame.block, call.sizes)))
        bare, blocks = messages.without_pixels(insight)
        return messages.Called(number=call.number, insight=bare), blocks

    def _opened(self) -> Engine:
        if self._engine is None:
            raise ServerFault("The model is not open.")
        return self._engine

    def _counts(self) -> Counts | None:
        return self._engine.stats if self._engine is not None else None
