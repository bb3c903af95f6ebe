"""Limits come from the settings, together."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from hostile_pictures import nine
from PIL import Image

from vlmkit import settings
from vlmkit.errors import BadSetting, ImageTooLarge
from vlmkit.sources import Limits, decode, fingerprint, identity, limits, normalize, objects, pictures, refer
from vlmkit.sources.limits import DecodingBudget, decoding_bytes


def test_limits_are_settings() -> None:
    """Each may be set for the session, and holds from the next picture on."""
    assert Limits.in_force() == Limits(
        largest_image_bytes=512 * 1024**2,
        largest_image_pixels=180_000_000,
        largest_download_bytes=64 * 1024**2,
        download_timeout_s=30.0,
        allow_private_hosts=False,
        image_formats=None,
        isolate_images=False,
        image_timeout_s=60.0,
    )
    assert Limits.in_force(image_formats=["PNG"], isolate_images=None).image_formats == ("png",)
    settings.use(largest_image_bytes=10, allow_private_hosts=True)
    assert Limits.in_force().allow_private_hosts
    with pytest.raises(ImageTooLarge, match="11 bytes, more than the 10 that largest_image_bytes allows"):
        normalize(refer(b"x" * 11), 100)


def test_a_wrong_limit_is_a_setup_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the variable, and is not taken for a bad picture."""
    monkeypatch.setenv("VLMKIT_LARGEST_IMAGE_PIXELS", "lots")
    with pytest.raises(BadSetting, match="environment variable VLMKIT_LARGEST_IMAGE_PIXELS"):
        normalize(refer(b"x"), 100)


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


@pytest.mark.parametrize(
    ("mode", "per_pixel"), [("L", 6), ("P", 16), ("RGB", 13), ("RGBA", 16), ("F", 18), ("I;16", 16), ("CMYK", 16)]
)
def test_what_a_picture_takes(mode, per_pixel):
    """From the decoder to the last copy."""
    assert decoding_bytes(Image.new(mode, (100, 50))) == 100 * 50 * per_pixel


_NINE = """
import resource, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from vlmkit import sources
from vlmkit.sources import limits
files = sorted(Path(sys.argv[1]).iterdir())
budget = int(sys.argv[2])
limits.BUDGET._given_bytes = budget
for small in sorted(Path(sys.argv[3]).iterdir()):  # libraries load with the first picture
    sources.decode(sources.normalize(sources.refer(str(small)), 300, lossless=True))
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
before = peak()
def work(number):
    ref = sources.refer(str(files[number % len(files)]))
    if number < len(files):
        return sources.normalize(ref, 300).width
    return sources.decode(sources.normalize(ref, 300, lossless=True)).width
with ThreadPoolExecutor(9) as pool:
    assert set(pool.map(work, range(2 * len(files)))) == {300, int(sys.argv[4])}
print(peak() - before)
"""


def test_nine_hostile_pictures_at_once_stay_within_it(tmp_path):
    """On every way: kilobytes that are hundreds of megabytes each, and of formats whose decoders keep copies."""
    side, budget_bytes = 2000, 160 * MB
    for folder, size in (("large", side), ("small", 64)):
        (tmp_path / folder).mkdir()
        for name, data in nine(size).items():
            (tmp_path / folder / name).write_bytes(data)
    most_bytes = max(path.stat().st_size for path in (tmp_path / "large").iterdir())
    command = [sys.executable, "-c", _NINE, tmp_path / "large", str(budget_bytes), tmp_path / "small", str(side)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    # What was made (12 MB each) is not the budget's, nor are the files, nor what the allocator keeps for later.
    assert int(result.stdout) < budget_bytes + 9 * (3 * side**2 + most_bytes) + 64 * MB


class WatchedBudget(DecodingBudget):
    """The real one; how much it was asked for stands in a list."""

    def __init__(self, asked):
        super().__init__()
        self._asked = asked

    def hold(self, size_bytes):
        self._asked.append(size_bytes)
        return super().hold(size_bytes)


def test_a_later_page_that_is_larger_is_waited_for_anew(monkeypatch):
    """The first page is small and blank, and says nothing about the second."""
    asked = []
    monkeypatch.setattr(pictures, "BUDGET", WatchedBudget(asked))
    pages = [Image.new("L", (64, 64)), Image.linear_gradient("L").resize((2000, 2000)).convert("RGB")]
    buffer = BytesIO()
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    assert normalize(refer(buffer.getvalue()), 500).width == 500
    assert asked[-1] >= 2000 * 2000 * 13


def test_more_than_there_is_is_not_tried(monkeypatch):
    """A system that promises more memory than it has ends the process instead."""
    monkeypatch.setattr(limits, "available_bytes", lambda: 30 * MB)
    with pytest.raises(ImageTooLarge, match=r"not enough memory to decode it .* MiB are needed and 30 MiB are free"):
        normalize(refer(picture("PNG")), 500)
    assert normalize(refer(picture("PNG", size=(300, 200))), 500).width == 300


def test_objects_and_arrays_are_held_to_it(monkeypatch):
    """A file that was only opened is decoded when it is asked for its fingerprint; floats become bytes."""
    asked = []
    monkeypatch.setattr(identity, "BUDGET", WatchedBudget(asked))
    monkeypatch.setattr(objects, "BUDGET", WatchedBudget(asked))
    fingerprint(refer(Image.open(BytesIO(picture("PNG")))))
    assert asked == [4000 * 3000 * 13]
    array = np.linspace(0, 1, 3_000_000, dtype="float32").reshape(1000, 1000, 3)
    assert normalize(refer(array), 500).width == 500
    assert asked[1:] == [3 * array.nbytes]


def test_another_process_may_keep_it():
    """It is asked for what is needed, and told when that is over, whatever happens in between."""
    asked = []
    budget = DecodingBudget(MB)
    budget.kept_by(asked.append)
    with pytest.raises(RuntimeError), budget.hold(50 * MB):
        raise RuntimeError
    with budget.hold(MB):
        pass
    assert asked == [50 * MB, 0]


def picture(format_name, size=(4000, 3000), **options):
    buffer = BytesIO()
    Image.new("RGB", size, "teal").save(buffer, format_name, **options)
    return buffer.getvalue()


def test_pictures_of_a_run_are_held_to_it(monkeypatch):
    """Nine large ones at once, made small and looked at."""
    data = picture("PNG")
    meter = Meter(330 * MB)
    monkeypatch.setattr(pictures, "BUDGET", meter)
    made = together(lambda _: normalize(refer(data), 500))
    assert len({each.digest for each in made}) == 1
    assert (meter.most_threads, meter.most_held_bytes <= 330 * MB) == (2, True)
    whole = normalize(refer(data), 500, lossless=True)
    meter.most_threads = 0
    together(lambda _: decode(whole))
    assert meter.most_threads == 2


def test_a_jpeg_takes_what_it_is_decoded_to(monkeypatch):
    """A photo that is made small is decoded small; of a progressive one all coefficients are kept."""
    asked = []
    monkeypatch.setattr(pictures, "BUDGET", WatchedBudget(asked))
    normalize(refer(picture("JPEG")), 500)
    normalize(refer(picture("JPEG", progressive=True)), 500)
    baseline, progressive = asked
    assert baseline == 1000 * 750 * 13
    assert progressive == baseline + 4000 * 3000 * 2 * 3
