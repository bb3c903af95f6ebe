"""Films that begin with nothing are asked about by their first frame with something in it."""

import dataclasses
from io import BytesIO

import pytest
from PIL import Image, ImageDraw

from vlmkit.errors import ImageTooLarge
from vlmkit.sources import Limits, decode, normalize, refer
from vlmkit.sources.first_frames import is_blank

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
