"""What may stand in the row of an answer that came too late."""

import pytest

from vlmkit.errors import ServerFault, TimedOut
from vlmkit.prompts import compose_question
from vlmkit.records import Outcome, Reply
from vlmkit.runner.stand_ins import stand_in

PARTIAL = Reply(text=" A cat on a", finish_reason="timeout", model="fake:x")


def late(partial=PARTIAL):
    return Outcome(index=2, fault=TimedOut("no answer within 5 s.", partial=partial), seconds=5.0)


def test_nothing_stands_in_unless_asked_for(questions, plan):
    """The row is empty, and the fault is as it was."""
    outcome = late()
    assert stand_in(outcome, questions(1)[0], plan(on_timeout="error")) is outcome


def test_the_part_that_was_written_can_stand_in(questions, plan):
    """Marked, with the reply it is."""
    outcome = stand_in(late(), questions(1)[0], plan(on_timeout="continue"))
    assert outcome.values == {"text": "A cat on a"}
    assert outcome.reply is PARTIAL
    assert isinstance(outcome.fault, TimedOut)
    assert str(outcome.fault) == "no answer within 5 s. The text is what had been written until then."


@pytest.mark.parametrize(
    "partial",
    [
        None,
        Reply(text="  ", finish_reason="timeout", model="fake:x"),
        Reply(text="<think>A cat or", finish_reason="timeout", model="fake:x"),
        Reply(text="I'm sorry, but I can't help with that.", finish_reason="timeout", model="fake:x"),
    ],
)
def test_where_nothing_was_written_nothing_stands_in(questions, plan, partial):
    """An empty text, a thought or an excuse would look like an answer."""
    outcome = late(partial)
    assert stand_in(outcome, questions(1)[0], plan(on_timeout="continue")) is outcome


def test_a_sentence_about_the_file_can_stand_in(questions, plan, photo):
    """From its header alone, and marked."""
    outcome = stand_in(late(), questions(1)[0], plan(on_timeout="fallback"))
    assert outcome.values == {"text": f"A JPEG picture of 48 by 32 pixels, {len(photo)} bytes."}
    assert outcome.reply is None
    assert str(outcome.fault).endswith("The text is made from the facts of the file, not by the model.")


def test_a_file_that_has_gone_meanwhile_is_still_a_picture(questions, plan):
    """The fault stays the one of the answer."""
    outcome = stand_in(late(), questions(1, bad={0})[0], plan(on_timeout="fallback"))
    assert outcome.values == {"text": "A picture."}


@pytest.mark.parametrize("how", ["continue", "fallback"])
def test_numbers_and_categories_take_none(questions, plan, how):
    """Half a number looks like a number."""
    for options in ({"dtype": int}, {"choices": ["a", "b"]}):
        task = compose_question("?", into="n", **options)
        assert stand_in(late(), questions(1, task=task)[0], plan(on_timeout=how)).values is None


def test_other_faults_have_none(questions, plan):
    """A broken server is not a slow one."""
    outcome = Outcome(index=0, fault=ServerFault("broken"))
    assert stand_in(outcome, questions(1)[0], plan(on_timeout="fallback")) is outcome
