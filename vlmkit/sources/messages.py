"""Messages between this process and one that decodes for it: a JSON text and a block of bytes, lengths said first.

What comes from a process that decoded a stranger's file is read as a stranger's: lengths are checked before anything is
kept, and nothing in it is code.
"""

from __future__ import annotations

import json
import os
import select
import struct
import time
from collections.abc import Mapping
from typing import Any

__all__ = ["MOST_TEXT_BYTES", "receive", "send"]

MOST_TEXT_BYTES = 16 * 2**20
"""Of a message's JSON; the longest is every entry of a picture's EXIF."""

_HEAD = struct.Struct("!IQ")
_PIECE_BYTES = 2**20


def send(descriptor: int, message: Mapping[str, Any], block: bytes = b"", end_s: float | None = None) -> None:
    """Write a message.

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
    text = json.dumps(message, separators=(",", ":")).encode("ascii")
    if len(text) > MOST_TEXT_BYTES:
        raise ValueError(f"a message of {len(text):,} bytes")
    for part in (_HEAD.pack(len(text), len(block)) + text, block):
        left = memoryview(part)
        while left:
            try:
                left = left[os.write(descriptor, left[:_PIECE_BYTES]) :]
            except BlockingIOError:
                _wait(descriptor, select.POLLOUT, end_s)


def receive(descriptor: int, most_block_bytes: int, end_s: float | None = None) -> tuple[dict[str, Any], bytes]:
    """Read a message.

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
        It is no message, or longer than it may be.
    """
    text_bytes, block_bytes = _HEAD.unpack(_exactly(descriptor, _HEAD.size, end_s))
    if text_bytes > MOST_TEXT_BYTES or block_bytes > most_block_bytes:
        raise ValueError(f"a message of {text_bytes:,} and {block_bytes:,} bytes, which is more than is taken")
    try:
        message = json.loads(_exactly(descriptor, text_bytes, end_s))
    except RecursionError:
        message = None
    if not isinstance(message, dict):
        raise ValueError("a message that says nothing")  # noqa: TRY004  of a stranger, not of a caller
    return message, bytes(_exactly(descriptor, block_bytes, end_s))


def _exactly(descriptor: int, size: int, end_s: float | None) -> bytearray:
    data = bytearray(size)
    view, filled = memoryview(data), 0
    while filled < size:
        if end_s is not None:
            _wait(descriptor, select.POLLIN, end_s)
        read = os.readv(descriptor, [view[filled : filled + _PIECE_BYTES]])
        if not read:
            raise EOFError
        filled += read
    return data


def _wait(descriptor: int, what: int, end_s: float | None) -> None:
    poll = select.poll()  # select.select takes no descriptor above 1023
    poll.register(descriptor, what)
    if not poll.poll(None if end_s is None else max(0.0, end_s - time.monotonic()) * 1000):
        raise TimeoutError
