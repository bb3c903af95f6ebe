"""Slow is not dead: each sign of life has its own limit, and time counts only while somebody looks."""

import pytest

from vlmkit.engines.desk import LOST_AFTER_S
from vlmkit.engines.isolation.watch import PULSE_S, Patience, Watch

SHORT = Patience(opening_s=50, opening_silence_s=20, silence_s=5, idle_s=10, stuck_s=30)


class Life:
    """A child's life, a second at a time: what it shows, and what is thought of it."""

    def __init__(self, *, is_on_cpu=True, is_open=True, patience=SHORT):
        self.watch = Watch(patience, 1.0, 0.0)
        self.now_s = self.still_s = self.cpu_s = 0.0
        if is_open:
            self.watch.opened(is_on_cpu=is_on_cpu)

    def live(self, seconds, *, pulse=True, works=True, cpu=0.0):
        for second in range(seconds):
            self.now_s += 1.0
            self.still_s = 0.0 if works else self.still_s + 1.0
            self.cpu_s += cpu
            if pulse:
                self.watch.pulse(self.still_s, self.cpu_s)
            if fault := self.watch.look(self.now_s):
                return second + 1, fault
        return None


def test_who_works_or_has_nothing_to_do_is_well():
    """For a day, with and without use of the processor."""
    life = Life()
    assert life.live(86_400, cpu=1.0) is None
    assert life.live(86_400) is None


def test_a_process_without_a_pulse_stands_still():
    """It is noticed after its limit, and not a second before."""
    assert Life().live(100, pulse=False) == (6, "stood still for 5 s")
    life = Life()
    for _ in range(100):
        assert life.live(4, pulse=False) is None
        assert life.live(1) is None


def test_long_work_is_given_time():
    """With the processor busy up to the desk's own limit, idle for less, on a GPU as if busy."""
    assert Life().live(100, works=False, cpu=0.9) == (31, "got nothing done for 30 s")
    assert Life().live(100, works=False) == (11, "was at work and did nothing for 10 s")
    assert Life(is_on_cpu=False).live(100, works=False) == (31, "got nothing done for 30 s")
    life = Life()
    for _ in range(50):
        assert life.live(10, works=False) is None
        assert life.live(1) is None


def test_work_that_nobody_waits_for_is_given_less():
    """The deadline of the ask that was late, and the time that a silence may take; after a sign of life all is well."""
    life = Life()
    assert life.live(3, works=False, cpu=1.0) is None
    life.watch.late(3.0)
    assert life.live(100, works=False, cpu=1.0) == (6, "got nothing done for 8 s")
    life = Life()
    life.watch.late(3.0)
    assert life.live(1) is None
    assert life.live(30, works=False, cpu=1.0) is None


def test_opening_has_limits_of_its_own():
    """Long without a pulse, and longer with one; none for the whole unless it is said."""
    assert Life(is_open=False).live(100, pulse=False) == (
        21,
        "stood still for 20 s while it opened the model",
    )
    assert Life(is_open=False).live(100, works=False) == (51, "had not opened the model after 50 s")
    assert Life(is_open=False, patience=Patience()).live(86_400, works=False) is None


def test_time_in_which_nobody_looked_does_not_count():
    """The parent itself was stopped, or the machine slept: that is one look, however long."""
    life = Life()
    for _ in range(4):
        life.now_s += 3600
        assert life.live(1, pulse=False) is None


def test_the_child_is_faster_than_its_parent():
    """It gives up its own desk, and says where it was stuck, before its parent kills it."""
    assert Patience().stuck_s > LOST_AFTER_S
    assert Patience().silence_s > 10 * PULSE_S


@pytest.mark.parametrize("back_s", [0.0, -5.0])
def test_a_pulse_that_says_nonsense_does_no_harm(back_s):
    """Less processor time than before, a negative silence."""
    life = Life()
    life.watch.pulse(back_s, -1e300)
    assert life.live(5, works=True) is None
