"""Frames between this process and a child: a JSON text and a block of bytes, their lengths said first.

What comes from a child that reads a stranger's file is read as a stranger's: lengths are checked before a byte is kept,
and nothing in it is code.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["MOST_TEXT_BYTES", "Frame", "FrameReader", "pack", "receive", "send"]

MOST_TEXT_BYTES = 32 * 2**20
"""Of one frame's text; as much as an answer over HTTP may have."""

_HEAD = struct.Struct("!IQ")
_PIECE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Frame:
    """One message as it travels.

    Attributes
    ----------
    text : bytearray
        JSON.
    block : bytearray
        What JSON cannot carry: files of pictures, pixels.
    """

    text: bytearray
    block: bytearray


def pack(text: bytes, blocks: Sequence[bytes] = ()) -> list[bytes]:
    """Bytes of a frame, in the pieces they come in: large ones are not copied.

    Parameters
    ----------
    text : bytes
    blocks : sequence of bytes, default ()
        Sent one behind the other; the text has to say how long each is.

    Raises
    ------
    ValueError
        The text is longer than a reader takes.
    """
    if len(text) > MOST_TEXT_BYTES:
        raise ValueError(f"{len(text):,} bytes of text, and a frame carries at most {MOST_TEXT_BYTES:,}")
    return [_HEAD.pack(len(text), sum(map(len, blocks))) + text, *blocks]


class FrameReader:
    """Makes frames of bytes as they come, in whatever pieces.

    Parameters
    ----------
    most_block_bytes : int
        Longest block taken; may be changed while reading.
    """

    def __init__(self, most_block_bytes: int) -> None:
        self.most_block_bytes = most_block_bytes
        self._parts: list[bytearray] = []
        self._filled = 0
        self._begin(_HEAD.size)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes; gives the frames that they complete.

        Parameters
        ----------
        data : bytes

        Raises
        ------
        ValueError
            A length is over its limit; nothing after it can be understood.
        """
        view = memoryview(data)
        while view:
            part = self._parts[-1]
            taken = min(len(view), len(part) - self._filled)
            part[self._filled : self._filled + taken] = view[:taken]
            self._filled += taken
            view = view[taken:]
            if self._filled == len(part) and (frame := self._next_part()) is not None:
                yield frame

    def read(self, descriptor: int) -> Frame | None:
        """Read once, and no more than belongs to the present frame; the frame where that completes it.

        Parameters
        ----------
        descriptor : int

        Raises
        ------
        EOFError
            Nothing more will come.
        OSError
            It cannot be read.
        ValueError
            A length is over its limit.
        """
        part = self._parts[-1]
        read = os.readv(descriptor, [memoryview(part)[self._filled : self._filled + _PIECE_BYTES]])
        if not read:
            raise EOFError
        self._filled += read
        return self._next_part() if self._filled == len(part) else None

    def _begin(self, size: int) -> None:
        self._parts.append(bytearray(size))
        self._filled = 0

    def _next_part(self) -> Frame | None:
        """Go on to the first part that has a length; the frame, where there is none left."""
        text_bytes, block_bytes = _HEAD.unpack(self._parts[0])
        if len(self._parts) == 1:
            if text_bytes > MOST_TEXT_BYTES or block_bytes > self.most_block_bytes:
                raise ValueError(f"a frame of {text_bytes:,} and {block_bytes:,} bytes, which is more than is taken")
            self._begin(text_bytes)
        if len(self._parts) == 2 and self._filled == text_bytes:
            self._begin(block_bytes)
        if len(self._parts) < 3 or self._filled < block_bytes:
            return None
        _, text, block = self._parts
        self._parts = []
        self._begin(_HEAD.size)
        return Frame(text, block)


def send(descriptor: int, message: Mapping[str, Any], block: bytes = b"", end_s: float | None = None) -> None:
    """Write one frame and wait until it is written.

    Parameters
    ----------
    descriptor : int
    message : mapping
        What JSON carries.
    block : bytes, default none
    end_s : float or None, default None
        When to give up, by `time.monotonic`; the descriptor must not block then.

    Raises
    ------
    OSError
        Nobody reads any more.
    TimeoutError
        Nobody read it in time.
    ValueError
        The text is longer than a reader takes.
    """
    for part in pack(json.dumps(message, separators=(",", ":")).encode("ascii"), [block]):
        left = memoryview(part)
        while left:
            try:
                left = left[os.write(descriptor, left[:_PIECE_BYTES]) :]
            except BlockingIOError:
                _wait(descriptor, select.POLLOUT, end_s)


def receive(descriptor: int, most_block_bytes: int, end_s: float | None = None) -> tuple[dict[str, Any], bytes]:
    """Wait for one frame, and read no further.

    Parameters
    ----------
    descriptor : int
    most_block_bytes : int
        Longest block that is taken.
    end_s : float or None, default None
        When to give up, by `time.monotonic`.

    Raises
    ------
    EOFError
        The other side is gone.
    TimeoutError
        It did not come in time.
    ValueError
        It is not a JSON object, or longer than it may be.
    """
    reader, frame = FrameReader(most_block_bytes), None
    while frame is None:
        if end_s is not None:
            _wait(descriptor, select.POLLIN, end_s)
        frame = reader.read(descriptor)
    try:
        message = json.loads(frame.text)
    except RecursionError:
        message = None
    if not isinstance(message, dict):
        raise ValueError("a message that says nothing")  # noqa: TRY004  of a stranger, not of a caller
    return message, bytes(frame.block)


def _wait(descriptor: int, what: int, end_s: float | None) -> None:
    poll = select.poll()  # select.select takes no descriptor above 1023
    poll.register(descriptor, what)
    if not poll.poll(None if end_s is None else max(0.0, end_s - time.monotonic()) * 1000):
        raise TimeoutError
