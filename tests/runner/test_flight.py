"""What an answer or a fault means for a row in flight; nothing is decoded, and nothing waits."""

from concurrent.futures import Future

import pytest

from vlmkit.backends.fake import FakeBackend
from vlmkit.errors import Cancelled, RateLimited, Refused, Unauthorized
from vlmkit.records import Outcome, Reply
from vlmkit.runner.attempt import Concluded, FellBack, GaveUp
from vlmkit.runner.events import Announcer, FallingBack, Retrying
from vlmkit.runner.flight import Flight
from vlmkit.runner.preparing import Preparer
from vlmkit.runner.rows import Row


class Silent(FakeBackend):
    """Its answers are the test's."""

    def submit(self, ask):
        self.asks.append(ask)
        return Future()


@pytest.fixture
def aloft(questions, plan):
    """Submit rows to the first of some models; gives flight, rows and events."""
    opened = []

    def make(count=1, *, models=1, **options):
        events = []
        backends = [Silent(f"m{number}") for number in range(models)]
        opened.extend(backends)
        made = plan(backends[0], fallbacks=backends[1:], **options)
        flight = Flight(made, Announcer(events.append), 99, lambda _row, _asked: None)
        preparer = Preparer(made, None)
        rows = [Row(index, each, prepared=preparer.prepare(each, 0)) for index, each in enumerate(questions(count))]
        for row in rows:
            flight.start(row)
            flight.submit(row)
        return flight, rows, events

    yield make
    for each in opened:
        each.close()


def ended(fault=None, text="fine"):
    """A future that is done."""
    future = Future()
    if fault:
        future.set_exception(fault)
    else:
        future.set_result(Reply(text=text, finish_reason="stop", model="fake:m0"))
    return future


def step(flight, row, **answer):
    """What the row's answer means."""
    row.asked = ended(**answer)
    return flight.take(row, row.asked)


def test_an_answer_ends_its_row(aloft):
    """It stays in flight until its owner has ended it, so that nobody takes its place before."""
    flight, (row,), _ = aloft()
    found = step(flight, row)
    assert isinstance(found, Concluded)
    assert (found.outcome.values, row in flight, flight.asked) == ({"text": "fine"}, True, 1)
    flight.leave(row)
    assert (row in flight, len(flight)) == (False, 0)


def test_an_answer_that_is_not_waited_for_means_nothing(aloft):
    """A backend that was late speaks of a row that was asked again since."""
    flight, (row,), _ = aloft()
    assert flight.take(row, ended()) is None


def test_a_full_server_is_asked_later(aloft):
    """The row waits for its next try, and takes its place with it."""
    flight, (row,), events = aloft()
    assert step(flight, row, fault=RateLimited("full", retry_after_s=3600)) is None
    assert (len(flight), row in flight, row.attempt, row.retries) == (1, False, 2, 1)
    assert [event.attempt for event in events if isinstance(event, Retrying)] == [2]
    assert flight.take_due() is None
    (waiting,) = flight.halt()
    assert (waiting[0], str(waiting[1]), len(flight)) == (row, "full", 0)


def test_a_refusal_goes_to_the_next_model(aloft):
    """By status or in words; the last model's is the row's fault."""
    flight, (row, other), events = aloft(2, models=2)
    assert step(flight, row, fault=Refused("no people")) == FellBack(1)
    assert step(flight, other, text="I'm sorry, but I can't help with that request.") == FellBack(1)
    assert [event.model for event in events if isinstance(event, FallingBack)] == ["fake:m1"] * 2
    alone, (row,), _ = aloft()
    found = step(alone, row, fault=Refused("no people"))
    assert isinstance(found, GaveUp)
    assert found.tells_of_model


def test_what_is_certain_gives_a_model_up(aloft):
    """For all rows behind, where there is another; else it ends the run, which is said once."""
    flight, (row,), _ = aloft(models=2)
    assert step(flight, row, fault=Unauthorized("revoked")) == FellBack(1)
    assert (flight.first_level, flight.fatal) == (1, None)
    flight, rows, _ = aloft(2)
    faults = [Unauthorized("revoked"), Unauthorized("revoked again")]
    found = [
        flight.condemns(row, Outcome(index=row.index, fault=fault)) for row, fault in zip(rows, faults, strict=True)
    ]
    assert (found, str(flight.fatal)) == ([True, False], "revoked")


def test_a_stopped_row_tells_nothing_of_its_model(aloft):
    """Nor does any fault once the run is halted."""
    flight, (row, other), _ = aloft(2)
    stopped = Future()
    stopped.cancel()
    row.asked = stopped
    found = flight.take(row, stopped)
    assert (type(found.fault), found.tells_of_model) == (Cancelled, False)
    flight.halt()
    assert step(flight, other, fault=RateLimited("full")).tells_of_model is False


def test_those_that_no_backend_has_are_told_when_cancelling(aloft):
    """The others end by themselves."""
    flight, (row, other), _ = aloft(2)
    asked = row.asked
    flight.forget_tries(other)
    assert flight.cancel() == [other]
    assert asked.cancelled()
