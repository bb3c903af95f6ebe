"""What a run took."""

import sys

from vlmkit.evaluation.resource_usage import ResourceUsage
from vlmkit.runner import Finished, Planned


def finished(**changes):
    facts = {"total": 4, "ok": 4, "failed": 0, "cancelled": 0, "seconds": 3.0, "stopped_early": False, "asked": 2}
    return Finished(**{**facts, "destinations": ("this process",), **changes})


def test_time_is_of_the_rows_that_were_asked():
    """Stored answers take none; the events go on to the caller."""
    heard = []
    meter = ResourceUsage(heard.append, "test")
    meter(Planned(total=4, workers=2))
    assert meter.seconds_per_image is None
    assert not meter.is_in_process
    meter(finished())
    assert meter.seconds_per_image == 1.5
    assert meter.is_in_process
    assert len(heard) == 2
    meter(finished(asked=0, destinations=()))
    assert meter.seconds_per_image is None


def test_memory_is_watched_while_it_is_open():
    """It grows with what is held; nothing keeps watching afterwards."""
    with ResourceUsage(False, "small") as small:
        pass
    with ResourceUsage(False, "large") as large:
        held = bytearray(b"x" * 200_000_000)
    assert large.peak_memory_mb > small.peak_memory_mb + 100
    del held
    assert not large._thread.is_alive()


def test_without_psutil_memory_is_unknown(monkeypatch):
    """Nothing fails for want of it."""
    monkeypatch.setitem(sys.modules, "psutil", None)
    with ResourceUsage(False, "test") as meter:
        pass
    assert meter.peak_memory_mb is None
