"""Frames are counted as Pillow counts them, and hostile files do not keep the counter busy."""

from __future__ import annotations

import dataclasses
from io import BytesIO

import pytest
from making_pictures import encoded, noise
from PIL import Image, ImageDraw

from vlmkit.errors import ImageTooLarge
from vlmkit.sources import Limits, decode, normalize, refer
from vlmkit.sources.frames import MOST_FRAMES, count_frames, is_blank

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


SIZE = (64, 48)


def scene(color="red"):
    image = Image.new("RGB", SIZE, "navy")
    ImageDraw.Draw(image).ellipse((10, 10, 40, 40), fill=color)
    return image


def film(frames, name):
    buffer = BytesIO()
    options = {"lossless": True} if name == "WEBP" else {}
    frames[0].save(buffer, name, save_all=True, append_images=frames[1:], **options)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG", "TIFF"])
@pytest.mark.parametrize("blank", ["black", "white", (120, 120, 120)])
def test_empty_frames_in_front_are_passed(name, blank):
    """A fade-in, a white title, an empty first page."""
    data = film([Image.new("RGB", SIZE, blank)] * 2 + [scene(), scene("lime")], name)
    red, green, _ = decode(normalize(refer(data), 100)).getpixel((25, 25))
    assert red > 180
    assert green < 80


def test_the_first_frame_is_taken_where_it_shows_something():
    """Also a single color that is none of black, white and gray."""
    red = decode(normalize(refer(film([Image.new("RGB", SIZE, "red"), scene("lime")], "PNG")), 100))
    assert red.getpixel((5, 5))[0] > 200


def test_a_film_of_nothing_is_its_first_frame():
    """There is no better one."""
    data = film([Image.new("RGB", SIZE, "white"), Image.new("RGB", SIZE, "black")], "WEBP")
    assert decode(normalize(refer(data), 100)).getpixel((5, 5)) == (255, 255, 255)


def test_no_more_frames_are_looked_at_than_is_sensible():
    """Of a hundred empty ones the rest is not decoded."""
    frames = [Image.new("RGB", SIZE, "black")] * 50 + [scene()]
    frames = [frame.copy() for frame in frames]
    for number, frame in enumerate(frames[:50]):
        frame.putpixel((0, 0), (number % 3, 0, 0))
    assert decode(normalize(refer(film(frames, "PNG")), 100)).getpixel((25, 25))[0] < 20


def test_each_page_is_checked_before_it_is_decoded():
    """A small first page, and a bomb behind it."""
    data = film([Image.new("L", (8, 8)), Image.new("L", (400, 400))], "TIFF")
    limits = dataclasses.replace(Limits.in_force(), largest_image_pixels=1000)
    with pytest.raises(ImageTooLarge):
        normalize(refer(data), 100, limits=limits)


@pytest.mark.parametrize(
    ("image", "blank"),
    [
        (Image.new("RGB", SIZE, "black"), True),
        (Image.new("L", SIZE, 77), True),
        (Image.new("RGBA", SIZE, (255, 0, 0, 0)), True),
        (Image.new("RGB", SIZE, (250, 255, 252)), True),
        (Image.new("RGB", SIZE, "orange"), False),
        (scene(), False),
        (Image.linear_gradient("L"), False),
    ],
)
def test_blank_is_one_gray_or_nothing(image, blank):
    """Black, white, gray, transparent; a color is something."""
    before = image.tobytes()
    assert is_blank(image) is blank
    assert image.tobytes() == before
