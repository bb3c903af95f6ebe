"""Pictures that look like nothing, different for every seed."""

import numpy as np

from vlmkit import sources


def picture(seed, size=(50, 40), block_px=5):
    """A normalized picture of random blocks.

    Parameters
    ----------
    seed : int
    size : tuple of int
        Width and height.
    block_px : int
    """
    width, height = size
    shape = (-(-height // block_px), -(-width // block_px), 3)
    colors = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    pixels = colors.repeat(block_px, axis=0).repeat(block_px, axis=1)[:height, :width]
    return sources.normalize(sources.refer(b"P6 %d %d 255\n" % size + pixels.tobytes()), 1568)
