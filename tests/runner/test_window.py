"""The window stays within its bounds."""

import threading

import pytest

from vlmkit.backends import Abilities
from vlmkit.errors import BadSetting, Cancelled, ServerFault, Unreachable
from vlmkit.runner import Retrying, Started, preparing
from vlmkit.runner.events import Announcer
from vlmkit.runner.window import Window


@pytest.fixture
def window(plan):
    """Open windows and close them afterwards; gives the window and the list of its events."""
    opened = []

    def make(questions, backend, **options):
        events = []
        opened.append(Window(questions, plan(backend, **options), Announcer(events.append), 99))
        return opened[-1], events

    yield make
    for each in opened:
        each.close(seconds=0.0, stopped_early=True)


def drain(window, rounds=500):
    ended = []
    window.advance()
    while not window.is_empty:
        window.wait(0.1)
        ended += window.ended()
        window.advance()
        rounds -= 1
        assert rounds, "the window never became empty"
    return ended


def test_never_more_asks_in_flight_than_workers(questions, backend, window):
    """Counted where they arrive."""
    model = backend(delay_s=0.003, parallel_asks=16)
    narrow, _ = window(questions(40), model, workers=3)
    assert len(drain(narrow)) == 40
    assert model.most_in_flight == 3


def test_questions_are_read_only_as_far_ahead_as_needed(questions, backend, window):
    """A million rows are never in memory at once."""
    taken = []

    def source():
        for question in questions(200):
            taken.append(question)
            yield question

    model = backend(delay_s=30, parallel_asks=4)
    held, _ = window(source(), model)
    for _ in range(30):
        held.advance()
        held.wait(0.01)
    assert 4 <= len(taken) <= 2 * 4 + held._plan.decoders


def test_pictures_are_prepared_in_threads_of_their_own(questions, backend, window, monkeypatch):
    """Neither the caller's thread nor the backend's decodes."""
    names = set()
    normalize = preparing.normalize

    def spy(ref, longest_side_px, **options):
        names.add(threading.current_thread().name)
        return normalize(ref, longest_side_px, **options)

    monkeypatch.setattr(preparing, "normalize", spy)
    busy, _ = window(questions(10), backend())
    drain(busy)
    assert names
    assert all(name.startswith("vlmkit-decode") for name in names)


def test_rows_start_in_order_and_one_worker_takes_turns(questions, backend, window):
    """The next row starts only when the last has ended, also when its picture is bad."""
    turns, events = window(questions(6, bad={1, 4}), backend(delay_s=0.001), workers=1)
    assert [outcome.index for outcome in drain(turns)] == list(range(6))
    assert [event.index for event in events if isinstance(event, Started)] == list(range(6))


def test_a_lost_connection_is_tried_again(questions, backend, window, monkeypatch):
    """With an event for each further attempt; the row is asked with the very same picture."""
    monkeypatch.setattr("vlmkit.runner.window.wait_s", lambda attempt, _fault, **_: 0.001 if attempt < 3 else None)
    model = backend(replies=[Unreachable("a"), Unreachable("b"), "fine"], parallel_asks=1)
    again, events = window(questions(1), model)
    (outcome,) = drain(again)
    assert outcome.values == {"text": "fine"}
    retries = [event for event in events if isinstance(event, Retrying)]
    assert [(event.attempt, str(event.fault)) for event in retries] == [(2, "a"), (3, "b")]
    assert len({id(ask.pictures[0]) for ask in model.asks}) == 1


def test_a_row_waiting_for_its_retry_keeps_its_place(questions, backend, window):
    """A full server is not stormed by the rows behind."""
    model = backend(replies=Unreachable("down"), parallel_asks=2)
    held, _ = window(questions(10), model)
    for _ in range(10):
        held.advance()
        held.wait(0.005)
    assert len(model.asks) == 2


def test_halting_ends_what_waits_and_starts_nothing(questions, backend, window):
    """Rows that waited for a retry end with their fault; the others never begin."""
    model = backend(replies=[Unreachable("down"), "late"], delay_s=[0.0, 0.05], parallel_asks=2)
    halted, _ = window(questions(10), model)
    while len(model.asks) < 2:
        halted.advance()
        halted.wait(0.02)
    halted.wait(0.02)
    halted.halt()
    outcomes = {outcome.index: outcome for outcome in drain(halted)}
    assert set(outcomes) == {0, 1}
    assert isinstance(outcomes[0].fault, Unreachable)
    assert outcomes[1].values == {"text": "late"}


def test_cancelling_lets_go_at_once(questions, backend, window):
    """Without waiting for answers that take half a minute."""
    model = backend(delay_s=30, parallel_asks=3)
    cancelled, _ = window(questions(10), model)
    while len(model.asks) < 3:
        cancelled.advance()
        cancelled.wait(0.02)
    cancelled.cancel()
    outcomes = drain(cancelled, rounds=20)
    assert [outcome.index for outcome in outcomes] == [0, 1, 2]
    assert all(isinstance(outcome.fault, Cancelled) for outcome in outcomes)


class Broken:
    """A stranger's backend whose `submit` raises."""

    model, revision, abilities = "broken:x", None, Abilities()

    def __init__(self, error):
        self.error = error

    def submit(self, ask):
        raise self.error


def test_a_backend_that_raises_instead_of_failing_its_future(questions, window):
    """Its rows fail; the loop does not."""
    broken, _ = window(questions(3), Broken(RuntimeError("boom")))
    outcomes = drain(broken)
    assert len(outcomes) == 3
    assert all(isinstance(outcome.fault, ServerFault) and "boom" in str(outcome.fault) for outcome in outcomes)


def test_a_setup_error_found_late_is_raised(questions, window):
    """It concerns every row."""
    broken, _ = window(questions(3), Broken(BadSetting("no such layer")))
    with pytest.raises(BadSetting, match="no such layer"):
        drain(broken)


def test_seconds_are_of_the_row(questions, backend, window):
    """From the first submission to the reply, with the decoding before it."""
    timed, _ = window(questions(1), backend(delay_s=0.03))
    (outcome,) = drain(timed)
    assert 0.03 <= outcome.seconds < 5
