"""Pictures that are objects in memory, as pictures of our own."""

from __future__ import annotations

import threading

from PIL import Image

__all__ = ["own_copy"]

# A picture handed in as an object may stand in several rows, and Pillow loads one object from one thread only.
_loading = threading.Lock()


def own_copy(image: Image.Image) -> Image.Image:
    """Loaded copy of a caller's picture, which may be asked for from many threads at once.

    Parameters
    ----------
    image : PIL.Image.Image
        Is not changed, other than being loaded.
    """
    with _loading:
        return image.copy()
