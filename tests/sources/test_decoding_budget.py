"""Pictures that are decoded at the same time share one budget of memory."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from PIL import Image

from vlmkit.sources import decode, normalize, pictures, refer
from vlmkit.sources.decoding_budget import DecodingBudget, decoding_bytes

MB = 1024**2


class Meter(DecodingBudget):
    """Remembers the most that was held at one time, in bytes and in threads."""

    def __init__(self, most_bytes):
        super().__init__(most_bytes)
        self.most_held_bytes = self.most_threads = self.threads = 0
        self.lock = threading.Lock()

    def hold(self, size_bytes):
        meter, held = self, super().hold(size_bytes)

        class Metered:
            def __enter__(self):
                held.__enter__()
                with meter.lock:
                    meter.threads += 1
                    meter.most_threads = max(meter.most_threads, meter.threads)
                    meter.most_held_bytes = max(meter.most_held_bytes, meter._held_bytes)

            def __exit__(self, *error):
                with meter.lock:
                    meter.threads -= 1
                return held.__exit__(*error)

        return Metered()


def together(work, threads=9):
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, range(threads)))


def test_no_more_is_held_than_there_is():
    """By nine threads that want a third of it each."""
    meter = Meter(100 * MB)

    def work(_):
        with meter.hold(33 * MB):
            time.sleep(0.02)

    together(work)
    assert (meter.most_threads, meter.most_held_bytes) == (3, 99 * MB)


def test_what_is_larger_than_all_of_it_comes_alone():
    """It neither waits for ever nor runs beside another."""
    meter = Meter(20 * MB)

    def work(_):
        with meter.hold(500 * MB):
            time.sleep(0.01)

    together(work)
    assert meter.most_threads == 1


def test_small_ones_do_not_wait():
    """Not even while all of it is held."""
    meter = Meter(20 * MB)
    with meter.hold(500 * MB), meter.hold(MB):
        assert meter.threads == 2


def test_a_fault_gives_it_back():
    """The next one is not kept waiting."""
    budget = DecodingBudget(20 * MB)
    for _ in range(3):
        with pytest.raises(RuntimeError), budget.hold(500 * MB):
            raise RuntimeError
    with budget.hold(500 * MB):
        pass


def test_a_large_one_is_not_passed_for_ever():
    """While small ones keep coming."""
    budget, order = DecodingBudget(100 * MB), []
    begun, ends = threading.Event(), threading.Event()

    def hold(name, size_bytes):
        with budget.hold(size_bytes):
            order.append(name)
            begun.set()
            ends.wait(10)

    threads = [threading.Thread(target=hold, args=("first", 40 * MB))]
    threads[0].start()
    begun.wait(10)
    for name, size_bytes in (("large", 90 * MB), ("later", 40 * MB)):
        threads.append(threading.Thread(target=hold, args=(name, size_bytes)))
        threads[-1].start()
        time.sleep(0.1)
    ends.set()
    for thread in threads:
        thread.join(10)
    assert order == ["first", "large", "later"]


@pytest.mark.parametrize(("mode", "per_pixel"), [("L", 1), ("P", 1), ("RGB", 4), ("RGBA", 4), ("F", 4), ("I;16", 2)])
def test_what_a_picture_takes(mode, per_pixel):
    """As Pillow keeps it, three times over."""
    assert decoding_bytes(Image.new(mode, (100, 50))) == 100 * 50 * per_pixel * 3


def picture(format_name, size=(4000, 3000), **options):
    buffer = BytesIO()
    Image.new("RGB", size, "teal").save(buffer, format_name, **options)
    return buffer.getvalue()


def test_pictures_of_a_run_are_held_to_it(monkeypatch):
    """Nine large ones at once, made small and looked at."""
    data = picture("PNG")
    meter = Meter(300 * MB)
    monkeypatch.setattr(pictures, "BUDGET", meter)
    made = together(lambda _: normalize(refer(data), 500))
    assert len({each.digest for each in made}) == 1
    assert (meter.most_threads, meter.most_held_bytes <= 300 * MB) == (2, True)
    whole = normalize(refer(data), 500, lossless=True)
    meter.most_threads = 0
    together(lambda _: decode(whole))
    assert meter.most_threads == 2


def test_a_jpeg_takes_what_it_is_decoded_to(monkeypatch):
    """A photo that is made small is decoded small; of a progressive one all coefficients are kept."""
    asked = []

    class Budget(DecodingBudget):
        def hold(self, size_bytes):
            asked.append(size_bytes)
            return super().hold(size_bytes)

    monkeypatch.setattr(pictures, "BUDGET", Budget())
    normalize(refer(picture("JPEG")), 500)
    normalize(refer(picture("JPEG", progressive=True)), 500)
    baseline, progressive = asked
    assert baseline == 1000 * 750 * 4 * 3
    assert progressive == baseline + 4000 * 3000 * 2 * 3
