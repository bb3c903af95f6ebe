"""Tools as lines of a prompt."""

import json

from vlmkit.backends import DIRECT_ANSWER, RESULT_PICTURES, TOOLS_HEADING, call_text, with_tool_lines
from vlmkit.records import Message, Picture, ToolCall, ToolDefinition

COUNT = ToolDefinition(
    name="count",
    description="counts\n  objects",
    parameters=json.dumps(
        {
            "type": "object",
            "properties": {
                "what": {"type": "string"},
                "most": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
                "kind": {"enum": ["a"]},
                "rest": {},
                "many": {"type": ["array", "null"]},
            },
        }
    ),
)
LINES = f"""{TOOLS_HEADING}
- count(what: string, most: integer, kind: string, rest: any, many: array): counts objects
- answer(text: string): gives the answer"""
PICTURE = Picture(data=b"x", media_type="image/png", width=1, height=1, digest="d")
CALL = ToolCall(id="c", name="count", arguments='{"what": "dogs"}')


def test_tools_follow_the_last_question():
    """Each a line, with its arguments and their types; what was said before stays as it was."""
    before = (Message.system("Be brief."), Message.user("Hello."), Message.assistant("Hello!"))
    asked = Message(role="user", content=("How many", PICTURE, "dogs?"))
    *said, last = with_tool_lines((*before, asked), [COUNT])
    assert tuple(said) == before
    assert last.content == ("How many", PICTURE, f"dogs?\n{LINES}")


def test_a_picture_may_come_last():
    """The lines then stand behind it, on a line of their own."""
    (only,) = with_tool_lines([Message(role="user", content=("Dogs?", PICTURE))], [COUNT])
    assert only.content == ("Dogs?", PICTURE, f"\n{LINES}")


def test_calls_and_results_follow_the_question():
    """In one message, as it is the model's turn behind them; what the model said with a call comes before."""
    talk = (
        Message.user("Dogs?", [PICTURE]),
        Message.assistant("I count.", [CALL]),
        Message.tool("c", "3", [PICTURE]),
    )
    (only,) = with_tool_lines(talk, [COUNT])
    assert only.text == f'Dogs?\n{LINES}\nI count.\nCalled count {{"what": "dogs"}}\nResult: 3'
    assert only.pictures == (PICTURE, PICTURE)
    again = (*talk, Message.assistant("Three."), Message.user("Sure?"))
    first, answer, last = with_tool_lines(again, ())
    assert first.text == 'Dogs?\nI count.\nCalled count {"what": "dogs"}\nResult: 3'
    assert (answer.text, last.text) == ("Three.", "Sure?")


def test_pictures_of_results_are_no_question():
    """They stand with the results, and the tools stay with what a person asked."""
    talk = (
        Message.user("Dogs?"),
        Message.assistant("", [CALL]),
        Message.tool("c", "3\n[picture 1]"),
        Message.user(RESULT_PICTURES, [PICTURE]),
    )
    (only,) = with_tool_lines(talk, [COUNT])
    assert only.content == (f'Dogs?\n{LINES}\nCalled count {{"what": "dogs"}}\nResult: 3\n[picture 1]', PICTURE)


def test_without_a_question():
    """A conversation that the model began has its lines all the same."""
    talk = (Message.assistant("", [CALL]), Message.tool("c", "3"))
    (only,) = with_tool_lines(talk, [COUNT])
    assert only.text == f'{LINES}\nCalled count {{"what": "dogs"}}\nResult: 3'


def test_a_tool_of_the_same_name_takes_the_place():
    """The way to answer directly is offered unless a tool is called so."""
    (only,) = with_tool_lines([Message.user("?")], [ToolDefinition(name=DIRECT_ANSWER.name, description="mine")])
    assert only.text.splitlines()[2:] == ["- answer(): mine"]


def test_a_call_is_written_as_it_is_read():
    """One object, name first."""
    assert call_text("count", {"what": "dogs"}) == '{"name": "count", "arguments": {"what": "dogs"}}'
