"""Drawn pictures are what they say, also stored turned."""

from io import BytesIO

import pytest
from PIL import Image

from vlmkit.sources import decode, normalize, refer
from vlmkit.sources.drawing import COLORS, PLACES, SHAPES, Shape, draw


def color_at(image, place):
    """Name of the color in the middle of a cell."""
    row, column = divmod(PLACES.index(place), 3)
    pixel = image.getpixel((int((column + 0.5) * image.width / 3), int((row + 0.5) * image.height / 3)))
    return min(COLORS, key=lambda name: sum((a - b) ** 2 for a, b in zip(COLORS[name], pixel, strict=True)))


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_is_where_and_what_it_shall_be(shape):
    """In each of the nine cells, in its color, on the background."""
    for number, place in enumerate(PLACES):
        color = ("red", "green", "blue")[number % 3]
        image = Image.open(BytesIO(draw([Shape(shape=shape, color=color, place=place)], background="white")))
        assert image.size == (192, 192)
        assert {other: color_at(image, other) for other in PLACES} == {
            other: color if other == place else "white" for other in PLACES
        }


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_turned_upright_it_is_the_picture_meant(orientation):
    """Whatever way the pixels lie, the normalizer gives back what was drawn; the stored pixels differ."""
    shapes = [Shape(shape="circle", color="red", place="top"), Shape(shape="square", color="blue", place="left")]
    data = draw(shapes, background="yellow", orientation=orientation)
    upright = decode(normalize(refer(data), 192))
    assert (color_at(upright, "top"), color_at(upright, "left"), color_at(upright, "bottom")) == (
        "red",
        "blue",
        "yellow",
    )
    stored = Image.open(BytesIO(data))
    assert (color_at(stored, "top") == "red") is (orientation == 1)
