"""Pictures in memory: copied before anything is done to them, and never guessed at."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, StringIO

import numpy as np
import pytest
from PIL import Image

from vlmkit.errors import UnreadableImage
from vlmkit.sources import decode, fingerprint, is_picture, loaded, normalize, read, read_header, refer
from vlmkit.sources.objects import own_copy


def test_one_lazy_picture_in_many_threads() -> None:
    """Each gets a loaded copy of its own, and the picture stays as it was."""
    buffer = BytesIO()
    Image.effect_noise((300, 200), 60).save(buffer, "PNG")
    lazy = Image.open(BytesIO(buffer.getvalue()))
    with ThreadPoolExecutor(8) as pool:
        copies = list(pool.map(own_copy, [lazy] * 40))
    assert len({copy.tobytes() for copy in copies}) == 1
    copies[0].paste(0, (0, 0, 300, 200))
    assert lazy.tobytes() == copies[1].tobytes()


@pytest.mark.parametrize(
    ("array", "pixel"),
    [
        (np.full((4, 6), 200, np.uint8), (200, 200, 200)),
        (np.full((4, 6, 1), 200, np.uint8), (200, 200, 200)),
        (np.full((4, 6, 3), (250, 10, 10), np.uint8), (250, 10, 10)),
        (np.full((4, 6, 4), (250, 10, 10, 0), np.uint8), (255, 255, 255)),
        (np.full((4, 6, 3), (1.0, 0.5, 0.0), np.float32), (255, 128, 0)),
        (np.full((4, 6), 0.5, np.float64), (128, 128, 128)),
        (np.ones((4, 6), bool), (255, 255, 255)),
        (np.full((8, 12, 3), (250, 10, 10), np.uint8)[::2, ::-2], (250, 10, 10)),
    ],
)
def test_arrays_that_are_pictures(array: np.ndarray, pixel: tuple[int, int, int]) -> None:
    """Height by width, gray or in color, 8 bits or shares of white, contiguous or not."""
    ref = refer(array)
    assert ref.label == f"<array {'x'.join(map(str, array.shape))}>"
    assert (read_header(ref).width, read_header(ref).height, read_header(ref).format) == (6, 4, None)
    picture = normalize(ref, 100)
    assert (picture.width, picture.height) == (6, 4)
    assert all(abs(a - b) < 6 for a, b in zip(decode(picture).getpixel((3, 2)), pixel, strict=True))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((3, 40, 60), np.uint8), "move its channels last"),
        (np.zeros((2, 40, 60, 3), np.uint8), "give one picture a row"),
        (np.zeros(7, np.uint8), "give one picture a row"),
        (np.zeros((0, 5), np.uint8), "no pixels"),
        (np.zeros((4, 4), np.uint16), "values of type uint16 have no agreed black and white"),
        (np.full((4, 4), 128.0), "float64 have no agreed"),
        (np.array([[0.0, 1.0]]), "float64 have no agreed"),
        (np.array([[0.5, np.nan]]), "float64 have no agreed"),
        (np.array([[-0.5, 0.5]]), "float64 have no agreed"),
        (np.array([["a"]]), "have no agreed"),
        (np.array([[None]]), "object have no agreed"),
    ],
)
def test_arrays_that_may_be_anything(array: np.ndarray, message: str) -> None:
    """No guess is made: a wrong one would be described all the same."""
    for work in (read_header, fingerprint, lambda ref: normalize(ref, 100)):
        with pytest.raises(UnreadableImage, match=rf"<array [\dx]+>: .*{message}"):
            work(refer(array))


def test_an_array_is_one_picture_and_a_stack_is_several() -> None:
    """A video's frames need no list around them."""
    stack = np.zeros((5, 40, 60, 3), np.uint8)
    assert len(read(stack[0])) == 1
    assert [ref.source.shape for ref in read(stack)] == [(40, 60, 3)] * 5
    assert [ref.source for ref in read(np.array(["a.png", "b.png"]))] == ["a.png", "b.png"]
    assert [ref.source for ref in read(np.array(["a.png", None], dtype=object))] == ["a.png", None]


def test_the_caller_s_array_may_change_afterwards() -> None:
    """What was normalized stays as it was, and equal arrays have equal fingerprints."""
    array = np.full((4, 6, 3), 10, np.uint8)
    before, copied = fingerprint(refer(array)), fingerprint(refer(array.copy()))
    array[:] = 200
    assert before == copied != fingerprint(refer(array))
    assert loaded(refer(array)).source is array


def test_what_is_a_picture_among_other_data(tmp_path) -> None:
    """Texts, and arrays whose numbers are not one byte each, are data; a path is a picture where it says so."""
    pictures = [Image.new("L", (2, 2)), b"", bytearray(), BytesIO(), tmp_path, np.zeros((4, 4, 3), "uint8")]
    others = ["photo.png", None, 3, StringIO(), [b""], np.zeros((4, 4)), np.zeros(4, "uint8"), {"bytes": b""}]
    assert [is_picture(item) for item in pictures] == [True] * len(pictures)
    assert [is_picture(item) for item in others] == [False] * len(others)
