"""Pictures that are objects in memory, as pictures of our own."""

from __future__ import annotations

import os
import sys
import threading
from io import BytesIO, IOBase, TextIOBase
from typing import Any

from PIL import Image

from vlmkit.errors import UnreadableImage
from vlmkit.records import ImageRef, Picture
from vlmkit.sources.limits import BUDGET

__all__ = ["content_of", "image_of", "is_array", "is_object", "is_one_picture", "is_picture", "own_copy"]

# A picture handed in as an object may stand in several rows, and Pillow loads one object from one thread only.
_loading = threading.Lock()
_FLOAT_COPIES = 3  # multiplied, rounded, cut to bytes and handed to Pillow


def image_of(ref: ImageRef) -> Image.Image | None:
    """Picture of a reference to an object; None where it is to encoded bytes, somewhere.

    Parameters
    ----------
    ref : ImageRef

    Raises
    ------
    UnreadableImage
        An array that is not clearly a picture.
    """
    if isinstance(ref.source, Image.Image):
        return ref.source
    return _from_array(ref.source, ref.label) if is_array(ref.source) else None


def is_object(ref: ImageRef) -> bool:
    """Whether a reference is to a picture in memory, rather than to encoded bytes somewhere.

    Parameters
    ----------
    ref : ImageRef
    """
    return isinstance(ref.source, Image.Image) or is_array(ref.source)


def own_copy(image: Image.Image) -> Image.Image:
    """Loaded copy of a caller's picture, which may be asked for from many threads at once.

    Parameters
    ----------
    image : PIL.Image.Image
        Is not changed, other than being loaded.
    """
    with _loading:
        return image.copy()


def content_of(item: Any) -> Any:
    """Bytes of a file-like object such as `io.BytesIO`, from its beginning; anything else as it is.

    Parameters
    ----------
    item : object
    """
    if isinstance(item, BytesIO):
        return item.getvalue()
    if not isinstance(item, IOBase) or isinstance(item, TextIOBase):
        return item
    try:
        if item.seekable():
            item.seek(0)
        data = item.read()
    except (OSError, ValueError):  # closed, or not for reading: said when the row is opened
        return item
    return data if isinstance(data, bytes) else item


def is_array(item: object) -> bool:
    """Whether something is a numpy array; numpy itself is not needed for the answer."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(item, numpy.ndarray)


def is_one_picture(item: object) -> bool:
    """Whether something is an array of one picture, rather than of several or of their paths."""
    return is_array(item) and item.ndim in {2, 3} and item.dtype.kind in "buif"  # type: ignore[attr-defined]


def is_picture(item: object) -> bool:
    """Whether what a function returned is a picture, rather than a text or other data.

    Parameters
    ----------
    item : object
        A text is none, though it may be a path: a ``pathlib.Path`` says that it is. Numbers in an array are those of a
        picture where each is one byte.
    """
    if isinstance(item, ImageRef | Picture | Image.Image | bytes | bytearray | memoryview | os.PathLike):
        return True
    if isinstance(item, IOBase):
        return not isinstance(item, TextIOBase)
    return is_one_picture(item) and item.dtype.name == "uint8"  # type: ignore[attr-defined]


def _from_array(array: Any, label: str) -> Image.Image:
    array = _shaped(array, label)
    if array.dtype == bool or array.dtype.name == "uint8":
        return Image.fromarray(array)
    if array.dtype.kind == "f":
        with BUDGET.hold(_FLOAT_COPIES * array.nbytes):
            if _spans_zero_to_one(array):
                return Image.fromarray((array * 255).round().astype("uint8"))
    advice = "scale it to 0 … 255 and pass it as uint8"
    raise UnreadableImage(f"{label}: values of type {array.dtype} have no agreed black and white; {advice}.")


def _spans_zero_to_one(array: Any) -> bool:
    """Whether floats are shares of white beyond doubt: a few of 0 and 1 alone could as well be nearly black."""
    low, high = array.min(), array.max()
    return bool(low >= 0 and high <= 1 and ((array > 0) & (array < 1)).any())


def _shaped(array: Any, label: str) -> Any:
    """The array without a third axis for one channel, where it has the shape of a picture."""
    shape = array.shape
    if len(shape) == 3 and shape[2] == 1:
        array = array[:, :, 0]
    elif not (len(shape) == 2 or (len(shape) == 3 and shape[2] in {3, 4})):
        hint = "move its channels last" if len(shape) == 3 and shape[0] in {1, 3, 4} else "give one picture a row"
        raise UnreadableImage(f"{label}: a picture's shape is (height, width), or with 3 or 4 channels; {hint}.")
    if 0 in shape:
        raise UnreadableImage(f"{label}: no pixels; give an array with some.")
    return array
