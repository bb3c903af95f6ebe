"""Pictures as a few colors."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from vlmkit.errors import UnreadableImage
from vlmkit.sources import refer
from vlmkit.sources.color_grid import color_grid
from vlmkit.sources.drawing import Shape, draw


def test_a_grid_has_the_colors_where_they_are():
    """Upright, whatever the file says about its pixels."""
    shapes = [Shape(shape="square", color="red", place="top left")]
    for orientation in (1, 3, 6):
        grid = color_grid(refer(draw(shapes, background="white", orientation=orientation)), 3)
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
