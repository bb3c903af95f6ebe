"""Asks that are no longer waited for; the clock is given."""

from concurrent.futures import Future

import pytest

from vlmkit.backends import PendingReply
from vlmkit.runner import target_of
from vlmkit.runner.deadlines import Deadlines
from vlmkit.runner.preparing import Prepared
from vlmkit.runner.rows import Row


@pytest.fixture
def row(questions, backend):
    """Make rows that were asked at a moment, of a server or of this process."""

    def make(asked_s, *, destination="http://example.test", future=None, attempt=1):
        target = target_of(backend(destination=destination))
        prepared = Prepared(level=0, target=target, key=None)
        (question,) = questions(1)
        return Row(0, question, prepared=prepared, asked=future or Future(), asked_s=asked_s, attempt=attempt)

    return make


def begun(begun_s, heard_s):
    future = PendingReply()
    future.begun_s, future.heard_s = begun_s, heard_s
    return future


def test_a_deadline_counts_from_the_beginning_of_the_work(row):
    """Of a plain future that is its submission; one whose work has not begun has none yet."""
    watch = Deadlines(5.0, None, 2, 0.0)
    waiting, late, early = row(0.0, future=PendingReply()), row(0.0), row(0.0, future=begun(99.0, 99.0))
    (given_up,) = watch.overdue([waiting, late, early], 100.0)
    assert given_up[0] is late
    assert "within 5 s" in str(given_up[1])
    assert "workers" in str(given_up[1])


def test_they_are_looked_at_only_so_often(row):
    """A run of many short asks is not slowed down by it."""
    watch = Deadlines(5.0, None, 2, 0.0)
    assert watch.overdue([row(-100.0)], 0.1) == []
    assert len(watch.overdue([row(-100.0)], 0.3)) == 1


def test_a_silence_is_a_servers(row):
    """As long as it answers others, an ask may wait in its line; a piece of an answer is a sign of life, too."""
    watch = Deadlines(None, 60.0, 2, 0.0)
    first, second = row(0.0), row(1.0)
    watch.hear(first, 50.0)
    assert watch.overdue([second], 100.0) == []
    assert [each for each, _ in watch.overdue([second], 111.0)] == [second]
    writing = row(0.0, future=begun(0.0, 190.0))
    assert watch.overdue([writing], 200.0) == []


def test_a_model_in_this_process_may_be_silent(row):
    """It is not gone, it works."""
    watch = Deadlines(None, 60.0, 2, 0.0)
    here = row(0.0, destination="this process")
    assert watch.overdue([here], 1000.0) == []
    assert watch.unanswered([here], 1000.0) is None


def test_a_server_that_says_nothing_to_anybody_is_given_up(row):
    """Where several asks were, and their second tries; one picture that makes it hang is that row's fault."""
    watch = Deadlines(None, 60.0, 2, 0.0)
    assert [fault.is_fatal for _, fault in watch.overdue([row(0.0)] * 8, 61.0)] == [False] * 8
    assert [fault.is_fatal for _, fault in watch.overdue([row(62.0, attempt=2)], 130.0)] == [True]
    alone = Deadlines(None, 60.0, 2, 0.0)
    assert [fault.is_fatal for _, fault in alone.overdue([row(0.0)], 61.0)] == [False]
    assert [fault.is_fatal for _, fault in alone.overdue([row(62.0, attempt=2)], 130.0)] == [False]


def test_an_answer_makes_good_what_was_silent_before(row):
    """The count of silent asks begins again."""
    watch = Deadlines(None, 60.0, 1, 0.0)
    assert [fault.is_fatal for _, fault in watch.overdue([row(0.0)] * 4, 61.0)] == [False] * 4
    watch.hear(row(61.0), 62.0)
    assert [fault.is_fatal for _, fault in watch.overdue([row(0.0)], 130.0)] == [False]


def test_a_person_is_told_of_a_silence_every_half_minute(row):
    """Where, and how many wait; the first time is marked."""
    watch = Deadlines(None, None, 2, 0.0)
    rows = [row(0.0), row(2.0), row(0.0, future=PendingReply())]
    assert watch.unanswered(rows, 31.0) is None
    told = watch.unanswered(rows, 32.5)
    assert (told.in_flight, told.destination, told.is_first) == (2, "http://example.test", True)
    assert "No reply from http://example.test for 30 s" in str(told)
    assert watch.unanswered(rows, 40.0) is None
    assert watch.unanswered(rows, 63.0).is_first is False
    watch.hear(rows[0], 70.0)
    assert watch.unanswered(rows, 95.0) is None
    assert watch.unanswered(rows, 101.0).is_first is True
