"""Frames come out as they went in, however the bytes are cut; a length that is too large costs no memory."""

import random

import pytest

from vlmkit.engines.isolation.frames import MOST_TEXT_BYTES, FrameReader, pack

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
