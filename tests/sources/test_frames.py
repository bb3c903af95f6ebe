"""Frames are counted as Pillow counts them, and hostile files do not keep the counter busy."""

from __future__ import annotations

from io import BytesIO

import pytest
from making_pictures import encoded, noise
from PIL import Image

from vlmkit.sources.frames import MOST_FRAMES, count_frames

GIF_FRAME = b",\0\0\0\0\1\0\1\0\0\2\0"


def count(data: bytes) -> int | None:
    file = BytesIO(data)
    return count_frames(Image.open(file), file)


@pytest.mark.parametrize("name", ["GIF", "TIFF"])
@pytest.mark.parametrize("frames", [1, 2, 7])
def test_as_many_as_pillow_finds(name: str, frames: int) -> None:
    """With palettes, comments and pages of their own."""
    several = [noise((20, 10), seed).quantize(16) for seed in range(frames)]
    data = encoded(several[0], name, save_all=True, append_images=several[1:], comment=b"x" * 600)
    assert count(data) == Image.open(BytesIO(data)).n_frames == frames


def test_large_and_big_endian_tiffs() -> None:
    """Both forms of the directory chain, in both byte orders."""
    pages = [noise((20, 10), seed) for seed in range(3)]
    assert count(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], big_tiff=True)) == 3
    page = b"\0\1\1\0\0\3\0\0\0\1\0\1\0\0"
    chain = b"".join(page + (8 + 18 * (i + 1) if i < 2 else 0).to_bytes(4, "big") for i in range(3))
    file = BytesIO(b"MM\0*\0\0\0\x08" + chain)
    image = Image.new("L", (1, 1))
    image.format = "TIFF"
    assert count_frames(image, file) == 3


def test_a_chain_that_bites_its_own_tail_ends() -> None:
    """After each of its pages once."""
    image = Image.new("L", (1, 1))
    image.format = "TIFF"
    assert count_frames(image, BytesIO(b"II*\0\x08\0\0\0" + b"\0\0\x0e\0\0\0" + b"\0\0\x08\0\0\0")) == 2


def test_too_many_to_count() -> None:
    """A megabyte can hold a hundred thousand frames."""
    plain = encoded(Image.new("L", (1, 1)), "GIF")
    assert count(plain[:-1] + GIF_FRAME * 50 + b";") == 51
    assert count(plain[:-1] + GIF_FRAME * 100_000 + b";") is None
    assert MOST_FRAMES < 100_000


def test_a_film_that_breaks_off() -> None:
    """In the middle of a frame the count is unknown; after one it is what there is."""
    several = [noise((20, 10), seed) for seed in range(3)]
    data = encoded(several[0], "GIF", save_all=True, append_images=several[1:])
    assert count(data[:-1]) == 3
    assert count(data[:-20]) is None
    tiff = encoded(several[0], "TIFF", save_all=True, append_images=several[1:])
    file = BytesIO(tiff)
    image = Image.open(file)
    assert count_frames(image, BytesIO(tiff[: len(tiff) // 2])) is None
