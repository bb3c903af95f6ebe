"""Messages of a process that is not believed: lengths first, nothing kept beyond them."""

import contextlib
import os
import struct
import threading
import time

import pytest

from vlmkit.sources.messages import MOST_TEXT_BYTES, receive, send


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
    with pytest.raises(ValueError, match="a message of"):
        send(line[1], {"a": "b" * MOST_TEXT_BYTES})
