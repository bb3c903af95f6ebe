"""What a death costs: those in flight are tried once more, alone; nobody is lost, nobody is tried for ever."""

import pytest

from vlmkit.backends.base import AskJob
from vlmkit.engines.isolation.asks import Asks, Pending
from vlmkit.errors import Cancelled, ServerFault
from vlmkit.framing import MOST_TEXT_BYTES
from vlmkit.records import Ask, one_question


def pending(number, on_delta=None):
    job = AskJob(Ask(messages=one_question("?")), on_delta)
    return Pending(number, job.future, [b"frame"], job.ask, job)


def numbers(some):
    return [each.number for each in some]


@pytest.fixture
def asks():
    """Six of them, four with the child."""
    table = Asks()
    for number in range(6):
        table.add(pending(number))
    assert numbers(table.to_send(4)) == [0, 1, 2, 3]
    return table


def test_no_more_are_sent_than_are_taken(asks):
    """The next one goes when one is done."""
    assert asks.to_send(4) == []
    assert asks.end(2).number == 2
    assert asks.end(2) is None
    assert numbers(asks.to_send(4)) == [4]
    assert asks.get(4).tries == 1
    assert len(asks) == 5


def test_after_a_death_each_goes_alone_before_the_others(asks):
    """In order; then as many at a time as before."""
    assert asks.lose(try_again=True) == []
    assert not asks.are_sent
    for number in range(4):
        assert numbers(asks.to_send(4)) == [number]
        assert asks.to_send(4) == []
        asks.end(number)
    assert numbers(asks.to_send(4)) == [4, 5]
    assert [each.tries for each in (asks.get(4), asks.get(5))] == [1, 1]


def test_one_that_takes_two_children_with_it_is_given_up_alone(asks):
    """Two of the four do: each is given up by itself, and costs no other a try."""
    asks.lose(try_again=True)
    given_up, answered = [], []
    while len(asks):
        for each in asks.to_send(4):
            if each.number in {1, 3}:
                given_up += numbers(asks.lose(try_again=True))
            elif asks.end(each.number):
                answered.append(each.number)
    assert given_up == [1, 3]
    assert answered == [0, 2, 4, 5]


def test_without_hope_those_that_were_sent_are_given_up(asks):
    """Also those put aside before; who was never sent is not."""
    asks.lose(try_again=True)
    asks.to_send(4)
    assert sorted(numbers(asks.lose(try_again=False))) == [0, 1, 2, 3]
    assert numbers(asks.to_send(4)) == [4, 5]


def test_nobody_waits_for_what_was_dropped(asks):
    """Whether it is with the child is said; a death does not bring it back."""
    sent, waiting = asks.get(1), asks._waiting[0]
    assert asks.drop(sent)
    assert not asks.drop(waiting)
    assert not asks.drop(sent)
    asks.lose(try_again=True)
    left = []
    while some := asks.to_send(4):
        left += numbers(some)
        for each in some:
            asks.end(each.number)
    assert left == [0, 2, 3, 5]


def test_all_are_there_until_they_are_cleared(asks):
    """In flight, put aside, waiting."""
    asks.lose(try_again=True)
    asks.to_send(4)
    assert sorted(numbers(asks.clear())) == [0, 1, 2, 3, 4, 5]
    assert len(asks) == 0
    assert asks.to_send(9) == []


def test_pieces_are_delivered_once():
    """A second try says the same again, in other pieces."""
    got = []
    one = pending(0, on_delta=lambda delta: got.append(delta.text))
    one.begin()
    one.deliver("A bla")
    one.deliver("ck")
    one.begin()
    for piece in ("A", " black s", "tar"):
        one.deliver(piece)
    assert "".join(got) == "A black star"


def test_pieces_that_nobody_wants_are_an_error():
    """Of an ask that was not streamed, or more than an answer may be."""
    with pytest.raises(ValueError, match="nobody asked for"):
        pending(0).deliver("a")
    one = pending(0, on_delta=lambda _: None)
    with pytest.raises(ValueError, match="nobody asked for"):
        one.deliver("a" * (MOST_TEXT_BYTES + 1))


def test_who_takes_pieces_and_breaks_hurts_nobody_else():
    """The ask fails, with what happened."""

    def take(_):
        raise KeyError("gone")

    one = pending(0, on_delta=take)
    one.deliver("a")
    one.deliver("b")
    with pytest.raises(ServerFault, match="KeyError: 'gone'"):
        one.future.result(0)


def test_an_end_comes_once():
    """Whoever is later, finds it ended."""
    one = pending(0)
    one.fail(Cancelled("first"))
    one.finish("second")
    one.fail(ServerFault("third"))
    assert isinstance(one.future.exception(0), Cancelled)
