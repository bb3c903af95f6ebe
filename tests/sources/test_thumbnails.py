"""Thumbnails are pictures as models get them, in fewer bytes."""

from io import BytesIO

import numpy as np
import pytest
from making_pictures import encoded, noise
from PIL import Image

from vlmkit.errors import BadSetting, UnreadableImage
from vlmkit.sources import decode, normalize, refer, thumbnail
from vlmkit.sources.drawing import Shape, draw_shapes
from vlmkit.sources.thumbnails import color_grid, crop_picture


def test_a_thumbnail_has_the_same_pixels_in_fewer_bytes():
    """Size and look of the normalized picture."""
    ref = refer(encoded(noise((400, 300)), "JPEG", quality=95))
    small, normal = thumbnail(ref, 160), normalize(ref, 160)
    assert (small.width, small.height) == (normal.width, normal.height) == (160, 120)
    assert len(small.data) < 0.8 * len(normal.data)
    assert decode(small).size == (160, 120)
    means = [np.asarray(decode(picture)).mean(axis=(0, 1)) for picture in (small, normal)]
    assert means[0] == pytest.approx(means[1], abs=2)


def test_what_is_small_already_stays():
    """A flat PNG is smaller than any JPEG of it."""
    ref = refer(encoded(Image.new("RGB", (50, 40), "teal"), "PNG"))
    assert thumbnail(ref, 160) == normalize(ref, 160)


def test_a_bad_picture_is_an_error_of_the_usual_kind():
    """As with `normalize`."""
    with pytest.raises(UnreadableImage):
        thumbnail(refer(b"no picture"), 160)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_part_has_the_pixels_of_the_whole(orientation):
    """Upright, widened to whole pixels, shrunk only where it is too large."""
    shapes = [Shape(shape="square", color="red", place="top left")]
    ref = refer(draw_shapes(shapes, background="white", orientation=orientation))
    whole = np.asarray(decode(normalize(ref, 5000, lossless=True)))
    part = crop_picture(ref, (0, 0.25, 0.5, 0.75), 5000)
    height, width = whole.shape[:2]
    assert abs(part.width - width / 2) <= 1
    assert abs(part.height - height / 2) <= 1
    wanted = whole[int(height / 4) : int(height / 4) + part.height, : part.width]
    assert np.abs(np.asarray(decode(part)).astype(int) - wanted).mean() < 3
    assert crop_picture(ref, (0, 0, 1, 1), 50).width <= 50


@pytest.mark.parametrize("box", [(0.5, 0, 0.5, 1), (0, 0, 1, 1.5), (-0.1, 0, 1, 1), (0, 0, float("nan"), 1)])
def test_a_part_that_is_none_is_refused(box):
    """Empty, or outside of the picture."""
    with pytest.raises(BadSetting, match="as fractions of the picture from 0 to 1"):
        crop_picture(refer(Image.new("RGB", (9, 9))), box, 100)


def test_a_grid_has_the_colors_where_they_are():
    """Upright, whatever the file says about its pixels."""
    shapes = [Shape(shape="square", color="red", place="top left")]
    for orientation in (1, 3, 6):
        grid = color_grid(refer(draw_shapes(shapes, background="white", orientation=orientation)), 3)
        assert grid.shape == (3, 3, 3)
        assert grid.dtype == np.uint8
        assert int(grid[0, 0, 0]) - int(grid[0, 0, 1]) > 60
        assert grid[2, 2].min() > 230


def test_a_file_of_any_kind():
    """As the normalizer reads it; what is not a picture says so."""
    buffer = BytesIO()
    Image.new("RGBA", (300, 20), (0, 0, 255, 0)).save(buffer, "PNG")
    assert color_grid(refer(buffer.getvalue()), 2).min() > 250  # transparent is white
    with pytest.raises(UnreadableImage):
        color_grid(refer(b"no picture"), 2)
