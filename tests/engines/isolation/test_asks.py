"""What a death costs: those in flight are tried once more, alone; nobody is lost, nobody is tried for ever."""

from dataclasses import replace

import pytest

from vlmkit import errors
from vlmkit.backends import CallMarkup
from vlmkit.backends.base import AskJob
from vlmkit.backends.facts import ModelInfo
from vlmkit.backends.protocol import Abilities, Insight, Tile
from vlmkit.engines.isolation.asks import (
    Asks,
    Pending,
    believed_insight,
    believed_opening,
    believed_reply,
    row_fault,
    setup_fault,
)
from vlmkit.engines.isolation.messages import Called, Failed, Faulted, Opened
from vlmkit.errors import Cancelled, ServerFault
from vlmkit.framing import MOST_TEXT_BYTES
from vlmkit.records import Ask, Reply, Sampling, Token, Usage, one_question


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


ASK = Ask(messages=one_question("What?"), sampling=Sampling(max_tokens=3))
REPLY = Reply(text="a", finish_reason="stop", model="mlx:other", revision="of another", seconds=-1.0, retries=5)
OPENED = Opened(
    abilities=Abilities(images_per_ask=2, lossless=True, destination="https://elsewhere"),
    info=ModelInfo(name="mlx:other", revision="of another", destination="https://elsewhere", slots=2),
)


def test_name_revision_and_place_are_the_parents_word():
    """Whatever the child says of them: answers are stored under them."""
    reply = believed_reply(REPLY, ASK, model="mlx:m", revision="r", seconds=2.0)
    assert reply == Reply(text="a", finish_reason="stop", model="mlx:m", revision="r", seconds=2.0)
    abilities, info = believed_opening(OPENED, model="mlx:m", revision="r")
    assert abilities == Abilities(images_per_ask=2, lossless=True)
    assert info == ModelInfo(name="mlx:m", revision="r", slots=2)


TOKEN = Token(text="a", probability=0.5)
WRONG_REPLIES = [
    ({"finish_reason": "won"}, False),
    ({"usage": Usage(prompt_tokens=-1)}, False),
    ({"usage": Usage(completion_tokens=10**400)}, False),
    ({"tokens": (TOKEN,)}, False),
    ({}, True),
    ({"tokens": (TOKEN,) * 50}, True),
]


@pytest.mark.parametrize(("change", "asked"), WRONG_REPLIES, ids=range(len(WRONG_REPLIES)))
def test_a_reply_that_cannot_be_one_is_refused(change, asked):
    """An unknown end, impossible counts, tokens beside what was asked for."""
    ask = replace(ASK, token_probabilities=asked)
    with pytest.raises(ValueError, match=r"\w"):
        believed_reply(replace(REPLY, **change), ask, model="mlx:m", revision="r", seconds=2.0)
    assert believed_reply(
        replace(REPLY, tokens=(TOKEN,)), replace(ASK, token_probabilities=True), model="", revision="", seconds=0
    ).tokens == (TOKEN,)


WRONG_ABILITIES = [{"images_per_ask": 0}, {"parallel_asks": 10**9}, {"longest_side_px": 10**300}]


@pytest.mark.parametrize("change", WRONG_ABILITIES, ids=str)
def test_abilities_that_nothing_has_are_refused(change):
    """They decide how much memory the parent takes for a picture and how much is asked at once."""
    said = replace(OPENED, abilities=replace(OPENED.abilities, **change))
    with pytest.raises(ValueError, match=next(iter(change))):
        believed_opening(said, model="mlx:m", revision="r")
    with pytest.raises(ValueError, match="remarks"):
        believed_opening(replace(OPENED, info=replace(OPENED.info, remarks=("x" * 10**6,))), model="", revision="")


def test_a_way_to_write_calls_that_nobody_knows_is_refused():
    """A parent reads and enforces calls by it."""
    markup = CallMarkup(style="hermes", special_tokens=(("<tool_call>", 7),))
    known = replace(OPENED, info=replace(OPENED.info, call_markup=markup))
    assert believed_opening(known, model="mlx:m", revision="r")[1].call_markup == markup
    for change in ({"style": "of its own"}, {"special_tokens": (("x", 1),) * 10**4}):
        said = replace(known, info=replace(known.info, call_markup=replace(markup, **change)))
        with pytest.raises(ValueError, match=r"calls in no known way|special tokens"):
            believed_opening(said, model="mlx:m", revision="r")


def test_pixels_fill_the_tiles():
    """Exactly, or not at all."""
    insight = Insight(
        text="a", prompt_tokens=1, tiles=(Tile(width=2, height=1, data=b""), Tile(width=1, height=1, data=b""))
    )
    got = believed_insight(Called(number=1, insight=insight), bytearray(b"abcdefghi"))
    assert [tile.data for tile in got.tiles] == [b"abcdef", b"ghi"]
    for said, block in ((insight, b"abc"), (None, b"")):
        with pytest.raises(ValueError, match=r"\w"):
            believed_insight(Called(number=1, insight=said), bytearray(block))


def test_a_fault_has_a_type_of_the_tree():
    """One of a row for a row, one of the set-up for an opening; any other word is none."""
    for name in ("Refused", "ServerFault", "UnreadableImage", "ImageTooLarge", "Cancelled", "UnreadableReply"):
        fault = row_fault(Faulted(number=1, error=name, message="no"), None)
        assert (type(fault), str(fault)) == (getattr(errors, name), "no")
    late = row_fault(Faulted(number=1, error="TimedOut", message="late"), REPLY)
    assert (type(late), late.partial) == (errors.TimedOut, REPLY)
    for word in ("ModelLoadFailed", "VlmkitError", "SystemExit", "__doc__", ""):
        assert type(row_fault(Faulted(number=1, error=word, message="no"), None)) is errors.ServerFault
    assert type(setup_fault(Failed(error="ModelNotFound", message="gone"))) is errors.ModelNotFound
    for word in ("Refused", "exec", "annotations"):
        assert type(setup_fault(Failed(error=word, message="no"))) is errors.ModelLoadFailed
    assert len(str(setup_fault(Failed(error="BadSetting", message="x" * 10**6)))) < 5000
