"""Frames on a byte stream: a text and a block of bytes, their lengths said first and checked before a byte is kept."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["MOST_TEXT_BYTES", "Frame", "FrameReader", "pack"]

MOST_TEXT_BYTES = 32 * 2**20
"""Of one frame's text; as much as an answer over HTTP may have."""

_HEAD = struct.Struct("!IQ")


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
