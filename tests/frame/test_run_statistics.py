"""Counting events, whatever thread reads."""

from dataclasses import replace

import pytest

from vlmkit.errors import Cancelled, TimedOut
from vlmkit.frame import run_statistics
from vlmkit.frame.run_statistics import Progress, RunStatistics
from vlmkit.records import ImageRef, Reply, Usage
from vlmkit.runner import Done, Finished, Planned, Spent, Started, Unanswered, Waiting


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when they are told to."""

    class Clock:
        now_s = 1000.0

        def monotonic(self):
            return self.now_s

    made = Clock()
    monkeypatch.setattr(run_statistics, "time", made)
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
    assert RunStatistics().progress() == Progress()


def test_rates_are_those_of_late(clock):
    """Ten stored rows in a moment say nothing about the models' pace an hour later."""
    statistics = RunStatistics(lambda index: ImageRef(source="x", label=f"img{index}"))
    statistics(Planned(total=110, workers=4))
    for index in range(10):
        statistics(done(index, from_store=True))
    for index in range(10, 70):
        clock.now_s += 1
        statistics(done(index))
    now = statistics.progress()
    assert (now.done, now.from_store, now.total, now.seconds) == (70, 10, 110, 60)
    assert now.rate_per_s == pytest.approx(1)
    assert now.eta_s == pytest.approx(40)
    assert now.tokens_per_s == pytest.approx(4)
    assert (now.last_image, now.last_text) == ("img69", "text 69")
    statistics(finished())
    clock.now_s += 500
    after = statistics.progress()
    assert (after.seconds, after.eta_s, after.is_finished) == (60, None, True)
    assert after.rate_per_s == pytest.approx(70 / 60)
    assert after.tokens_per_s == pytest.approx(4)


def test_a_pause_shows_in_the_rate(clock):
    """Time goes on while nothing ends."""
    statistics = RunStatistics()
    statistics(Planned(total=10, workers=1))
    clock.now_s += 1
    statistics(done(0))
    before = statistics.progress().rate_per_s
    clock.now_s += 100
    assert statistics.progress().rate_per_s < before / 10


def test_what_was_stopped_is_neither_done_nor_failed(clock):
    """And errors are grouped, most frequent first, each with its first message."""
    statistics = RunStatistics()
    statistics(Planned(total=10, workers=1))
    for index, fault in enumerate([Cancelled("x"), OSError("rare"), TimedOut("first" * 100), TimedOut("second")]):
        statistics(done(index, fault=fault))
    now = statistics.progress()
    assert (now.done, now.failed) == (0, 3)
    assert [(group.type, group.count) for group in now.errors] == [("TimedOut", 2), ("OSError", 1)]
    assert now.errors[0].example == ("first" * 100)[:300]
    assert now.last_text is None


def test_rows_under_way_are_counted(clock):
    """From their turn to their end, and none is once the run is over; a row without a turn never was."""
    statistics = RunStatistics()
    statistics(Planned(total=5, workers=2))
    for index in range(3):
        statistics(Started(index=index, total=5))
    assert statistics.progress().active == 3
    statistics(done(1))
    statistics(done(4, fault=Cancelled("no turn")))
    assert statistics.progress().active == 2
    statistics(finished())
    assert statistics.progress().active == 0


def test_stored_and_equal_rows_are_told_apart(clock):
    """Neither wrote tokens now."""
    statistics = RunStatistics()
    statistics(Planned(total=5, workers=2))
    statistics(done(0, from_store=True))
    statistics(replace(done(1), is_duplicate=True, retries=0))
    statistics(replace(done(2), retries=2))
    now = statistics.progress()
    assert (now.done, now.from_store, now.duplicates, now.retries) == (3, 1, 1, 2)


def test_what_was_spent_and_why_it_ended(clock):
    """As the events said it."""
    statistics = RunStatistics()
    statistics(Planned(total=5, workers=2))
    clock.now_s += 3
    statistics(replace(done(0), spent=Spent(seconds=2.0, tokens=70, money=0.5)))
    assert statistics.progress().spent == Spent(seconds=3.0, tokens=70, money=0.5)
    statistics(finished(reason="the budget is used up", spent=Spent(seconds=3.0, tokens=80, money=0.6)))
    now = statistics.progress()
    assert (now.reason, now.spent.tokens) == ("the budget is used up", 80)


def test_a_silence_is_told_until_somebody_answers(clock):
    """What the store answers breaks none."""
    statistics = RunStatistics()
    statistics(Planned(total=5, workers=2))
    statistics(Unanswered(seconds=31.0, in_flight=2, destination="http://x.test"))
    statistics(done(0, from_store=True))
    assert "No reply from http://x.test for 31 s" in statistics.progress().unanswered
    statistics(done(1))
    assert statistics.progress().unanswered is None


def test_rows_that_another_run_asks_are_told(clock):
    """As long as there are any, and the run goes on."""
    statistics = RunStatistics()
    statistics(Planned(total=5, workers=2))
    statistics(Waiting(rows=3, processes=(7,)))
    assert statistics.progress().waiting == "3 row(s) wait for the answers that another run (process 7) is asking for."
    statistics(Waiting(rows=0))
    assert statistics.progress().waiting is None
    statistics(Waiting(rows=1))
    statistics(finished())
    assert statistics.progress().waiting is None
