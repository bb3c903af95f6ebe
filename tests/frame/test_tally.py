"""Counting events, whatever thread reads."""

import pytest

from vlmkit.errors import Cancelled, TimedOut
from vlmkit.frame import tally as tallies
from vlmkit.frame.tally import Progress, Tally
from vlmkit.records import ImageRef, Reply, Usage
from vlmkit.runner import Done, Finished, Planned


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when they are told to."""

    class Clock:
        now_s = 1000.0

        def monotonic(self):
            return self.now_s

    made = Clock()
    monkeypatch.setattr(tallies, "time", made)
    return made


def done(index, *, fault=None, from_store=False, tokens=4):
    usage = Usage(completion_tokens=tokens)
    reply = None if fault else Reply(text=f"text {index}", finish_reason="stop", model="m", usage=usage)
    return Done(index=index, total=10, seconds=0.1, from_store=from_store, fault=fault, reply=reply)


def finished(**counts):
    return Finished(
        **({"total": 10, "ok": 0, "failed": 0, "cancelled": 0, "seconds": 1, "stopped_early": False} | counts)
    )


def test_nothing_has_happened_yet(clock):
    """Zeros, and no rates out of thin air."""
    assert Tally().progress() == Progress()


def test_rates_are_those_of_late(clock):
    """Ten stored rows in a moment say nothing about the models' pace an hour later."""
    tally = Tally(lambda index: ImageRef(source="x", label=f"img{index}"))
    tally(Planned(total=110, workers=4))
    for index in range(10):
        tally(done(index, from_store=True))
    for index in range(10, 70):
        clock.now_s += 1
        tally(done(index))
    now = tally.progress()
    assert (now.done, now.from_store, now.total, now.seconds) == (70, 10, 110, 60)
    assert now.rate_per_s == pytest.approx(1)
    assert now.eta_s == pytest.approx(40)
    assert now.tokens_per_s == pytest.approx(4)
    assert (now.last_image, now.last_text) == ("img69", "text 69")
    tally(finished())
    clock.now_s += 500
    after = tally.progress()
    assert (after.seconds, after.eta_s, after.is_finished) == (60, None, True)
    assert after.rate_per_s == pytest.approx(70 / 60)
    assert after.tokens_per_s == pytest.approx(4)


def test_a_pause_shows_in_the_rate(clock):
    """Time goes on while nothing ends."""
    tally = Tally()
    tally(Planned(total=10, workers=1))
    clock.now_s += 1
    tally(done(0))
    before = tally.progress().rate_per_s
    clock.now_s += 100
    assert tally.progress().rate_per_s < before / 10


def test_what_was_stopped_is_neither_done_nor_failed(clock):
    """And errors are grouped, most frequent first, each with its first message."""
    tally = Tally()
    tally(Planned(total=10, workers=1))
    for index, fault in enumerate([Cancelled("x"), OSError("rare"), TimedOut("first" * 100), TimedOut("second")]):
        tally(done(index, fault=fault))
    now = tally.progress()
    assert (now.done, now.failed) == (0, 3)
    assert [(group.type, group.count) for group in now.errors] == [("TimedOut", 2), ("OSError", 1)]
    assert now.errors[0].example == ("first" * 100)[:300]
    assert now.last_text is None
