"""Patches drawn over pictures: where they are cut, and not a pixel smoother than the model has them."""

import pytest

from vlmkit.sources import draw_grid

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
