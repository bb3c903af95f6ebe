"""Pictures decoded ahead, within a budget of memory."""

import threading
from concurrent.futures import Future
from io import BytesIO

import pytest
from PIL import Image

from vlmkit.engines.picture_pool import PicturePool, decode_all
from vlmkit.engines.request import Request
from vlmkit.errors import Cancelled, UnreadableImage
from vlmkit.records import Ask, Picture, one_question

SIDE_PX = 20
SIZE = 4 * SIDE_PX**2


def picture(color="red", data=None):
    buffer = BytesIO()
    Image.new("RGB", (SIDE_PX, SIDE_PX), color).save(buffer, "PNG")
    kept = buffer.getvalue() if data is None else data
    return Picture(data=kept, media_type="image/png", width=SIDE_PX, height=SIDE_PX, digest=color)


def request(*pictures):
    return Request(0, Ask(messages=one_question("?", pictures)), "mlx:model", None)


class Taken:
    """Requests whose pictures came, in order."""

    def __init__(self):
        self.found: list[tuple[Request, Future]] = []
        self._changed = threading.Condition()

    def __call__(self, asked, images):
        with self._changed:
            self.found.append((asked, images))
            self._changed.notify_all()

    def wait(self, count, timeout_s=10):
        with self._changed:
            return self._changed.wait_for(lambda: len(self.found) >= count, timeout_s)


@pytest.fixture
def taken():
    return Taken()


@pytest.fixture
def pool(taken):
    made = PicturePool(2, taken, most_bytes=2 * SIZE)
    yield made
    made.shut()


def test_pictures_come_decoded_in_order():
    """RGB, each in its place."""
    images = decode_all((picture("red"), picture("blue")))
    assert [image.getpixel((3, 3)) for image in images] == [(255, 0, 0), (0, 0, 255)]


def test_no_more_is_decoded_than_the_budget_holds(pool, taken):
    """The others follow, one for each that was looked at."""
    asked = [request(picture()) for _ in range(5)]
    for each in asked:
        pool.put(each)
    assert taken.wait(2)
    assert not taken.wait(3, timeout_s=0.3)
    asked[0].let_go()
    asked[0].let_go()
    assert taken.wait(3)
    assert not taken.wait(4, timeout_s=0.3)


def test_an_ask_that_ends_gives_its_memory_back(pool, taken):
    """Whether it was looked at or given up; one that was given up before its turn takes none."""
    asked = [request(picture()) for _ in range(4)]
    for each in asked:
        pool.put(each)
    assert taken.wait(2)
    asked[2].future.cancel()
    asked[0].future.cancel()
    assert taken.wait(4)
    assert [images.result() for each, images in taken.found if each is asked[2]] == [[]]


def test_what_is_larger_than_the_budget_comes_alone(pool, taken):
    """It is never left out."""
    pool.put(request(*[picture() for _ in range(5)]))
    pool.put(request(picture()))
    assert taken.wait(1)
    assert not taken.wait(2, timeout_s=0.3)
    first, images = taken.found[0]
    assert len(images.result()) == 5
    first.let_go()
    assert taken.wait(2)


def test_a_damaged_picture_is_a_fault_of_its_request(pool, taken):
    """It comes with the future."""
    pool.put(request(picture(data=b"nothing")))
    assert taken.wait(1)
    assert isinstance(taken.found[0][1].exception(), UnreadableImage)


def test_a_shut_pool_hands_back_what_waits(pool):
    """Nothing is taken afterwards."""
    asked = [request(picture()) for _ in range(4)]
    for each in asked:
        pool.put(each)
    assert set(pool.shut()) == set(asked[2:])
    with pytest.raises(RuntimeError):
        pool.put(request(picture()))


def test_who_waits_for_an_answer_does_not_keep_the_request(pool, taken):
    """A future lives longer than the prompt that was made of its pictures."""
    import gc
    import weakref

    asked = request(picture())
    pool.put(asked)
    assert taken.wait(1)
    taken.found.clear()
    future, gone = asked.future, weakref.ref(asked)
    future.set_exception(Cancelled("over"))
    del asked
    gc.collect()
    assert gone() is None
