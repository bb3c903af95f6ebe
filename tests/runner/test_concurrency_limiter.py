"""How many asks to have in flight, against servers of known behavior; time is simulated."""

import heapq

import pytest

from vlmkit.runner.concurrency_limiter import ConcurrencyLimiter


def drive(limiter, *, slots, latency_s, answers, start_s=0.0, busy_limit=None):
    """Ask a server that works on `slots` asks at a time, refusing those above `busy_limit`; gives the time it took."""
    now_s, in_flight, free_at = start_s, [], [start_s] * slots
    heapq.heapify(free_at)
    while answers:
        while len(in_flight) < limiter.limit:
            if busy_limit is not None and len(in_flight) >= busy_limit:
                limiter.pushed_back(now_s)
                break
            begin_s = max(now_s, heapq.heappop(free_at))
            heapq.heappush(free_at, begin_s + latency_s)
            heapq.heappush(in_flight, (begin_s + latency_s, now_s))
        now_s, asked_s = heapq.heappop(in_flight)
        limiter.answered(now_s, now_s - asked_s, is_busy=True)
        answers -= 1
    return now_s


def drive_with_deadline(limiter, *, latency_s, timeout_s, rows):
    """A server that works on one ask after another, and drops those that are over their deadline; gives the failures.

    Each row is asked once more when it was late, as soon as there is room.
    """
    now_s, free_s, failures = 0.0, 0.0, 0
    waiting, again, in_flight = [1] * rows, [], []  # how often each was asked, with the ask
    while waiting or again or in_flight:
        while (again or waiting) and len(in_flight) < limiter.limit:
            in_flight.append((now_s, (again or waiting).pop()))
        asked_s, tries = in_flight.pop(0)
        end_s = max(free_s, asked_s) + latency_s
        if end_s <= asked_s + timeout_s:
            now_s = free_s = end_s
            limiter.answered(now_s, now_s - asked_s, is_busy=bool(waiting))
            continue
        now_s = max(now_s, asked_s + timeout_s)
        free_s = max(free_s, now_s) if free_s < asked_s + timeout_s < end_s else free_s
        limiter.timed_out(now_s, asked_s)
        if tries == 1:
            again.append(2)
        else:
            failures += 1
    return failures


@pytest.mark.parametrize("latency_s", [0.1, 0.5, 1.0, 1.9])
@pytest.mark.parametrize("start", [4, 8, 32, 128])
def test_a_server_that_works_in_turn_loses_no_row_to_its_own_line(latency_s, start):
    """Whatever was in flight at first, each row is late once at most."""
    limiter = ConcurrencyLimiter(start, 128, 0.0, timeout_s=4.0)
    assert drive_with_deadline(limiter, latency_s=latency_s, timeout_s=4.0, rows=300) == 0
    assert limiter.limit * latency_s <= 4.0


def test_what_was_asked_before_a_retreat_says_nothing_of_the_number_now():
    """All that were in flight together are late together."""
    limiter = ConcurrencyLimiter(32, 128, 0.0, timeout_s=1000.0)
    for now_s in range(1, 201):
        limiter.answered(float(now_s), 1.0, is_busy=False)
    limiter.timed_out(200.0, 10.0)
    assert limiter.limit == 16
    limiter.timed_out(201.0, 199.0)
    assert limiter.limit == 16
    limiter.timed_out(202.0, 201.0)
    assert limiter.limit == 1  # nothing at all was answered since


def test_the_highest_number_is_remembered():
    """So that whoever waits can be told of a ceiling."""
    limiter = ConcurrencyLimiter(8, 32, 0.0)
    drive(limiter, slots=1000, latency_s=0.1, answers=2000)
    limiter.pushed_back(1e6)
    assert (limiter.limit, limiter.highest) == (16, 32)


@pytest.mark.parametrize("slots", [1, 4, 30, 100])
def test_it_finds_what_a_server_can_take(slots):
    """Enough to keep all of it busy, and not many times more, which would only wait in line there."""
    limiter = ConcurrencyLimiter(8, 128, 0.0)
    drive(limiter, slots=slots, latency_s=0.2, answers=60 * slots + 600)
    assert slots <= limiter.limit <= max(2 * slots, 8)


def test_finding_out_costs_little():
    """Most of a longer run goes on at full speed."""
    took_s = drive(ConcurrencyLimiter(8, 128, 0.0), slots=64, latency_s=0.5, answers=6400)
    assert took_s < 1.15 * 6400 * 0.5 / 64


def test_it_never_exceeds_its_bounds():
    """Neither the most nor the least."""
    limiter = ConcurrencyLimiter(8, 10, 0.0)
    drive(limiter, slots=1000, latency_s=0.1, answers=2000)
    assert limiter.limit == 10
    for second in range(100):
        limiter.pushed_back(1000.0 + 10 * second)
    assert limiter.limit == 1
    assert ConcurrencyLimiter(50, 10, 0.0).limit == 10


def test_being_pushed_back_counts_once_for_all_who_hear_it():
    """Half as many, then calm for a while, then slowly more again."""
    limiter = ConcurrencyLimiter(32, 128, 0.0)
    for _ in range(20):
        limiter.pushed_back(10.0)
    assert limiter.limit == 16
    limiter.pushed_back(16.0)
    assert limiter.limit == 8


def test_it_comes_back_after_being_pushed_back():
    """A server that refuses more than so many is kept busy with about as many."""
    limiter = ConcurrencyLimiter(8, 128, 0.0)
    drive(limiter, slots=100, latency_s=0.2, answers=20_000, busy_limit=20)
    assert 8 <= limiter.limit <= 32


def test_a_stretch_without_enough_rows_says_nothing():
    """At the end of a run, or behind slow pictures."""
    limiter = ConcurrencyLimiter(8, 128, 0.0)
    for second in range(1000):
        limiter.answered(float(second), 0.1, is_busy=False)
    assert limiter.limit == 8
