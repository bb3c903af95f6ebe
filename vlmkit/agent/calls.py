"""A call of a tool that takes its time: whoever waits for it hears how far it is, and can ask it to end.

A tool is a plain function in a thread, so it cannot be cancelled from outside. It is told by the context it runs in who
waits for it, and looks there between two rows.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TypeVar

from vlmkit.errors import Cancelled

__all__ = ["CallInProgress", "call_in_progress", "call_in_thread", "start_in_thread"]

Value = TypeVar("Value")
Report = Callable[[int, int, str], None]


def _nobody(_done: int, _total: int, _what: str) -> None:
    pass


class CallInProgress:
    """One call of a tool.

    Parameters
    ----------
    on_progress : callable or None, default None
        Called in the tool's thread with how much is done, how much there is, and a word on what was done last.

    Attributes
    ----------
    end : threading.Event
        Set, nobody waits for the result any more.
    """

    def __init__(self, on_progress: Report | None = None) -> None:
        self.end = threading.Event()
        self._on_progress = on_progress or _nobody

    def report(self, done: int, total: int, what: str = "") -> None:
        """Say how far the call is.

        Parameters
        ----------
        done, total : int
            As rows that are answered, and all of them.
        what : str, default ""
            What was done last, as ``"row 3"``.

        Raises
        ------
        Cancelled
            Nobody waits for the result any more.
        """
        if self.end.is_set():
            raise Cancelled("Nobody waits for this call any more. Call the tool again for what is left.")
        self._on_progress(done, total, what)

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Stretch during which this is `call_in_progress`, in this thread."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)


_current: ContextVar[CallInProgress | None] = ContextVar("call_in_progress", default=None)


def call_in_progress() -> CallInProgress:
    """The call that this thread works on; one that nobody watches where there is none."""
    return _current.get() or CallInProgress()


def start_in_thread(call: CallInProgress, work: Callable[[], Value], *, name: str) -> Future[Value]:
    """Make a call in a thread of its own, which the end of the program does not wait for.

    Parameters
    ----------
    call : CallInProgress
        What the work finds by `call_in_progress`.
    work : callable
    name : str
        Of the thread.

    Returns
    -------
    Future
        With the value, or whatever the work raised.
    """
    ended: Future[Value] = Future()
    ended.set_running_or_notify_cancel()  # from here on, one who stops waiting cancels nothing
    threading.Thread(target=_make, args=[call, work, ended], name=name, daemon=True).start()
    return ended


async def call_in_thread(
    work: Callable[[], Value],
    *,
    name: str,
    timeout_s: float | None = None,
    report: Callable[[int, int, str], Awaitable[None]] | None = None,
) -> Value:
    """Await a call that is made in a thread of its own, which the end of the program does not wait for.

    Parameters
    ----------
    work : callable
        Finds the call by `call_in_progress`.
    name : str
        Of the thread.
    timeout_s : float or None, default None
        How long to wait; None is as long as it takes.
    report : async callable or None, default None
        Awaited with each piece of progress, in order, before the value is given.

    Raises
    ------
    TimeoutError
        It took longer; the call is told to end.
    Exception
        What the work raised.
    """
    loop = asyncio.get_running_loop()
    news: asyncio.Queue[tuple[int, int, str] | Future[Value]] = asyncio.Queue()

    def tell(piece: tuple[int, int, str] | Future[Value]) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(news.put_nowait, piece)

    call = CallInProgress(lambda *progress: tell(progress))
    start_in_thread(call, work, name=name).add_done_callback(tell)
    try:
        async with asyncio.timeout(timeout_s):
            while not isinstance(piece := await news.get(), Future):
                if report is not None:
                    await report(*piece)
        return piece.result()
    finally:
        call.end.set()


def _make(call: CallInProgress, work: Callable[[], Value], ended: Future[Value]) -> None:
    try:
        with call.entered():
            ended.set_result(work())
    except BaseException as error:  # noqa: BLE001  whoever waits gets it
        ended.set_exception(error)
