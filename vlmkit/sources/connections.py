"""Connections that are kept for the next picture from the same host: opening one takes longer than a picture."""

from __future__ import annotations

import atexit
import os
import selectors
import socket
import threading
import time
from collections import OrderedDict

__all__ = ["Idle"]

Place = tuple[object, ...]

_LONGEST_IDLE_S = 10.0
_MOST = 32


class Idle:
    """Open connections that nobody uses; a forked process does not see its parent's."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[Place, socket.socket, float]] = OrderedDict()
        self._count = 0
        atexit.register(self.close)

    def take(self, place: Place) -> socket.socket | None:
        """Connection to a place on which nothing has arrived since, the latest first; None where there is none.

        Parameters
        ----------
        place : tuple
            Whatever two connections must have in common to be as good as each other.
        """
        place = (os.getpid(), *place)
        while True:
            with self._lock:
                number = next((each for each in reversed(self._kept) if self._kept[each][0] == place), None)
                if number is None:
                    return None
                _, sock, since_s = self._kept.pop(number)
            if time.monotonic() - since_s < _LONGEST_IDLE_S and not _has_news(sock):
                return sock
            sock.close()

    def give(self, place: Place, sock: socket.socket) -> None:
        """Keep a connection, and close the oldest of too many.

        Parameters
        ----------
        place : tuple
        sock : socket
            Its last answer has been read to the end.
        """
        with self._lock:
            self._count += 1
            self._kept[self._count] = ((os.getpid(), *place), sock, time.monotonic())
            oldest = self._kept.popitem(last=False)[1][1] if len(self._kept) > _MOST else None
        if oldest is not None:
            oldest.close()

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            while self._kept:
                self._kept.popitem()[1][1].close()


def _has_news(sock: socket.socket) -> bool:
    """Whether the other side closed, or sent what nobody asked for."""
    with selectors.DefaultSelector() as selector:
        try:
            selector.register(sock, selectors.EVENT_READ)
        except (OSError, ValueError):
            return True
        return bool(selector.select(0))
