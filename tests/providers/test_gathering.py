"""Streamed answers put together, and how long an answer can be."""

import json
import random

import pytest

from vlmkit.backends.protocol import ToolCallDelta
from vlmkit.errors import BackendError, ServerFault
from vlmkit.providers.dialect import AnswerPiece
from vlmkit.providers.gathering import Calls, Events, Gathered, check_length, is_cut_off, most_answer_bytes, most_lines
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
        AnswerPiece(text="a ", tokens=(token,), response_id="first", usage=Usage(prompt_tokens=1)),
        AnswerPiece(
            text="circle", tokens=(token,), response_id="second", usage=Usage(completion_tokens=2), thinks=True
        ),
        AnswerPiece(finish_reason="stop", is_last=True),
    )
    assert whole.checked() == AnswerPiece(
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
        ([AnswerPiece(text="half")], "ended before the model was done"),
        ([], "ended before"),
        ([AnswerPiece(finish_reason="stop")], "no text"),
        ([AnswerPiece(refusal="I can"), AnswerPiece(refusal="not", is_last=True)], "refused: I cannot"),
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
    assert (
        most_answer_bytes(short)
        < most_answer_bytes(long)
        < most_answer_bytes(likely)
        < most_answer_bytes(endless)
        == MOST_BYTES
    )
    assert most_lines(short) < most_lines(long)


def test_how_long_a_text_can_be():
    """By the tokens that were asked for, and a little more."""
    ask = Ask(messages=one_question("x"), sampling=Sampling(max_tokens=10))
    check_length(ask.sampling.most_characters, ask)
    with pytest.raises(ServerFault, match="max_tokens=10 was asked for"):
        check_length(ask.sampling.most_characters + 1, ask)
    whole = gathered(AnswerPiece(text="abc"), AnswerPiece(text="de"))
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


def events_of(chunks):
    events = Events(1000)
    return [data for chunk in [*chunks, b""] for data in events.feed(chunk)]


STREAM = (
    'data: one\n\n: a comment\nevent: x\ndata:two\ndata:  lines ü\r\n\r\nid: 3\n\ndata: {"a":\ndata: 1}\n\ndata: end'
)


@pytest.mark.parametrize("seed", range(20))
def test_events_are_the_same_however_the_bytes_are_cut(seed):
    """In the middle of a line, of a character, of a line's end."""
    data, chance = STREAM.encode(), random.Random(seed)
    cuts = sorted(chance.sample(range(1, len(data)), chance.randrange(1, 12)))
    chunks = [data[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert events_of(chunks) == ["one", "two\n lines ü", '{"a":\n1}', "end"]


def test_nothing_gives_nothing():
    """An empty body, and one of blank lines."""
    assert events_of([]) == events_of([b"\n\n", b"\r\n"]) == []


ANSWERS = [
    '{"a": "b \\u00fc c\\\\", "n": -1.5e3, "t": true, "l": [null, {"x": "}]"}]}',
    '[{"a": "{\\"b\\": 1}"}, false]',
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_was_cut_is_told_wherever_the_cut_is(answer):
    """In a string, a number, a word, an escape, between any two signs."""
    assert json.loads(answer)
    for end in range(1, len(answer)):
        with pytest.raises(json.JSONDecodeError) as caught:
            json.loads(answer[:end])
        assert is_cut_off(answer[:end], caught.value), answer[:end]


@pytest.mark.parametrize(
    "text",
    [
        "<html>",
        "null and void",
        "upstream error",
        '{"a": x}',
        "{'a': 'b'}",
        '{"a": 1}{"b": 2}',
        '{"a": 1}\n[DONE]',
        "[1,]",
        "{{ template }} of a page that goes on",
        '{"a": "line\nbreak"}',
        '{"a": "\\x"}',
        '{a: "b"}',
        "{1: 2}",
        "",
    ],
)
def test_what_is_no_json_is_not_taken_for_a_part_of_it(text):
    """To ask again would bring the same."""
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    assert not is_cut_off(text, caught.value)


def test_a_cut_within_a_character_is_a_cut():
    """Bytes end where they end."""
    data = '{"a": "ü'.encode()[:-1]
    with pytest.raises(UnicodeDecodeError) as caught:
        json.loads(data)
    assert is_cut_off(data.decode("utf-8", errors="replace"), caught.value)
    assert not is_cut_off("[" * 9, RecursionError())


def feed_all(events, piece):
    for _ in range(1001):
        events.feed(piece)


@pytest.mark.parametrize("piece", [b"x" * 60_000, b"data: x\n" * 5000])
def test_an_event_without_end_is_given_up(piece):
    """In one line or in many; the time it takes grows with its length, and no faster."""
    events = Events(10**9)
    events.feed(b"data: ")
    with pytest.raises(ServerFault, match="more than 1,048,576 bytes"):
        feed_all(events, piece)


@pytest.mark.parametrize("line", [b"\n", b": alive\n", b"data: {}\n\n"])
def test_lines_without_end_are_given_up(line):
    """Whatever is in them."""
    events = Events(1000)
    with pytest.raises(ServerFault, match="more than 1,000 lines"):
        feed_all(events, line)
