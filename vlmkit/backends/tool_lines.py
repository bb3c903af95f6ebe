"""Tools as lines of a prompt, for models whose chat template shows none; the bundled model was trained on these lines.

Whoever changes a character of them trains that model anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from vlmkit.records import Message, Picture, ToolDefinition

__all__ = [
    "DIRECT_ANSWER",
    "RESULT_PICTURES",
    "TOOLS_HEADING",
    "call_text",
    "result_lines",
    "tool_line",
    "with_tool_lines",
]

TOOLS_HEADING = 'Call one of these tools with one JSON object {"name": …, "arguments": {…}}:'
"""The line before those of the tools."""

DIRECT_ANSWER = ToolDefinition(
    name="answer",
    description="gives the answer",
    parameters='{"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}',
)
"""Offered with every other tool: a model that always calls needs a way to say something. Its text is the answer."""

RESULT_PICTURES = "The pictures that the tools gave, in order."
"""Text of the user's message that shows them: servers and templates drop pictures from results, or refuse them."""

_ANY = "any"


def tool_line(name: str, arguments: Sequence[tuple[str, str]], description: str) -> str:
    """Write the line that offers a tool.

    Parameters
    ----------
    name : str
    arguments : sequence of (str, str)
        Name and JSON type of each.
    description : str
    """
    listed = ", ".join(f"{argument}: {kind}" for argument, kind in arguments)
    return f"- {name}({listed}): {description}"


def call_text(name: str, arguments: dict[str, Any]) -> str:
    """Write a call."""
    return json.dumps({"name": name, "arguments": arguments})


def result_lines(name: str, arguments: dict[str, Any], result: str) -> str:
    """Write what was called and what came back, as it follows the tools in a prompt."""
    return f"Called {name} {json.dumps(arguments)}\nResult: {result}"


def with_tool_lines(messages: Sequence[Message], tools: Iterable[ToolDefinition]) -> tuple[Message, ...]:
    """A conversation in words alone: tools, calls and results stand in the text of the user's messages.

    Tools follow the last question, `DIRECT_ANSWER` after them unless one has its name; calls and results follow the
    question that led to them, and so do the pictures of results.

    Parameters
    ----------
    messages : sequence of Message
    tools : iterable of ToolDefinition

    Examples
    --------
    >>> clock = ToolDefinition(name="clock", description="tells the time")
    >>> print(with_tool_lines([Message.user("Is it noon?")], [clock])[0].text)
    Is it noon?
    Call one of these tools with one JSON object {"name": …, "arguments": {…}}:
    - clock(): tells the time
    - answer(text: string): gives the answer
    """
    offered = _offer(tuple(tools))
    last = max((place for place, message in enumerate(messages) if _is_question(message)), default=-1)
    worded: list[Message] = [] if last >= 0 or not offered else [Message.user(offered)]
    for place, message in enumerate(messages):
        if (lines := _lines_behind(message, messages)) is not None:
            _append(worded, lines, message.pictures)
        elif place == last and offered:
            worded.append(_longer(message, offered, ()))
        else:
            worded.append(message)
    return tuple(worded)


def _lines_behind(message: Message, messages: Sequence[Message]) -> str | None:
    """What a message adds to the question before it; None where it stands for itself."""
    if message.role == "tool":
        return _results(message, messages)
    if message.role == "user":
        return None if _is_question(message) else ""
    return message.text if message.tool_calls else None


def _is_question(message: Message) -> bool:
    return message.role == "user" and message.text != RESULT_PICTURES


def _offer(tools: tuple[ToolDefinition, ...]) -> str:
    if not tools:
        return ""
    is_taken = any(tool.name == DIRECT_ANSWER.name for tool in tools)
    lines = [tool_line(tool.name, list(_arguments(tool)), " ".join(tool.description.split())) for tool in tools]
    if not is_taken:
        lines.append(tool_line(DIRECT_ANSWER.name, list(_arguments(DIRECT_ANSWER)), DIRECT_ANSWER.description))
    return "\n".join((TOOLS_HEADING, *lines))


def _arguments(tool: ToolDefinition) -> Iterator[tuple[str, str]]:
    properties = json.loads(tool.parameters).get("properties")
    for name, schema in properties.items() if isinstance(properties, dict) else ():
        yield name, _type_of(schema if isinstance(schema, dict) else {})


def _type_of(schema: dict[str, Any]) -> str:
    """Name of the type that an argument has, apart from null."""
    kinds = schema.get("type")
    if kinds is None and isinstance(schema.get("anyOf"), list):
        kinds = [each.get("type") for each in schema["anyOf"] if isinstance(each, dict)]
    if isinstance(kinds, list):
        kinds = next((kind for kind in kinds if kind != "null"), None)
    if kinds is None and schema.get("enum"):
        kinds = "string"
    return kinds if isinstance(kinds, str) else _ANY


def _results(message: Message, messages: Sequence[Message]) -> str:
    calls = (call for other in reversed(messages) for call in other.tool_calls)
    call = next((call for call in calls if call.id == message.tool_call_id), None)
    name, arguments = (call.name, call.parsed_arguments) if call else ("", {})
    return result_lines(name, arguments, message.text)


def _append(worded: list[Message], lines: str, pictures: tuple[Picture, ...]) -> None:
    """Add lines and pictures to the last question, or make one of them."""
    if not worded or worded[-1].role != "user":
        worded.append(Message.user(lines, pictures))
    elif lines or pictures:
        worded[-1] = _longer(worded[-1], lines, pictures)


def _longer(message: Message, lines: str, pictures: tuple[Picture, ...]) -> Message:
    content = [*message.content, *pictures]
    if content and isinstance(content[-1], str):
        content[-1] = "\n".join(filter(None, (content[-1], lines)))
    elif lines:
        content.append(f"\n{lines}" if message.text else lines)
    return replace(message, content=tuple(content))
