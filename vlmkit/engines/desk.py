"""The one thread that touches MLX; anyone may put work on it. One that does not come back is given up and replaced.

An MLX array belongs to the thread that made it, and a thread that ends without releasing its streams aborts the process
at exit. One long-lived daemon thread, whose last act is to release them, has neither problem. A forked child has no
such thread and cannot have MLX either: start workers with spawn or forkserver, and open the model inside each.

Python cannot stop a thread that is inside a library. So a second thread watches the desk: work shows signs of life
(`beat`), and a desk without any for too long is lost. Whoever waits for it is told, the next one gets another desk, and
the process ends without waiting for the lost one.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from vlmkit.errors import ModelLoadFailed

__all__ = ["LOST_AFTER_S", "Desk", "Worker", "beat", "desk", "is_here", "within"]

T = TypeVar("T")

LOST_AFTER_S = 900.0
"""So long without a sign of life, and a desk is lost: one large product on a slow CPU may take minutes, not this."""

_LOOK_EVERY_S = 0.25
# At the end of the process: for a piece of work to come to its end, and for a thread to obey.
_PATIENCE_S = 10.0
_OBEDIENCE_S = 1.0


class Worker(Protocol):
    """Something with work for the desk that comes in many small pieces."""

    def turn(self) -> bool:
        """Do one piece of work; whether there is more. Must not raise."""

    def shut(self) -> None:
        """End everything in hand; the desk is closing. Must not raise."""

    def watch(self, silent_s: float) -> None:
        """End what has waited too long, with the desk at work and silent for so long; on another thread."""

    def abandon(self, why: str) -> None:
        """End everything in hand; the desk is lost and gives no more turns. On another thread; must not raise."""


class Desk:
    """A daemon thread that runs tasks at once and, between them, gives every busy worker its turn.

    Parameters
    ----------
    lost_after_s : float, default 900
        Longest time without a sign of life, while there is work.

    Attributes
    ----------
    turns_done : int
        Tasks and turns that came to their end. Another process can tell by it, and by `silent_s`, how the desk is.
    lost : str
        Why the desk was given up; empty while it is well.
    """

    def __init__(self, lost_after_s: float = LOST_AFTER_S) -> None:
        self.turns_done = 0
        self.lost = ""
        self._lost_after_s = lost_after_s
        self._limit: tuple[float, str] = (lost_after_s, "what it computes")
        self._sign_s: float | None = None
        self._turning: Worker | None = None
        self._tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._calls: set[Future[object]] = set()
        self._workers: list[Worker] = []
        self._busy: deque[Worker] = deque()
        self._open = True
        self._leaving = False
        self._gate = threading.Lock()
        self._at_work = threading.Event()
        self._process_id = os.getpid()
        self._thread = threading.Thread(target=self._run, name="vlmkit-desk", daemon=True)
        self._watchdog = threading.Thread(target=self._watch, name="vlmkit-desk-watch", daemon=True)
        self._thread.start()
        self._watchdog.start()

    @property
    def is_open(self) -> bool:
        """Whether work is still taken, by the process that opened the desk."""
        return self._open and not self.lost and os.getpid() == self._process_id

    @property
    def silent_s(self) -> float:
        """Seconds since the last sign of life; 0.0 where there is nothing to do."""
        sign_s = self._sign_s
        return 0.0 if sign_s is None else max(0.0, time.monotonic() - sign_s)

    def call(self, work: Callable[[], T], *, timeout_s: float | None = None, what: str = "") -> T:
        """Run a function on the desk and wait for it.

        Parameters
        ----------
        work : callable without arguments
        timeout_s : float or None, default None
            Longest time from its beginning; then the desk is lost.
        what : str, default ""
            What it is called in the message about that.

        Returns
        -------
        What the function returns; what it raises is raised here.

        Raises
        ------
        ModelLoadFailed
            The process was forked after the desk was opened, or is ending; or the desk was lost meanwhile.
        """
        if threading.current_thread() is self._thread:
            return work()
        future: Future[T] = Future()
        self._calls.add(future)  # type: ignore[arg-type]
        begun = threading.Event()
        try:
            self._put(lambda: _settle(future, work, begun))
            if timeout_s is not None:
                self._give_time(future, begun, timeout_s, what)
            return future.result()
        finally:
            self._calls.discard(future)

    def post(self, work: Callable[[], object], *, wait_s: float) -> bool:
        """Have a function run on the desk, and wait for its end no longer than so; whether it came.

        Parameters
        ----------
        work : callable without arguments
            Must not raise.
        wait_s : float

        Raises
        ------
        ModelLoadFailed
            The process was forked after the desk was opened, or is ending; or the desk is lost.
        """
        done = threading.Event()

        def run() -> None:
            work()
            done.set()

        if threading.current_thread() is self._thread:
            run()
        else:
            self._put(run)
        return done.wait(wait_s)

    def check(self) -> None:
        """See that the desk can be used from here.

        Raises
        ------
        ModelLoadFailed
            The process was forked after the desk was opened, or is ending; or the desk is lost.
        """
        if os.getpid() != self._process_id:
            message = (
                "This process was forked from one that had already opened a model, and MLX does not work in a forked "
                "child. Start workers with multiprocessing.get_context('spawn') (or 'forkserver') and open the model "
                "inside each of them."
            )
            raise ModelLoadFailed(message)
        if not self._open:
            message = "The process is ending and takes no more work. Ask before the interpreter shuts down."
            raise ModelLoadFailed(message)
        if self.lost:
            raise ModelLoadFailed(self.lost)

    def join(self, worker: Worker) -> None:
        """Make a worker known, so that it is shut when the process ends."""
        self.call(lambda: self._workers.append(worker))

    def leave(self, worker: Worker) -> None:
        """Forget a worker; it gets no more turns."""
        self.call(lambda: self.forget(worker))

    def wake(self, worker: Worker) -> None:
        """Give a worker turns until it says that nothing is left to do.

        Raises
        ------
        ModelLoadFailed
            The desk is closed or lost.
        """
        self._put(lambda: self._mark_busy(worker))

    def is_turning(self, worker: Worker) -> bool:
        """Whether the piece of work in hand is this worker's."""
        return self._turning is worker

    def lose(self, why: str) -> None:
        """Give the desk up: everything in hand ends, nothing is taken any more. From any thread; twice is fine.

        Parameters
        ----------
        why : str
            What those are told who wait for it.
        """
        with self._gate:
            if self.lost:
                return
            self.lost = why
        for worker in tuple(self._workers):
            worker.abandon(why)
        for future in tuple(self._calls):
            with suppress(InvalidStateError):
                future.set_exception(ModelLoadFailed(why))
        self._tasks.put(_nothing)
        self._at_work.set()
        self._interrupt()

    def close(self) -> None:
        """Shut every worker, release MLX's streams and end the thread, unless it does not obey. Twice is fine."""
        if os.getpid() != self._process_id:
            return
        with self._gate:
            if self._open:
                self._open = False
                self._tasks.put(_nothing)  # wakes the thread
        self._at_work.set()
        self._thread.join(_OBEDIENCE_S if self.lost else _PATIENCE_S)
        if self._thread.is_alive():
            self.lose("The process is ending, and the thread that runs models in it did not come back.")
            self._thread.join(_OBEDIENCE_S)
        if self._thread.is_alive():
            _end_without_it()

    def _put(self, task: Callable[[], None]) -> None:
        # Either before the last task the thread will look at, or not at all: nobody waits for one that is never run.
        self.check()
        with self._gate:
            self.check()
            self._tasks.put(task)

    def _give_time(self, future: Future[T], begun: threading.Event, timeout_s: float, what: str) -> None:
        """Wait for a task; lose the desk where it is too late. Who waits for its beginning is not late."""
        while not begun.wait(_LOOK_EVERY_S):
            if future.done():
                return
        with suppress(TimeoutError):
            future.exception(timeout_s)
        if not future.done():
            self.lose(f"{what} did not come to an end within {timeout_s:g} s.")

    def _mark_busy(self, worker: Worker) -> None:
        if worker not in self._workers:
            worker.shut()  # it left, and what reached it since then must not wait for ever
        elif worker not in self._busy:
            self._busy.append(worker)

    def forget(self, worker: Worker) -> None:
        """The same, on the desk."""
        if worker in self._workers:
            self._workers.remove(worker)
        if worker in self._busy:
            self._busy.remove(worker)

    def _run(self) -> None:
        _here.desk = self
        # A lost desk is interrupted, once more perhaps while it leaves.
        for step in (self._serve, self._leave, self._leave):
            with suppress(SystemExit):
                self._told(step)

    def _told(self, step: Callable[[], None]) -> None:
        """Do it; what breaks the thread, as a panic of Rust does, which is not an Exception, is told to all waiting."""
        try:
            step()
        except SystemExit:
            raise
        except BaseException as error:  # noqa: BLE001  nobody may wait for a thread that is gone
            with self._gate:
                self._leaving = True  # nobody interrupts it any more
            self.lose(f"The thread that runs models in this process broke ({type(error).__name__}: {error}).")

    def _serve(self) -> None:
        while self._open and not self.lost:
            self._work(wait=not self._busy)
        self._busy.clear()
        while not self._tasks.empty():
            self._work(wait=True)

    def _leave(self) -> None:
        with self._gate:
            self._leaving = True
        self._sign_s = None
        self._busy.clear()
        while self._workers:
            self._workers.pop().shut()
        if "mlx.core" in sys.modules:
            sys.modules["mlx.core"].clear_streams()

    def _work(self, *, wait: bool) -> None:
        """One task or, where there is none, one worker's turn."""
        if wait:
            self._sign_s = None
            self._at_work.clear()
        try:
            task = self._tasks.get(block=wait)
        except Empty:
            self._sign_s = time.monotonic()
            # Nothing here may go on naming the worker: it holds the model, and the thread waits for long.
            self._turning = self._busy[0]
            more = self._turning.turn()
            self._turning = None
            if more:
                self._busy.rotate(-1)
            else:
                self._busy.popleft()
        else:
            self._sign_s = time.monotonic()
            self._at_work.set()
            task()
        self.turns_done += 1

    def _watch(self) -> None:
        while self._open and not self.lost:
            self._at_work.wait()
            time.sleep(_LOOK_EVERY_S)
            silent_s, (limit_s, what) = self.silent_s, self._limit
            for worker in tuple(self._workers) if silent_s else ():
                worker.watch(silent_s)
            if silent_s > limit_s:
                self.lose(
                    f"The thread that runs models in this process gave no sign of life for {silent_s:.0f} s and was "
                    f"given up: {what} did not come to an end. Models are loaded anew when they are asked again; leave "
                    "out the picture, the prompt or the model with which it happened."
                )
        while self.lost and not self._leaving:
            self._interrupt()
            time.sleep(_OBEDIENCE_S)

    def _interrupt(self) -> None:
        """Have the thread end as soon as it runs Python code again."""
        with self._gate:
            # The number of a thread that has ended may be another's by now.
            if not self._leaving and self._thread.is_alive() and self._thread.ident is not None:
                end = ctypes.py_object(SystemExit)
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread.ident), end)


def _nothing() -> None:
    pass


def _settle(future: Future[T], work: Callable[[], T], begun: threading.Event) -> None:
    begun.set()
    if future.done():  # the desk was lost before its turn came
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001  whoever waits gets it; the desk itself goes on
        with suppress(InvalidStateError):
            future.set_exception(error)
    else:
        with suppress(InvalidStateError):
            future.set_result(result)


def _end_without_it() -> None:
    """Have the process end, with the status that it ends with, before C++ takes apart what a lost thread still uses."""
    with suppress(AttributeError, OSError):  # a C library without on_exit: then as usual
        library = ctypes.CDLL(None)
        library.fflush(None)
        library.on_exit(library._exit, None)  # noqa: SLF001  the name of a C function


_here = threading.local()


def is_here() -> bool:
    """Whether this is the thread of a desk; where it is, that is a sign of life."""
    own: Desk | None = getattr(_here, "desk", None)
    if own is None:
        return False
    own._sign_s = time.monotonic()  # noqa: SLF001  one module
    return True


def beat() -> None:
    """Give a sign of life, inside a long piece of work; elsewhere than on a desk nothing happens."""
    is_here()


@contextmanager
def within(limit_s: float, what: str) -> Iterator[None]:
    """Context in which the desk is lost sooner; elsewhere than on a desk nothing happens.

    Parameters
    ----------
    limit_s : float
        Longest time without a sign of life.
    what : str
        What is done, for the message: "its tokenizer".
    """
    own: Desk | None = getattr(_here, "desk", None)
    if own is None:
        yield
        return
    before = own._limit  # noqa: SLF001  one module
    beat()
    own._limit = (min(limit_s, before[0]), what)  # noqa: SLF001
    try:
        yield
    finally:
        own._limit = before  # noqa: SLF001
        beat()


_lock = threading.Lock()
_desks: list[Desk] = []


def desk() -> Desk:
    """The desk of this process, opened on first use and closed when the process ends; another one after a loss.

    Raises
    ------
    ModelLoadFailed
        The process was forked after the desk was opened, or is ending.
    """
    with _lock:
        if not _desks:
            atexit.register(_close_all)
        if not _desks or (_desks[-1].lost and _desks[-1]._open):  # noqa: SLF001  one module
            _desks.append(Desk())
    _desks[-1].check()
    return _desks[-1]


def _close_all() -> None:
    for each in _desks:
        each.close()
