"""Thumbnails of a table's pictures, made when somebody looks, in threads, and kept within a bound."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from vlmkit.errors import RunError
from vlmkit.records import ImageRef, Picture
from vlmkit.sources import Limits, thumbnail

__all__ = ["THUMBNAIL_SIDE_PX", "Thumbnails"]

THUMBNAIL_SIDE_PX = 160
_LARGEST_CACHE_BYTES = 32 * 2**20
_FAULT_BYTES = 200


class Thumbnails:
    """Small pictures by row.

    Parameters
    ----------
    refs : sequence of ImageRef
    longest_side_px : int, default 160
    largest_cache_bytes : int, default 32 MiB
        Those looked at longest ago are forgotten, and made again when needed.
    """

    def __init__(
        self,
        refs: Sequence[ImageRef],
        *,
        longest_side_px: int = THUMBNAIL_SIDE_PX,
        largest_cache_bytes: int = _LARGEST_CACHE_BYTES,
    ) -> None:
        self._refs = refs
        self._longest_side_px = longest_side_px
        self._largest_cache_bytes = largest_cache_bytes
        self._made: OrderedDict[int, Picture | str] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._waiting: list[Future[None]] = []

    def __len__(self) -> int:
        return len(self._refs)

    def label(self, row: int) -> str:
        """What a row's picture is called."""
        return self._refs[row].label

    @property
    def size_bytes(self) -> int:
        """Of what is kept now."""
        return self._size_bytes

    def get(self, row: int) -> Picture | str:
        """One thumbnail, made now unless it is there; or why there is none.

        Parameters
        ----------
        row : int
            Position.
        """
        with self._lock:
            if row in self._made:
                self._made.move_to_end(row)
                return self._made[row]
        made = self._make(row)
        with self._lock:
            self._keep(row, made)
        return made

    def get_many(self, rows: Sequence[int], *, timeout_s: float) -> dict[int, Picture | str]:
        """Several, made in parallel; those that are not ready in time are left out, and go on being made.

        Parameters
        ----------
        rows : sequence of int
            Positions.
        timeout_s : float
            For all together.
        """
        made: dict[int, Picture | str] = {}
        self.request(rows, made.__setitem__)
        wait(self._waiting, timeout_s)
        return dict(made)

    def request(self, rows: Sequence[int], deliver: Callable[[int, Picture | str], None]) -> None:
        """Have some made in the background; what was requested before and is not begun is dropped.

        Parameters
        ----------
        rows : sequence of int
            Positions, in the order of urgency.
        deliver : callable
            Called from a thread, once per row, with the row and what `get` gives.
        """
        with self._lock:
            for future in self._waiting:
                future.cancel()
            if self._pool is None:
                self._pool = ThreadPoolExecutor(_threads(), thread_name_prefix="vlmkit-thumbnails")
            self._waiting = [self._pool.submit(self._deliver, row, deliver) for row in rows]

    def close(self) -> None:
        """Make no more in the background; twice is fine."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _deliver(self, row: int, deliver: Callable[[int, Picture | str], None]) -> None:
        deliver(row, self.get(row))

    def _make(self, row: int) -> Picture | str:
        try:
            return thumbnail(self._refs[row], self._longest_side_px, limits=Limits.in_force())
        except RunError as fault:
            return f"{type(fault).__name__}: {fault}"

    def _keep(self, row: int, made: Picture | str) -> None:
        self._size_bytes += _size_of(made) - _size_of(self._made.pop(row, None))
        self._made[row] = made
        while self._size_bytes > self._largest_cache_bytes and len(self._made) > 1:
            self._size_bytes -= _size_of(self._made.popitem(last=False)[1])


def _size_of(made: Picture | str | None) -> int:
    if made is None:
        return 0
    return len(made.data) if isinstance(made, Picture) else _FAULT_BYTES


def _threads() -> int:
    return max(2, min(8, os.cpu_count() or 2))
