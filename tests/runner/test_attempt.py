"""One row: prepared, judged, read."""

from concurrent.futures import Future

import pytest

from vlmkit.backends import Abilities
from vlmkit.errors import (
    BadSetting,
    Cancelled,
    RateLimited,
    Refused,
    ServerFault,
    TimedOut,
    Unauthorized,
    Unreachable,
    UnreadableImage,
    UnreadableReply,
)
from vlmkit.prompts import compose_description, compose_question
from vlmkit.records import Reply, Sampling
from vlmkit.runner import Question
from vlmkit.runner.attempt import MOST_ATTEMPTS, fault_of, outcome_of, prepare, wait_s
from vlmkit.sources import refer


def test_an_ask_carries_everything_the_backend_needs(photo, plan):
    """Pictures within the budget, prompt, system text, sampling and deadline."""
    made = plan(
        Abilities(longest_side_px=24),
        compose_description("x", system="Be short.", into="text"),
        sampling=Sampling(max_tokens=7),
        timeout_s=5,
    )
    prepared = prepare(Question(images=(refer(photo), refer(photo)), prompt="What?"), made)
    ask = prepared.ask
    assert [(picture.width, picture.height) for picture in ask.pictures] == [(24, 16), (24, 16)]
    assert (ask.prompt, ask.system, ask.sampling.max_tokens, ask.timeout_s) == ("What?", "Be short.", 7, 5.0)
    assert prepared.seconds > 0


def test_a_picture_that_cannot_be_read_is_its_fault(plan):
    """The fault names the file."""
    with pytest.raises(UnreadableImage, match=r"gone\.jpg"):
        prepare(Question(images=(refer("gone.jpg"),), prompt="What?"), plan())


@pytest.mark.parametrize(
    ("attempt", "fault", "pause_s"),
    [
        (1, Unreachable("x"), 0.25),
        (2, Unreachable("x"), 1.0),
        (3, Unreachable("x"), 4.0),
        (MOST_ATTEMPTS, Unreachable("x"), None),
        (1, RateLimited("x", retry_after_s=7), 7.0),
        (1, RateLimited("x", retry_after_s=-3), 0.0),
        (2, RateLimited("x"), 1.0),
        (MOST_ATTEMPTS, RateLimited("x", retry_after_s=7), None),
        (1, TimedOut("x"), None),
        (1, ServerFault("x"), None),
        (1, Refused("x"), None),
        (1, Unauthorized("x"), None),
        (1, Cancelled("x"), None),
        (1, UnreadableReply("x"), None),
    ],
)
def test_what_is_worth_another_try(attempt, fault, pause_s):
    """A lost connection and a full server, a few times; the rest would fail again."""
    assert wait_s(attempt, fault) == pause_s


def failed(error):
    future = Future()
    future.set_exception(error)
    return future


def test_faults_of_a_future():
    """A reply has none; a RunError is itself; a cancelled future is Cancelled."""
    done = Future()
    done.set_result(Reply(text="x", finish_reason="stop", model="fake:x"))
    assert fault_of(done) is None
    fault = TimedOut("x")
    assert fault_of(failed(fault)) is fault
    cancelled = Future()
    cancelled.cancel()
    assert isinstance(fault_of(cancelled), Cancelled)


def test_a_broken_backend_fails_its_row_and_keeps_the_cause():
    """A stranger's mistake at row 9,999 does not end the run."""
    error = KeyError("weights")
    fault = fault_of(failed(error))
    assert isinstance(fault, ServerFault)
    assert fault.__cause__ is error
    assert "KeyError: 'weights'" in str(fault)


@pytest.mark.parametrize("error", [BadSetting("x"), KeyboardInterrupt()])
def test_what_is_no_row_fault_is_raised(error):
    """A setup error found late, or an interrupt."""
    with pytest.raises(type(error)):
        fault_of(failed(error))


def test_an_unreadable_reply_keeps_the_reply(plan):
    """It was paid for, and shows what went wrong."""
    reply = Reply(text="many", finish_reason="stop", model="fake:x")
    made = plan(task=compose_question("How many?", dtype=int, into="n"))
    outcome = outcome_of(3, reply, made, 0.5)
    assert (outcome.index, outcome.values, outcome.reply, outcome.seconds) == (3, None, reply, 0.5)
    assert isinstance(outcome.fault, UnreadableReply)


def test_a_read_reply_is_values(plan):
    """By column name."""
    reply = Reply(text=" a cat ", finish_reason="stop", model="fake:x")
    outcome = outcome_of(0, reply, plan(), 0.1)
    assert outcome.values == {"text": "a cat"}
    assert outcome.fault is None
