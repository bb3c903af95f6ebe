"""The ways in which chat templates take messages: parts or plain text, a system role or none, tool calls as data.

Nothing declares what a template takes, so `template` tries these ways in order, with words that occur nowhere else.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vlmkit.records import Message, Picture, ToolCall, ToolDefinition

__all__ = ["Way", "in_unique_words", "merged_systems", "shape_of", "ways_for", "with_fewer_pictures", "words_of"]

# Content of a message, and the marks of its pictures, as a template takes them.
_Content = Callable[[Sequence[str | Picture], Iterator[str]], Any]
_BETWEEN = "\n\n"
_SHORT_ID_CHARACTERS = 9


def _text_part(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _parts(content: Sequence[str | Picture], marks: Iterator[str]) -> list[dict[str, Any]]:
    return [_text_part(part) if isinstance(part, str) else {"type": "image"} for part in _marked(content, marks)]


def _url_parts(content: Sequence[str | Picture], marks: Iterator[str]) -> list[dict[str, Any]]:
    image = {"type": "image_url", "image_url": {"url": ""}}
    return [_text_part(part) if isinstance(part, str) else image for part in _marked(content, marks)]


def _content_parts(content: Sequence[str | Picture], marks: Iterator[str]) -> list[dict[str, Any]]:
    return [part | {"content": part["text"]} if "text" in part else part for part in _parts(content, marks)]


def _plain(content: Sequence[str | Picture], marks: Iterator[str]) -> str:
    return "".join(part if isinstance(part, str) else next(marks) for part in content)


def _plain_part(content: Sequence[str | Picture], marks: Iterator[str]) -> list[dict[str, Any]]:
    return [_text_part(_plain(content, marks))]


def _marked(content: Sequence[str | Picture], marks: Iterator[str]) -> Sequence[str | Picture]:
    """The same; a picture that is a part uses up its mark, which a message in plain text after it must not get."""
    for _ in (part for part in content if isinstance(part, Picture)):
        next(marks)
    return content


_QUESTIONS: tuple[_Content, ...] = (_parts, _url_parts, _content_parts, _plain, _plain_part)
_OTHERS: tuple[_Content, ...] = (_parts, _content_parts, _plain)


def _as_mapping(call: ToolCall) -> Any:
    """What most templates write as JSON themselves."""
    return call.parsed_arguments


def _as_text(call: ToolCall) -> Any:
    return call.arguments


def _short_id(call_id: str) -> str:
    """Nine letters and digits, which is all that Mistral's templates take."""
    return hashlib.blake2b(call_id.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()[:_SHORT_ID_CHARACTERS]


@dataclass(frozen=True, slots=True)
class Way:
    """How messages become those of a template.

    Attributes
    ----------
    question, answer, tool : callable
        Content of messages of a user, an assistant and a tool.
    system : callable or None
        None puts the system text at the head of the next question.
    arguments : callable
        Arguments of a tool call.
    call_id : callable
        Id of a tool call.
    merges : bool
        Whether questions in a row become one.
    """

    question: _Content
    answer: _Content
    system: _Content | None
    tool: _Content = _plain
    arguments: Callable[[ToolCall], Any] = _as_mapping
    call_id: Callable[[str], str] = str
    merges: bool = False

    @property
    def marks_questions(self) -> bool:
        """Whether a picture in a question is a mark in its text."""
        return self.question in (_plain, _plain_part)

    def render(self, messages: Sequence[Message], marks: Sequence[str]) -> list[dict[str, Any]]:
        """Messages as the template takes them.

        Parameters
        ----------
        messages : sequence of Message
        marks : sequence of str
            What stands for each picture where a text holds it.
        """
        if self.system is None:
            messages = merged_systems(messages)
        if self.merges:
            messages = _merged_questions(messages)
        contents = {"system": self.system or _plain, "user": self.question, "assistant": self.answer, "tool": self.tool}
        names = {call.id: call.name for message in messages for call in message.tool_calls}
        unused, rendered = iter(marks), []
        for message in messages:
            entry = {"role": message.role, "content": contents[message.role](message.content, unused)}
            if message.tool_calls:
                entry["tool_calls"] = [self._call(call) for call in message.tool_calls]
            if message.tool_call_id is not None:
                entry["tool_call_id"] = self.call_id(message.tool_call_id)
                entry["name"] = names.get(message.tool_call_id, "")
            rendered.append(entry)
        return rendered

    def _call(self, call: ToolCall) -> dict[str, Any]:
        function = {"name": call.name, "arguments": self.arguments(call)}
        return {"id": self.call_id(call.id), "type": "function", "function": function}


def ways_for(messages: Sequence[Message]) -> Iterator[Way]:
    """Ways to try for a conversation, the usual ones first.

    Parameters
    ----------
    messages : sequence of Message
    """
    roles = [message.role for message in messages]
    has_calls = any(message.tool_calls for message in messages)
    answers: tuple[_Content, ...] = _OTHERS if "assistant" in roles else (_plain,)
    tools: tuple[_Content, ...] = (_plain, _parts) if "tool" in roles else (_plain,)
    arguments: tuple[Callable[[ToolCall], Any], ...] = (_as_mapping, _as_text) if has_calls else (_as_mapping,)
    call_ids: tuple[Callable[[str], str], ...] = (str, _short_id) if has_calls else (str,)
    for merge, call_id, argument, question, system, answer, tool in itertools.product(
        _merges(roles), call_ids, arguments, _QUESTIONS, _systems(roles), answers, tools
    ):
        yield Way(question, answer, system, tool, argument, call_id, merge)


def _systems(roles: Sequence[str]) -> tuple[_Content | None, ...]:
    if "system" not in roles:
        return (None,)
    # Behind the last system text there may be no question that could hold it.
    return _OTHERS if roles[-1] == "system" else (*_OTHERS, None)


def _merges(roles: Sequence[str]) -> tuple[bool, ...]:
    pairs = itertools.pairwise(role for role in roles if role != "system")
    return (False, True) if ("user", "user") in pairs else (False,)


def shape_of(messages: Sequence[Message], tools: Sequence[ToolDefinition]) -> tuple[object, ...]:
    """What a template can tell apart in a conversation, whatever its words.

    Parameters
    ----------
    messages : sequence of Message
    tools : sequence of ToolDefinition
    """
    seen = (
        (message.role, tuple(isinstance(part, str) for part in message.content), len(message.tool_calls))
        for message in messages
    )
    return (len(tools), *seen)


def in_unique_words(messages: Sequence[Message]) -> list[Message]:
    """A conversation of the same shape, in words that occur nowhere else.

    Parameters
    ----------
    messages : sequence of Message
    """
    calls = {call.id: f"vlmkitcall{i}x" for i, call in enumerate(_calls(messages))}
    return [
        replace(
            message,
            content=tuple(
                f"vlmkitsays{i}x{j}x" if isinstance(part, str) else part for j, part in enumerate(message.content)
            ),
            tool_calls=tuple(
                ToolCall(
                    id=calls[call.id], name=f"vlmkitcalls{i}x{j}x", arguments=f'{{"given": "vlmkitgives{i}x{j}x"}}'
                )
                for j, call in enumerate(message.tool_calls)
            ),
            tool_call_id=message.tool_call_id and calls.get(message.tool_call_id, "vlmkitcall"),
        )
        for i, message in enumerate(messages)
    ]


def words_of(messages: Sequence[Message]) -> list[str]:
    """All texts of a conversation from `in_unique_words`, in order: what is said, and of calls names and arguments.

    Parameters
    ----------
    messages : sequence of Message
    """
    words = []
    for message in messages:
        words += [part for part in message.content if isinstance(part, str)]
        for call in message.tool_calls:
            words += [call.name, json.loads(call.arguments)["given"]]
    return words


def with_fewer_pictures(messages: Sequence[Message], place: int) -> list[Message]:
    """The same with one picture less in a message.

    Parameters
    ----------
    messages : sequence of Message
    place : int
    """
    content = list(messages[place].content)
    content.remove(next(part for part in reversed(content) if isinstance(part, Picture)))
    return [replace(message, content=tuple(content)) if i == place else message for i, message in enumerate(messages)]


def merged_systems(messages: Sequence[Message]) -> list[Message]:
    """The same with each system text at the head of the text of the next question.

    Parameters
    ----------
    messages : sequence of Message
    """
    kept: list[Message] = []
    waiting: list[str] = []
    for message in messages:
        if message.role == "system":
            waiting.append(message.text)
        elif message.role == "user" and waiting:
            kept.append(_headed(message, _BETWEEN.join(waiting)))
            waiting = []
        else:
            kept.append(message)
    return kept


def _headed(message: Message, head: str) -> Message:
    content = list(message.content)
    place = next((i for i, part in enumerate(content) if isinstance(part, str)), len(content))
    content[place : place + 1] = [_BETWEEN.join((head, *(str(part) for part in content[place : place + 1])))]
    return replace(message, content=tuple(content))


def _merged_questions(messages: Sequence[Message]) -> list[Message]:
    merged: list[Message] = []
    for message in messages:
        if merged and message.role == "user" == merged[-1].role:
            merged[-1] = replace(merged[-1], content=(*merged[-1].content, _BETWEEN, *message.content))
        else:
            merged.append(message)
    return merged


def _calls(messages: Sequence[Message]) -> Iterator[ToolCall]:
    return (call for message in messages for call in message.tool_calls)
