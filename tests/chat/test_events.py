"""Events of one or several choices, put together."""

from vlmkit.chat import CallArguments, CallEnd, CallStart, ChoiceFinished, ReasoningDelta, TextDelta
from vlmkit.chat.events import gather
from vlmkit.records import ToolCall, Usage


def test_choices_are_put_together_from_mixed_events():
    """Each gets its own text, thoughts and calls, in the order of their numbers."""
    end = ChoiceFinished("tool_calls", Usage(), choice=1)
    first, second = gather(
        [
            TextDelta("b", choice=1),
            ReasoningDelta("hm"),
            TextDelta("a"),
            CallStart(0, "c1", "look", choice=1),
            TextDelta("c"),
            CallArguments(0, '{"row"', choice=1),
            CallStart(1, "c2", "run", choice=1),
            CallArguments(0, ": 1}", choice=1),
            CallEnd(0, choice=1),
            end,
        ]
    )
    assert (first.text, first.reasoning, first.tool_calls, first.end) == ("ac", "hm", (), None)
    assert (second.text, second.end) == ("b", end)
    assert second.tool_calls[0] == ToolCall(id="c1", name="look", arguments='{"row": 1}')
    assert [call.name for call in second.tool_calls] == ["look", "run"]
