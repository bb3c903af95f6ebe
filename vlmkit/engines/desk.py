"""The one thread that touches MLX; anyone may put work on it.

An MLX array belongs to the thread that made it, and a thread that ends without releasing its streams aborts the process
at exit. One long-lived daemon thread, whose last act is to release them, has neither problem. A forked child has no
such thread and cannot have MLX either: start workers with spawn or forkserver, and open the model inside each.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from vlmkit.errors import ModelLoadFailed

__all__ = ["Desk", "Worker", "desk"]

T = TypeVar("T")


class Worker(Protocol):
    """Something with work for the desk that comes in many small pieces."""

    def turn(self) -> bool:
        """Do one piece of work; whether there is more. Must not raise."""

    def shut(self) -> None:
        """End everything in hand; the desk is closing. Must not raise."""


class Desk:
    """A daemon thread that runs tasks at once and, between them, gives every busy worker its turn."""

    def __init__(self) -> None:
        self._tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._workers: list[Worker] = []
        self._busy: deque[Worker] = deque()
        self._open = True
        self._gate = threading.Lock()
        self._process_id = os.getpid()
        self._thread = threading.Thread(target=self._run, name="vlmkit-desk", daemon=True)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        """Whether work is still taken, by the process that opened the desk."""
        return self._open and os.getpid() == self._process_id

    def call(self, work: Callable[[], T]) -> T:
        """Run a function on the desk and wait for it.

        Parameters
        ----------
        work : callable without arguments

        Returns
        -------
        What the function returns; what it raises is raised here.

        Raises
        ------
        ModelLoadFailed
            The process was forked after the desk was opened, or is ending.
        """
        if threading.current_thread() is self._thread:
            return work()
        future: Future[T] = Future()
        self._put(lambda: _settle(future, work))
        return future.result()

    def check(self) -> None:
        """See that the desk can be used from here.

        Raises
        ------
        ModelLoadFailed
            The process was forked after the desk was opened, or is ending.
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

    def join(self, worker: Worker) -> None:
        """Make a worker known, so that it is shut when the process ends."""
        self.call(lambda: self._workers.append(worker))

    def leave(self, worker: Worker) -> None:
        """Forget a worker; it gets no more turns."""
        self.call(lambda: self._forget(worker))

    def wake(self, worker: Worker) -> None:
        """Give a worker turns until it says that nothing is left to do.

        Raises
        ------
        ModelLoadFailed
            The desk is closed.
        """
        self._put(lambda: self._mark_busy(worker))

    def close(self) -> None:
        """Shut every worker, release MLX's streams and end the thread. Twice is fine."""
        if os.getpid() != self._process_id:
            return
        with self._gate:
            if self._open:
                self._open = False
                self._tasks.put(_nothing)  # wakes the thread
        self._thread.join()

    def _put(self, task: Callable[[], None]) -> None:
        # Either before the last task the thread will look at, or not at all: nobody waits for one that is never run.
        self.check()
        with self._gate:
            self.check()
            self._tasks.put(task)

    def _mark_busy(self, worker: Worker) -> None:
        if worker not in self._workers:
            worker.shut()  # it left, and what reached it since then must not wait for ever
        elif worker not in self._busy:
            self._busy.append(worker)

    def _forget(self, worker: Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
        if worker in self._busy:
            self._busy.remove(worker)

    def _run(self) -> None:
        while self._open:
            self._work(wait=not self._busy)
        self._busy.clear()
        while not self._tasks.empty():
            self._work(wait=True)
        while self._workers:
            self._workers.pop().shut()
        if "mlx.core" in sys.modules:
            sys.modules["mlx.core"].clear_streams()

    def _work(self, *, wait: bool) -> None:
        """One task or, where there is none, one worker's turn."""
        try:
            task = self._tasks.get(block=wait)
        except Empty:
            # Nothing here may go on naming the worker: it holds the model, and the thread waits for long.
            if self._busy[0].turn():
                self._busy.rotate(-1)
            else:
                self._busy.popleft()
        else:
            task()


def _nothing() -> None:
    pass


def _settle(future: Future[T], work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  whoever waits gets it; the desk itself goes on
        future.set_exception(error)


_lock = threading.Lock()
_desks: list[Desk] = []


def desk() -> Desk:
    """The desk of this process, opened on first use and closed when the process ends.

    Raises
    ------
    ModelLoadFailed
        The process was forked after the desk was opened, or is ending.
    """
    with _lock:
        if not _desks:
            _desks.append(Desk())
            atexit.register(_desks[0].close)
    _desks[0].check()
    return _desks[0]
