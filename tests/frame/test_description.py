"""One described picture, as a plain record."""

import dataclasses
import json

from vlmkit.errors import TimedOut
from vlmkit.frame.description import describe_outcome
from vlmkit.prompts import compose_description, compose_question
from vlmkit.records import Outcome, Reply, Usage
from vlmkit.sources import read_header, refer

TASK = compose_description("?", into="description")


def test_a_row_that_worked(photos):
    """Everything known about the answer and its picture, ready for JSON."""
    (path,) = photos(1)
    reply = Reply(
        text=" A cat. ",
        finish_reason="stop",
        model="fake:m",
        revision="7",
        usage=Usage(prompt_tokens=3, completion_tokens=2),
        seconds=0.25,
    )
    outcome = Outcome(index=0, values={"description": "A cat."}, reply=reply, seconds=0.5)
    record = describe_outcome(outcome, refer(path), "row 9", TASK, header=read_header(refer(path)))
    assert (record.index, record.text, record.error) == ("row 9", "A cat.", None)
    assert record.columns == {"description": "A cat.", "description_error": None}
    assert (record.model, record.revision, record.seconds) == ("fake:m", "7", 0.5)
    assert (record.answer_seconds, record.from_store) == (0.25, False)
    assert (record.prompt_tokens, record.completion_tokens, record.finish_reason) == (3, 2, "stop")
    assert record.metadata["path"] == path
    assert (record.metadata["format"], record.metadata["width"], record.metadata["orientation"]) == ("PNG", 10, 1)
    assert json.loads(json.dumps(dataclasses.asdict(record)))["metadata"]["height"] == 8
    assert repr(record).startswith("Description(index='row 9', text='A cat.'")


def test_a_row_that_failed():
    """What is unknown is None, and the keys are the same."""
    record = describe_outcome(Outcome(index=0, fault=TimedOut("slow")), refer("gone.png"), 0, TASK, header=None)
    assert record.error == "TimedOut: slow"
    assert record.columns == {"description": None, "description_error": "TimedOut: slow"}
    assert (record.text, record.model, record.finish_reason) == (None, None, None)
    assert record.metadata == {
        "path": "gone.png",
        "format": None,
        "width": None,
        "height": None,
        "size_bytes": None,
        "orientation": None,
    }


def test_a_value_that_is_no_text():
    """It is in the columns; the text is for texts."""
    outcome = Outcome(index=0, values={"n": 3})
    record = describe_outcome(outcome, refer(b"x"), 0, compose_question("?", dtype=int, into="n"), header=None)
    assert record.columns["n"] == 3
    assert record.text is None
    assert record.metadata["path"] is None


def test_confidence_is_a_column_where_asked_for(photos):
    """None where the model did not say; a row that failed has none."""
    (path,) = photos(1)
    outcome = Outcome(
        index=0, values={"description": "A cat."}, reply=Reply(text="A cat.", model="fake:m", finish_reason="stop")
    )
    assert describe_outcome(outcome, refer(path), 0, TASK, header=None, confidence=True).columns == {
        "description": "A cat.", "description_confidence": None, "description_error": None,
    }  # fmt: skip
    failed = Outcome(index=0, fault=TimedOut("late"))
    record = describe_outcome(failed, refer(path), 0, TASK, header=None, confidence=True)
    assert record.columns["description_confidence"] is None
