"""Rows that are asked again: in the order of their moments, and told what was wrong."""

from dataclasses import replace

import pytest

from vlmkit.errors import RateLimited
from vlmkit.prompts import compose_description, compose_form, compose_question
from vlmkit.records import Message, Reply, Usage
from vlmkit.runner import Retrying, run
from vlmkit.runner.preparing import Preparer
from vlmkit.runner.retries import Retries, both, mended_ask
from vlmkit.runner.rows import Row


def test_whose_moment_comes_first_is_first(questions):
    """Nobody before its moment."""
    line, fault = Retries(), RateLimited("full")
    assert (line.take_due(), line.next_s(), len(line)) == (None, float("inf"), 0)
    rows = [Row(index, question) for index, question in enumerate(questions(3))]
    for row, pause_s in zip(rows, (500.0, 0.0, -1.0), strict=True):
        line.put(row, fault, pause_s)
    assert [line.take_due(), line.take_due(), line.take_due()] == [(rows[2], fault), (rows[1], fault), None]
    assert 0 < line.next_s() <= 500
    assert line.clear() == [(rows[0], fault)]
    assert len(line) == 0


COUNT = compose_form({"count": int}, into="x")


def answers(questions, plan, model, task, **options):
    """Outcome of one question, and the events."""
    events = []
    made = plan(model, task, **options)
    (outcome,) = run(questions(1, task=task), made, total=1, on_event=events.append)
    return outcome, [event for event in events if isinstance(event, Retrying)]


def test_what_was_wrong_is_said_and_mended(questions, plan, backend):
    """The picture, the question and the bad answer stand before; the answer costs both."""
    model = backend(replies=["There are many.", '{"count": 3}'])
    outcome, (retry,) = answers(questions, plan, model, COUNT)
    assert outcome.values == {"count": 3}
    first, second = model.asks
    assert second.messages[:-1] == (*first.messages, Message.assistant("There are many."))
    assert second.messages[-1].pictures == ()
    assert second.prompt.startswith("That answer cannot be used: expected one JSON object, got 'There are many.'.")
    assert second.prompt.endswith("- count: integer")
    assert outcome.reply.usage.completion_tokens == 3 + 2
    assert "expected one JSON object" in str(retry.fault)


def test_it_is_asked_once_more_and_no_more(questions, plan, backend):
    """What still does not fit is a fault that keeps the answer."""
    model = backend(replies=["many", "still many"])
    outcome, retries = answers(questions, plan, model, COUNT)
    assert "UnreadableReply" in type(outcome.fault).__name__
    assert outcome.reply.text == "still many"
    assert (len(model.asks), len(retries)) == (2, 1)


@pytest.mark.parametrize(
    ("task", "reply", "options"),
    [
        (COUNT, "many", {"max_retries": 0}),
        (COUNT, "I'm sorry, but I can't help with that.", {}),
        (COUNT, '{"count": 3}', {}),
        (compose_description("?", into="x"), "", {}),
    ],
)
def test_where_it_is_no_use_it_is_not_asked(questions, plan, backend, task, reply, options):
    """Not wanted, refused, fine, or free."""
    model = backend(replies=[reply])
    answers(questions, plan, model, task, **options)
    assert len(model.asks) == 1


def test_numbers_and_choices_are_mended_too(questions, plan, backend):
    """Whatever has a type."""
    model = backend(replies=["several", "4"])
    outcome, _ = answers(questions, plan, model, compose_question("How many?", dtype=int, into="n"))
    assert outcome.values == {"n": 4}
    assert model.asks[1].prompt.endswith("Answer once more, with nothing else. Answer with a number only.")


def test_what_was_cut_off_would_be_as_long_again(questions, plan):
    """More tokens help, another try does not."""
    (question,) = questions(1, task=COUNT)
    row = Row(index=0, question=question, prepared=Preparer(plan(), None).prepare(question, 0))
    cut = Reply(text='{"count": ', finish_reason="length", model="fake:x")
    assert mended_ask(row, cut) is None
    for reason in ("MAX_TOKENS", "abort", "content_filter"):
        assert mended_ask(row, replace(cut, finish_reason=reason)) is None
    assert mended_ask(row, replace(cut, finish_reason="end_turn")) is not None


def test_what_is_not_counted_stays_unknown():
    """A sum with an unknown is none."""
    known = Reply(text="a", finish_reason="stop", model="m", usage=Usage(prompt_tokens=1), seconds=1.0)
    assert both(known, known).usage == Usage(prompt_tokens=2)
    assert both(known, known).seconds == 2.0
