"""Thumbnails are pictures as models get them, in fewer bytes."""

from io import BytesIO

import numpy as np
import pytest
from making_pictures import encoded, noise
from PIL import Image

from vlmkit.errors import UnreadableImage
from vlmkit.sources import decode, normalize, refer, thumbnail
from vlmkit.sources.drawing import Shape, draw_shapes
from vlmkit.sources.thumbnails import color_grid


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
