"""One deadline for everything a download does, however slowly its bytes drip in."""

from __future__ import annotations

import io
import socket
import time

from vlmkit.errors import UnreadableImage

__all__ = ["Deadline", "Readable"]

_BUFFER_BYTES = 64 * 1024


class Deadline:
    """The moment by which a download must be done."""

    def __init__(self, timeout_s: float | None, label: str) -> None:
        self._timeout_s, self._label = timeout_s, label
        self._end_s = None if timeout_s is None else time.monotonic() + timeout_s

    def left_s(self) -> float | None:
        """Seconds left, for a socket's timeout.

        Raises
        ------
        UnreadableImage
            None.
        """
        if self._end_s is None:
            return None
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise self.passed()
        return left_s

    def passed(self) -> UnreadableImage:
        """What a row says whose time is over."""
        said = f"not fetched within {self._timeout_s:g} s" if self._timeout_s else "the connection timed out"
        return UnreadableImage(f"{self._label}: {said}; try again, or allow more with vk.use(download_timeout_s=…).")


class _Punctual(io.RawIOBase):
    """A socket's bytes, each wait for them limited by the same deadline: drops of bytes do not prolong it."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        super().__init__()
        self._sock, self._deadline = sock, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._sock.settimeout(self._deadline.left_s())
        return self._sock.recv_into(buffer)


class Readable:
    """The part of a socket that `http.client` uses for reading an answer."""

    def __init__(self, sock: socket.socket, deadline: Deadline) -> None:
        self._sock, self._deadline = sock, deadline

    def makefile(self, mode: str) -> io.BufferedReader:
        """Reader of the socket's bytes.

        Parameters
        ----------
        mode : str
            ``"rb"``.
        """
        del mode
        return io.BufferedReader(_Punctual(self._sock, self._deadline), _BUFFER_BYTES)
