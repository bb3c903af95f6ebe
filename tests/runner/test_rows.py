"""What is made of a row at its end."""

import ast
from dataclasses import fields, replace

import pytest
from package_tree import MODULES

from vlmkit.errors import ServerFault, TimedOut, UnreadableImage, UnreadableReply
from vlmkit.prompts import compose_question
from vlmkit.records import Outcome, Reply
from vlmkit.runner.preparing import Preparer
from vlmkit.runner.rows import Row, answered, failed, row_record, stand_in

WRITERS = {
    "intake": {"level", "prepared", "fault", "prepare_s", "held_bytes"},
    "flight": {"start_s", "asked", "asked_s", "was_asked", "attempt", "retries", "unread"},
    "deduplication": {"followers"},
    "sharing": {"is_others", "aside_s"},
    "rows": {"index", "question"},  # where it is made
}
REPLY = Reply(text=" a cat ", finish_reason="stop", model="fake:x")


@pytest.fixture
def row(questions, plan):
    """A prepared row, number 3."""
    (question,) = questions(1)
    return Row(index=3, question=question, prepared=Preparer(plan(), None).prepare(question, 0), prepare_s=0.5)


def test_a_read_reply_is_values(row):
    """By column name, with the time it took to prepare."""
    outcome = answered(row, REPLY, from_store=True)
    assert (outcome.index, outcome.values, outcome.fault, outcome.from_store) == (3, {"text": "a cat"}, None, True)
    assert outcome.seconds >= 0.5


def test_a_stored_reply_that_was_read_to_be_used_is_not_read_again(row):
    """An answer of a model is read, whatever was stored for the row."""
    row.prepared = replace(row.prepared, values={"text": "read before"})
    assert answered(row, REPLY, from_store=True).values == {"text": "read before"}
    assert answered(row, REPLY).values == {"text": "a cat"}


def test_an_unreadable_reply_keeps_the_reply(row):
    """It was paid for, shows what went wrong, and is stored to be read again."""
    row.question = replace(row.question, task=compose_question("How many?", dtype=int, into="n"))
    outcome = answered(row, REPLY)
    assert (outcome.index, outcome.values, outcome.reply) == (3, None, REPLY)
    assert isinstance(outcome.fault, UnreadableReply)
    assert row_record(row, outcome).reply is REPLY


def test_an_answer_longer_than_its_tokens_is_a_fault(row):
    """Whichever backend gave it; it is not kept, neither here nor in the store."""
    most = row.prepared.ask.sampling.most_characters
    assert type(answered(row, replace(REPLY, text="cat " * (most // 4))).fault) is not ServerFault
    outcome = answered(row, replace(REPLY, text="cat " * most))
    assert type(outcome.fault) is ServerFault
    assert f"fake:x answered with {4 * most:,} characters, though max_tokens=" in str(outcome.fault)
    assert (outcome.values, outcome.reply.text) == (None, "")
    assert row_record(row, outcome).reply is None


def test_a_row_that_worked_is_recorded_with_what_was_sent(row):
    """Key, prompt, picture, reply."""
    record = row_record(row, answered(row, REPLY))
    assert (record.index, record.prompt, record.key, record.error) == (3, "0", row.prepared.key, None)
    assert [(each.digest, each.width) for each in record.pictures] == [(row.prepared.ask.pictures[0].digest, 48)]
    assert record.reply is REPLY


def test_a_row_that_failed_is_recorded_without_an_answer(row, plan):
    """Also where part of one stands in its place: that must never answer a later run."""
    partial = Reply(text="a c", finish_reason="timeout", model="fake:x")
    outcome = failed(row, TimedOut("slow", partial=partial), plan(on_timeout="continue"))
    assert outcome.values == {"text": "a c"}
    record = row_record(row, outcome)
    assert record.reply is None
    assert record.error.startswith("TimedOut: slow")


@pytest.mark.parametrize(
    ("text", "reason", "is_kept"),
    [
        ("I can't help with that.", "stop", False),
        ("I don't see any image attached.", "stop", False),
        ("A cat", "content_filter", False),
        ("A cat", "abort", False),
        ("A cat", "max_tokens", True),
        ("null", "stop", True),
    ],
)
def test_what_another_try_could_change_is_not_stored(row, text, reason, is_kept):
    """An excuse, and what an error or a filter ended; what would come out the same again is."""
    outcome = answered(row, Reply(text=text, finish_reason=reason, model="fake:x"), from_store=False)
    record = row_record(row, outcome)
    assert (outcome.values, record.reply is not None) == (None, is_kept)
    assert record.error


def test_a_row_that_was_never_prepared(questions, plan):
    """Has neither key nor pictures."""
    (question,) = questions(1, bad={0})
    row = Row(index=0, question=question)
    assert (row.is_ready, row.needs_asking, row.key, row.seconds) == (False, False, None, 0.0)
    record = row_record(row, failed(row, UnreadableImage("empty"), plan()))
    assert (record.key, record.pictures, record.error) == (None, (), "UnreadableImage: empty")
    assert record.label == "<bytes 0>"


def test_each_attribute_of_a_row_has_one_writer():
    """Whoever reads what happens to a row knows where it happens."""
    names = {field.name for field in fields(Row)}
    assert sorted(name for written in WRITERS.values() for name in written) == sorted(names)
    for module in MODULES:
        if module.name.startswith("vlmkit.runner."):
            stored = (node for node in ast.walk(module.tree) if isinstance(getattr(node, "ctx", None), ast.Store))
            written = {node.attr for node in stored if isinstance(node, ast.Attribute) and _is_a_row(node.value)}
            assert written <= WRITERS.get(module.name.rpartition(".")[2], set()), module.name


def _is_a_row(node):
    return isinstance(node, ast.Name) and node.id in ("row", "each", "leader", "first", "follower")


@pytest.mark.parametrize(
    ("faithfulness", "is_told"),
    [("differs", True), ("wrong", True), ("never compared", True), ("same", False), ("nearly", False), (None, False)],
)
def test_a_fault_tells_of_a_model_that_is_not_faithful(row, plan, faithfulness, is_told):
    """That may be why its answer cannot be read, and the model broke; a picture's fault is the picture's."""
    backend = row.prepared.target.backend
    backend.info = replace(backend.info, faithfulness=faithfulness, remarks=("Its answers differ: tiles.",))
    row.question = replace(row.question, task=compose_question("How many?", dtype=int, into="n"))
    unreadable = answered(row, REPLY).fault
    broken = failed(row, ServerFault("It broke."), plan()).fault
    for fault in (unreadable, broken):
        assert str(fault).endswith("Its answers differ: tiles.") is is_told
    assert "tiles" not in unreadable.problem
    assert "tiles" not in str(failed(row, UnreadableImage("Damaged."), plan()).fault)
    assert str(failed(row, broken, plan()).fault).count("tiles") == is_told


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
