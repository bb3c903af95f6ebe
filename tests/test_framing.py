"""Frames come out as they went in, however the bytes are cut; a length that is too large costs no memory."""

import contextlib
import os
import random
import struct
import threading
import time

import pytest

from vlmkit.framing import MOST_TEXT_BYTES, FrameReader, pack, receive, send


@pytest.fixture
def line():
    """Both ends of a pipe."""
    ends = os.pipe()
    yield ends
    for end in ends:
        with contextlib.suppress(OSError):
            os.close(end)


def put(line, data):
    os.write(line[1], data)


def test_a_message_arrives_with_its_block(line):
    """However large; the reader takes it while it is written."""
    block = os.urandom(3_000_000)
    writer = threading.Thread(target=send, args=(line[1], {"a": ["ü", 1, None]}, block))
    writer.start()
    assert receive(line[0], len(block)) == ({"a": ["ü", 1, None]}, block)
    writer.join()


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!IQ", MOST_TEXT_BYTES + 1, 0),
        struct.pack("!IQ", 2, 11) + b"{}",
        struct.pack("!IQ", 2**32 - 1, 2**64 - 1),
        struct.pack("!IQ", 3, 0) + b"abc",
        struct.pack("!IQ", 2, 0) + b"[]",
        struct.pack("!IQ", 2, 0) + b"\xff\xff",
        struct.pack("!IQ", 60_000, 0) + b"[" * 60_000,
    ],
)
def test_what_cannot_be_is_refused(line, data):
    """Too long, no JSON, no object, nested without end."""
    put(line, data)
    with pytest.raises(ValueError):
        receive(line[0], 10)


def test_nothing_more_comes(line):
    """In the middle of a message."""
    put(line, struct.pack("!IQ", 100, 0) + b"{")
    os.close(line[1])
    with pytest.raises(EOFError):
        receive(line[0], 10)


def test_silence_ends_at_the_deadline(line):
    """Reading, in the middle of a message; and writing to somebody who does not read."""
    put(line, struct.pack("!IQ", 100, 0) + b"{")
    with pytest.raises(TimeoutError):
        receive(line[0], 10, time.monotonic() + 0.05)
    os.set_blocking(line[1], False)
    with pytest.raises(TimeoutError):
        send(line[1], {}, b"\0" * 10_000_000, time.monotonic() + 0.05)


def test_a_message_may_not_be_longer_than_is_read(line):
    """Said to whoever writes it."""
    with pytest.raises(ValueError, match="bytes of text"):
        send(line[1], {"a": "b" * MOST_TEXT_BYTES})


FRAMES = [(b"", []), (b"{}", []), (b'{"a": 1}', [b"x" * 7_000, b"", b"yz"]), (b"", [b"only a block"]), (b"last", [])]


@pytest.mark.parametrize("cut", ["whole", "bytes", "odd"])
def test_frames_come_out_as_they_went_in(cut):
    """In one piece, byte by byte, and in pieces of any length."""
    data = b"".join(piece for text, blocks in FRAMES for piece in pack(text, blocks))
    chance = random.Random(1)
    reader, place, got = FrameReader(100_000), 0, []
    while place < len(data):
        size = {"whole": len(data), "bytes": 1, "odd": chance.randrange(1, 4_000)}[cut]
        got += reader.feed(data[place : place + size])
        place += size
    assert [(bytes(frame.text), bytes(frame.block)) for frame in got] == [
        (text, b"".join(blocks)) for text, blocks in FRAMES
    ]


def test_a_length_over_its_limit_is_refused_before_anything_is_kept():
    """Of the text, of the block, and of what is sent; the limit of blocks may change."""
    head = pack(b"", [])[0]
    with pytest.raises(ValueError, match="more than is taken"):
        list(FrameReader(10).feed((2**31).to_bytes(4, "big") + head[4:]))
    with pytest.raises(ValueError, match="more than is taken"):
        list(FrameReader(10).feed(head[:4] + (2**62).to_bytes(8, "big")))
    reader = FrameReader(0)
    reader.most_block_bytes = 3
    assert [frame.block for frame in reader.feed(b"".join(pack(b"a", [b"123"])))] == [b"123"]
    with pytest.raises(ValueError, match="at most"):
        pack(b" " * (MOST_TEXT_BYTES + 1))


def test_half_a_frame_is_no_frame():
    """Nothing comes before its last byte."""
    data = b"".join(pack(b"text", [b"block"]))
    reader = FrameReader(100)
    assert list(reader.feed(data[:-1])) == []
    assert [bytes(frame.text) for frame in reader.feed(data[-1:])] == [b"text"]
