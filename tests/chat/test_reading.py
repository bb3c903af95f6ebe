"""Pieces of calls become events, each call with its end before the next one begins."""

import pytest

from vlmkit.backends import Delta, ToolCallDelta
from vlmkit.chat import CallArguments, CallEnd, CallStart, TextDelta
from vlmkit.chat.reading import reader_for
from vlmkit.records import Ask, ToolDefinition, one_question

ASK = Ask(messages=one_question("x"), tools=(ToolDefinition(name="look"),))


def events(*deltas):
    reader = reader_for(ASK, None, 0)
    return [event for delta in deltas for event in reader.take(delta)] + reader.finish() + reader.finish()


def test_text_and_calls_in_pieces():
    """The first piece of a call names it, others add to its arguments."""
    assert events(
        Delta(text="Let me see."),
        Delta(tool_calls=(ToolCallDelta(index=0, id="a", name="look"),)),
        Delta(tool_calls=(ToolCallDelta(index=0, arguments='{"x"'), ToolCallDelta(index=0, arguments=": 1}"))),
        Delta(tool_calls=(ToolCallDelta(index=1, id="b", name="look"),)),
    ) == [
        TextDelta("Let me see."),
        CallStart(0, "a", "look"),
        CallArguments(0, '{"x"'),
        CallArguments(0, ": 1}"),
        CallEnd(0),
        CallStart(1, "b", "look"),
        CallArguments(1, "{}"),
        CallEnd(1),
    ]


@pytest.mark.parametrize(("arguments", "problem"), [('{"x": ', "not JSON"), ("[1]", "not a JSON object")])
def test_broken_arguments_are_passed_on_and_told(arguments, problem):
    """Clients know that arguments may be broken; nothing is mended or dropped."""
    *_, sent, end = events(Delta(tool_calls=(ToolCallDelta(index=0, id="a", name="look", arguments=arguments),)))
    assert sent.fragment == arguments
    assert problem in end.problem
