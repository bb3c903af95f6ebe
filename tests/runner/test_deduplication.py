"""Equal rows of one run are asked once."""

import pytest

from vlmkit.backends.fake import FakeBackend
from vlmkit.prompts import compose_description
from vlmkit.records import Ask, Reply, one_question
from vlmkit.runner import Question, deduplication, target_of
from vlmkit.runner.deduplication import Deduplicator
from vlmkit.runner.preparing import Prepared
from vlmkit.runner.rows import Row

REPLY = Reply(text="x", finish_reason="stop", model="fake:x")


@pytest.fixture
def row():
    """Make a row with this key."""

    def make(key, index=0):
        prepared = Prepared(level=0, target=target_of(FakeBackend()), key=key, ask=Ask(messages=one_question("?")))
        return Row(
            index=index,
            question=Question(task=compose_description("?", into="text"), images=(), prompt="?"),
            prepared=prepared,
        )

    return make


def test_equal_rows_wait_for_the_first(row):
    """And get its answer, as do those that come later."""
    same, first, second, other = Deduplicator(), row("a"), row("a", 1), row("b", 2)
    assert not same.follow(first)
    same.lead(first)
    assert same.follow(second)
    assert not same.follow(other)
    assert same.following == 1
    assert same.release(first, REPLY) == [second]
    assert same.following == 0
    assert same.reply(row("a", 3)) is REPLY
    assert same.reply(other) is None
    assert not same.follow(row("a", 4))


def test_a_fault_is_not_remembered(row):
    """Rows to come are asked again."""
    same, first = Deduplicator(), row("a")
    same.lead(first)
    same.release(first)
    assert same.reply(row("a", 1)) is None


def test_who_stops_leading_keeps_who_waits(row):
    """It goes on to another model with them, where it may have to wait for a third itself."""
    same, first, second, third = Deduplicator(), row("a"), row("a", 1), row("c", 2)
    same.lead(first)
    same.follow(second)
    same.stop_leading(first)
    assert not same.follow(row("a", 9))
    same.lead(third)
    first.prepared = third.prepared
    assert same.follow(first)
    assert same.following == 2
    assert same.release(third, REPLY) == [first, second]
    assert same.following == 0


def test_only_so_many_answers_are_remembered(row, monkeypatch):
    """A million rows do not pile up."""
    monkeypatch.setattr(deduplication, "_MOST_REMEMBERED", 2)
    same = Deduplicator()
    for key in "abc":
        same.release(row(key), REPLY)
    assert [same.reply(row(key)) for key in "abc"] == [None, REPLY, REPLY]
