"""Thumbnails are pictures as models get them, in fewer bytes."""

import numpy as np
import pytest
from making_pictures import encoded, noise
from PIL import Image

from vlmkit.errors import UnreadableImage
from vlmkit.sources import decode, normalize, refer, thumbnail


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
