"""Drawn pictures are what they say, also stored turned."""

from io import BytesIO

import pytest
from PIL import Image

from vlmkit.sources import decode, draw_grid, normalize, refer
from vlmkit.sources.drawing import COLORS, PLACES, SHAPES, Shape, draw_shapes


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
        image = Image.open(BytesIO(draw_shapes([Shape(shape=shape, color=color, place=place)], background="white")))
        assert image.size == (192, 192)
        assert {other: color_at(image, other) for other in PLACES} == {
            other: color if other == place else "white" for other in PLACES
        }


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_turned_upright_it_is_the_picture_meant(orientation):
    """Whatever way the pixels lie, the normalizer gives back what was drawn; the stored pixels differ."""
    shapes = [Shape(shape="circle", color="red", place="top"), Shape(shape="square", color="blue", place="left")]
    data = draw_shapes(shapes, background="yellow", orientation=orientation)
    upright = decode(normalize(refer(data), 192))
    assert (color_at(upright, "top"), color_at(upright, "left"), color_at(upright, "bottom")) == (
        "red",
        "blue",
        "yellow",
    )
    stored = Image.open(BytesIO(data))
    assert (color_at(stored, "top") == "red") is (orientation == 1)


CHECKS = bytes(255 if (x + y) % 2 else 0 for y in range(4) for x in range(4) for _ in range(3))


def test_pixels_are_enlarged_as_they_are():
    """Each is a square of one color, 96 times as wide."""
    picture = draw_grid([(4, 4, CHECKS)], None)
    assert picture.size == (384, 384)
    assert {color for _, color in picture.getcolors()} == {(0, 0, 0), (255, 255, 255)}
    assert [picture.getpixel((x, 50))[0] for x in (5, 95, 101, 190, 200)] == [0, 0, 255, 255, 0]


def test_lines_stand_between_patches():
    """White beside black, so that they are seen on any ground; none at the edges."""
    picture = draw_grid([(4, 4, bytes([120] * 48))], 2)
    assert picture.getpixel((192, 10)) == (255, 255, 255)
    assert picture.getpixel((193, 10)) == (0, 0, 0)
    assert picture.getpixel((10, 192)) == (255, 255, 255)
    assert picture.getpixel((0, 10)) == picture.getpixel((383, 100)) == (120, 120, 120)


def test_thicker_lines_stand_between_tokens():
    """Five pixels wide where squares of patches make one token, one where patches of one token meet."""
    picture = draw_grid([(4, 4, bytes([120] * 48))], 1, 2)
    assert [picture.getpixel((x, 10)) for x in range(189, 196)] == [
        (120, 120, 120), *[(255, 255, 255)] * 5, (0, 0, 0)
    ]  # fmt: skip
    assert [picture.getpixel((x, 10)) for x in range(95, 99)] == [
        (120, 120, 120), (255, 255, 255), (0, 0, 0), (120, 120, 120)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tiles", "size"), [(2, (384 * 2 + 8, 384)), (5, (384 * 4 + 24, 384 * 2 + 8)), (30, (1560, 1168))]
)
def test_tiles_stand_side_by_side(tiles, size):
    """In rows of four, twelve at most."""
    assert draw_grid([(4, 4, CHECKS)] * tiles, 2).size == size


def test_a_large_picture_keeps_its_size():
    """It is not made smaller either."""
    assert draw_grid([(600, 400, bytes(600 * 400 * 3))], 14).size == (600, 400)
