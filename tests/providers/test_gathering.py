"""Streamed answers put together, and how long an answer can be."""

import pytest

from vlmkit.backends.protocol import ToolCallDelta
from vlmkit.errors import BackendError, ServerFault
from vlmkit.providers.dialect import Piece
from vlmkit.providers.gathering import Calls, Gathered, check_length, most_bytes, most_lines
from vlmkit.providers.transport import MOST_BYTES
from vlmkit.records import Ask, Sampling, Token, ToolCall, Usage, one_question


def gathered(*pieces):
    whole = Gathered()
    for piece in pieces:
        whole.add(piece)
    return whole


def test_pieces_are_joined():
    """Texts and tokens in order; of facts the newest, of names the first."""
    token = Token(text="a", probability=0.5, alternatives=())
    whole = gathered(
        Piece(text="a ", tokens=(token,), response_id="first", usage=Usage(prompt_tokens=1)),
        Piece(text="circle", tokens=(token,), response_id="second", usage=Usage(completion_tokens=2), thinks=True),
        Piece(finish_reason="stop", is_last=True),
    )
    assert whole.checked() == Piece(
        text="a circle",
        finish_reason="stop",
        usage=Usage(prompt_tokens=1, completion_tokens=2),
        tokens=(token, token),
        is_last=True,
        response_id="first",
        thinks=True,
    )


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([Piece(text="half")], "ended before the model was done"),
        ([], "ended before"),
        ([Piece(finish_reason="stop")], "no text"),
        ([Piece(refusal="I can"), Piece(refusal="not", is_last=True)], "refused: I cannot"),
    ],
)
def test_what_is_no_answer_is_a_fault(pieces, words):
    """Which says what is missing."""
    with pytest.raises(BackendError, match=words) as caught:
        gathered(*pieces).checked()
    assert isinstance(caught.value, ServerFault) == ("refused" not in words)


def test_how_long_an_answer_can_be_depends_on_what_was_asked():
    """Tokens, and what is told about each; never more than can be read at all."""
    short = Ask(messages=one_question("x"), sampling=Sampling(max_tokens=10))
    long = Ask(messages=one_question("x"), sampling=Sampling(max_tokens=1000))
    likely = Ask(
        messages=one_question("x"), sampling=Sampling(max_tokens=1000), token_probabilities=True, alternatives=20
    )
    endless = Ask(messages=one_question("x"), sampling=Sampling(max_tokens=10**9))
    assert most_bytes(short) < most_bytes(long) < most_bytes(likely) < most_bytes(endless) == MOST_BYTES
    assert most_lines(short) < most_lines(long)


def test_how_long_a_text_can_be():
    """By the tokens that were asked for, and a little more."""
    ask = Ask(messages=one_question("x"), sampling=Sampling(max_tokens=10))
    check_length(ask.sampling.most_characters, ask)
    with pytest.raises(ServerFault, match="max_tokens=10 was asked for"):
        check_length(ask.sampling.most_characters + 1, ask)
    whole = gathered(Piece(text="abc"), Piece(text="de"))
    assert whole.characters == 5


@pytest.mark.parametrize(
    "parts",
    [
        # As OpenAI sends them.
        [(0, "a", "look", ""), (0, "", "", '{"row"'), (1, "b", "count", ""), (0, "", "", ": 1}"), (1, "", "", "{}")],
        # Numbered among other blocks.
        [(1, "a", "look", ""), (1, "", "", '{"row": 1}'), (4, "b", "count", "")],
        # All with the same number, each whole.
        [(0, "a", "look", '{"row": 1}'), (0, "b", "count", "{}")],
        # Id and name in every part.
        [(0, "a", "look", '{"row": '), (0, "a", "look", "1}"), (1, "b", "count", "{}")],
    ],
)
def test_tool_calls_are_put_together(parts):
    """However a server numbers them; whoever listens gets numbers from 0, and each name once."""
    calls = Calls()
    given = [
        calls.add(ToolCallDelta(index=index, id=call_id, name=name, arguments=arguments))
        for index, call_id, name, arguments in parts
    ]
    look = ToolCall(id="a", name="look", arguments='{"row": 1}')
    assert calls.whole() == (look, ToolCall(id="b", name="count", arguments="{}"))
    assert {part.index for part in given} == {0, 1}
    assert [part.name for part in given if part.name] == ["look", "count"]


def test_a_call_without_an_id_gets_one():
    """At its beginning, so that whoever listens has it, too; without a name it is not a call."""
    calls = Calls()
    first = calls.add(ToolCallDelta(index=0, name="look"))
    assert first.id.startswith("call_")
    calls.add(ToolCallDelta(index=1, arguments="{}"))
    assert calls.whole() == (ToolCall(id=first.id, name="look"),)
