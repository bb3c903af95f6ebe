"""Messages arrive as they were sent, whatever a record has in it; what has another form is refused."""

import math
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from tests.families.drawing import picture
from vlmkit.backends.facts import Counts, ModelInfo
from vlmkit.backends.protocol import Abilities, Insight, Tile
from vlmkit.engines.isolation import messages
from vlmkit.errors import ModelNotFound, Refused, TimedOut
from vlmkit.framing import Frame, FrameReader
from vlmkit.records import (
    Ask,
    Constraint,
    Message,
    Reply,
    Sampling,
    Token,
    ToolCall,
    ToolDefinition,
    Usage,
    one_question,
)

ASK = Ask(
    messages=(
        *one_question(
            'What is "it"?\n\0 ☃ 𝄞',
            (picture(1), picture(2)),
            system="Be short.",
            before=(
                *(Message.user("And this?", [picture(3)]), Message.assistant("A dog.")),
                *(Message.user("Sure?"), Message.assistant("", [ToolCall(id="c1", name="look", arguments='{"x": ')])),
                Message(role="tool", content=("before", picture(4), "behind"), tool_call_id="c1"),
            ),
        ),
    ),
    tools=(ToolDefinition(name="look", description="Looks.", parameters='{"type": "object"}'),),
    tool_choice="look",
    parallel_tool_calls=False,
    sampling=Sampling(
        max_tokens=7,
        temperature=0.1,
        top_p=0.3,
        top_k=3,
        repetition_penalty=1.1,
        frequency_penalty=-0.5,
        presence_penalty=0.7,
        stop=("a", "b"),
        seed=2**70,
    ),
    timeout_s=1 / 3,
    constraint=Constraint(kind="regex", text="a+"),
    token_probabilities=True,
    alternatives=3,
    keep_partial=True,
    keep_special_tokens=True,
)
REPLY = Reply(
    text="é\u2028x",
    finish_reason="stop",
    model="mlx:m",
    revision="r",
    usage=Usage(prompt_tokens=3, completion_tokens=2),
    seconds=0.1 + 0.2,
    tokens=(Token(text="é", probability=1e-300, alternatives=(("b", 0.25), ("", 1 / 3))),),
)
COUNTS = Counts(answered=1, failed=2, prompt_tokens=3, completion_tokens=4, steps=5, prompt_seconds=0.1)
INFO = ModelInfo(name="mlx:m", remarks=("One.", "Two."), slots=3)
TO_CHILD = [
    messages.Open(
        specification=messages.Specification(
            name="m",
            revision="r",
            directory=Path("/a b/ü"),
            adapter=None,
            slots=None,
            kv_cache_tokens=9,
            device="auto",
            code_allowed=False,
            wrong_allowed=True,
        )
    ),
    messages.Drop(number=3),
    messages.MethodCall(number=4, what="detokenize", tokens=(1, 2)),
]
FROM_CHILD = [
    messages.Opened(abilities=Abilities(json_schema=True), info=INFO),
    messages.Failed(error="ModelLoadFailed", message="no"),
    messages.TextPiece(number=1, text="ab"),
    messages.Answered(number=1, reply=REPLY, counts=COUNTS),
    messages.Faulted(number=1, error="TimedOut", message="late", partial=REPLY, counts=COUNTS),
    messages.Called(number=1, tokens=(1, 2)),
    messages.Called(number=1, insight=Insight(text="a", prompt_tokens=1, tiles=(Tile(width=1, height=2, data=b""),))),
    messages.Pulse(still_s=1.5, cpu_s=0.5, counts=COUNTS),
    messages.Remark(level=30, text="slow"),
]


def sent(message, blocks=()):
    (frame,) = FrameReader(10**8).feed(b"".join(messages.packed(message, blocks)))
    return frame


@pytest.mark.parametrize("message", TO_CHILD, ids=lambda message: message.kind)
def test_what_a_parent_says_arrives(message):
    """Equal, of the same types."""
    assert messages.read_from_parent(sent(message)) == message


@pytest.mark.parametrize("message", FROM_CHILD, ids=lambda message: message.kind)
def test_what_a_child_says_arrives(message):
    """Equal, of the same types, floating-point numbers to the last bit."""
    assert messages.read_from_child(sent(message)) == message


def test_an_ask_arrives_with_everything_that_it_has():
    """No field of it is left at its default here, so that a new field cannot be forgotten."""
    for record in (ASK, ASK.sampling):
        for field in fields(record):
            assert getattr(record, field.name) != field.default
    put = messages.Put(
        number=5,
        ask=messages.bare(ASK),
        sizes=tuple(map(len, messages.blocks_of(ASK))),
        wants_pieces=True,
    )
    frame = sent(put, messages.blocks_of(ASK))
    assert len(frame.text) < 4000
    got = messages.read_from_parent(frame)
    assert (got.number, got.wants_pieces) == (5, True)
    assert messages.whole(got.ask, messages.split_block(frame.block, got.sizes)) == ASK


def test_numbers_of_numpy_are_numbers():
    """As sampling values from a table's cells are."""
    ask = replace(ASK, sampling=Sampling(max_tokens=np.int64(5), temperature=np.float32(0.5), seed=3.0))
    put = messages.Put(number=5, ask=messages.bare(ask), sizes=(0, 0, 0), wants_pieces=False)
    assert messages.read_from_parent(sent(put)).ask.sampling == Sampling(max_tokens=5, temperature=0.5, seed=3)


def test_what_is_no_number_stays_none():
    """A broken model's probabilities are not made better, and do not break the frame."""
    reply = replace(REPLY, tokens=(Token(text="a", probability=math.nan), Token(text="b", probability=math.inf)))
    got = messages.read_from_child(sent(messages.Answered(number=1, reply=reply, counts=COUNTS)))
    first, second = (token.probability for token in got.reply.tokens)
    assert math.isnan(first)
    assert second == math.inf


def test_what_cannot_be_said_is_refused_before_it_is_sent():
    """Half a character, an object."""
    for wrong in ("\ud800", object()):
        with pytest.raises(ValueError, match=r"\w"):
            messages.packed(messages.TextPiece(number=1, text=wrong))


WRONG = [
    b"",
    b"{",
    b"[]",
    b'"piece"',
    b"{}",
    b'{"kind": "put"}',
    b'{"kind": "piece"}',
    b'{"kind": "piece", "number": "1", "text": "a"}',
    b'{"kind": "piece", "number": 1.0, "text": "a"}',
    b'{"kind": "piece", "number": 1, "text": ["a"]}',
    b'{"kind": "piece", "number": 1, "text": "\\ud800"}',
    b'{"kind": "piece", "number": 1, "text": "\xff"}',
    b'{"kind": "called", "number": 1, "tokens": ' + b"[" * 100_000 + b"}",
    b'{"kind": "called", "number": 1, "tokens": [' + b"9" * 100_000 + b"]}",
    b'{"kind": "pulse", "still_s": 1, "cpu_s": null}',
    b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94.",
]


@pytest.mark.parametrize("text", WRONG, ids=range(len(WRONG)))
def test_what_has_another_form_is_no_message(text):
    """Neither deep nor long JSON, nor a pickle, does more than be refused."""
    with pytest.raises(ValueError, match=r"\w"):
        messages.read_from_child(Frame(bytearray(text), bytearray()))


@pytest.mark.parametrize("sizes", [(), (3,), (-1, 6), (2, 2), (2**63, 5)])
def test_a_block_is_made_of_its_parts(sizes):
    """Or it is refused; parts that fit come out."""
    with pytest.raises(ValueError, match="not made of parts"):
        messages.split_block(bytearray(b"12345"), sizes)
    assert messages.split_block(bytearray(b"12345"), (2, 0, 3)) == [b"12", b"", b"345"]
    with pytest.raises(ValueError, match="for 4 pictures"):
        messages.whole(ASK, [b"one"])


def test_errors_become_messages():
    """By the names of the errors that are raised on purpose; any other is told with its type, cut to a length."""
    late = messages.faulted_by(1, TimedOut("late", partial=REPLY), COUNTS)
    assert (late.error, late.message, late.partial, late.counts) == ("TimedOut", "late", REPLY, COUNTS)
    assert messages.faulted_by(1, Refused("no")).error == "Refused"
    odd = messages.faulted_by(1, KeyError("x" * 10_000))
    assert odd.error == "ServerFault"
    assert odd.message.startswith("KeyError: ")
    assert len(odd.message) < 5000
    assert messages.failed_by(ModelNotFound("gone")) == messages.Failed(error="ModelNotFound", message="gone")
    broken = messages.failed_by(ZeroDivisionError("by what"))
    assert (broken.error, "ZeroDivisionError: by what" in broken.message) == ("ModelLoadFailed", True)
