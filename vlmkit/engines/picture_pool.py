"""Pictures decoded ahead of their turn, on threads of their own, no more of them at a time than a budget allows."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from vlmkit import sources
from vlmkit.engines.request import Request
from vlmkit.records import Picture

__all__ = ["PicturePool", "decode_all"]

_MOST_BYTES = 128 * 2**20
_BYTES_PER_PIXEL = 4  # as Pillow keeps them

Done = Callable[[Request, "Future[list[Any]]"], None]


def decode_all(pictures: tuple[Picture, ...]) -> list[Any]:
    """Decode pictures, in order.

    Parameters
    ----------
    pictures : tuple of Picture

    Returns
    -------
    list of PIL.Image.Image

    Raises
    ------
    RunError
        As `sources.decode`.
    """
    return [sources.decode(picture) for picture in pictures]


class PicturePool:
    """Decodes the pictures of requests, in order; those beyond the budget wait until earlier ones were looked at.

    Parameters
    ----------
    threads : int
    done : callable
        Called with each request and the future of its pictures, on the thread that decoded them.
    most_bytes : int, default 128 MiB
        Of decoded pictures at the same time; what is larger by itself comes alone.
    """

    def __init__(self, threads: int, done: Done, most_bytes: int = _MOST_BYTES) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="vlmkit-pictures")
        self._done = done
        self._most_bytes = most_bytes
        self._held_bytes = 0
        self._waiting: deque[Request] = deque()
        self._lock = threading.Lock()
        self._is_shut = False

    def put(self, request: Request) -> None:
        """Take a request; returns at once.

        Raises
        ------
        RuntimeError
            The pool is shut.
        """
        with self._lock:
            if self._is_shut:
                raise RuntimeError("no pictures are decoded after the end")
            self._waiting.append(request)
        self._begin_some()

    def shut(self) -> list[Request]:
        """Decode nothing more; gives the requests that were waiting."""
        with self._lock:
            self._is_shut = True
            waiting, self._waiting = list(self._waiting), deque()
        self._pool.shutdown(wait=False, cancel_futures=True)
        return waiting

    def _begin_some(self) -> None:
        while (request := self._next()) is not None:
            try:
                images = self._pool.submit(self._decoded, request)
            except RuntimeError:  # shut meanwhile
                images = Future()
                images.cancel()
            images.add_done_callback(partial(self._done, request))

    def _next(self) -> Request | None:
        with self._lock:
            if not self._waiting:
                return None
            size = _decoded_bytes(self._waiting[0])  # 0 where it was given up meanwhile
            if self._held_bytes and self._held_bytes + size > self._most_bytes:
                return None
            self._held_bytes += size
            request = self._waiting.popleft()
        if size:
            request.on_let_go = self._share(size)
            request.future.add_done_callback(request.on_let_go)
        return request

    def _decoded(self, request: Request) -> list[Any]:
        return [] if request.ended else decode_all(request.ask.pictures)

    def _share(self, size: int) -> Callable[[object], None]:
        """What gives memory back, once; knows nothing of its request, as whoever waits for an answer keeps it."""
        left = [size]

        def give_back(_: object = None) -> None:
            with self._lock:
                self._held_bytes -= sum(left)
                left.clear()
            self._begin_some()

        return give_back


def _decoded_bytes(request: Request) -> int:
    pictures = () if request.ended else request.ask.pictures
    return sum(_BYTES_PER_PIXEL * picture.width * picture.height for picture in pictures)
