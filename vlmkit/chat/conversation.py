"""Messages of a request as turns: roles made four, calls and their results matched, pictures where they stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vlmkit.chat.limits import ChatLimits
from vlmkit.chat.pictures import Fetch, LinkedPicture, picture_of
from vlmkit.chat.types import (
    AssistantMessage,
    CalledFunction,
    FunctionMessage,
    ImagePart,
    RefusalPart,
    ToolMessage,
)
from vlmkit.errors import ChatError
from vlmkit.records import Message, Picture, Role, ToolCall
from vlmkit.untrusted import mend_surrogates

__all__ = ["Turn", "turns_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """One message, its pictures not yet made for a model.

    Attributes
    ----------
    role : {"system", "user", "assistant", "tool"}
    content : tuple of (str or LinkedPicture), default ()
        In the order in which they came.
    tool_calls : tuple of ToolCall, default ()
    tool_call_id : str or None, default None
    """

    role: Role
    content: tuple[str | LinkedPicture, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None

    def message(self, longest_side_px: int, *, lossless: bool) -> Message:
        """The message that a model gets.

        Parameters
        ----------
        longest_side_px : int
        lossless : bool

        Raises
        ------
        ChatError
            A picture cannot be decoded.
        """
        content: list[str | Picture] = [
            part if isinstance(part, str) else part.normalized(longest_side_px, lossless=lossless)
            for part in self.content
        ]
        return Message(
            role=self.role,
            content=tuple(content),
            tool_calls=self.tool_calls,
            tool_call_id=self.tool_call_id,
        )


def turns_of(messages: Sequence[Any], limits: ChatLimits, fetch: Fetch | None) -> tuple[Turn, ...]:
    """Turns of a conversation.

    Parameters
    ----------
    messages : sequence of MessageEntry
    limits : ChatLimits
    fetch : callable or None

    Raises
    ------
    ChatError
        Too many messages or pictures, a picture that is none, a call without result or a result without call.
    """
    if len(messages) > limits.most_messages:
        raise _wrong("messages", f"there are {len(messages):,}, and {limits.most_messages:,} are allowed. Send fewer.")
    reading = _Reading(limits, fetch)
    for place, message in enumerate(messages):
        reading.take(message, f"messages[{place}]")
    reading.finish()
    return tuple(reading.turns)


@dataclass
class _Reading:
    limits: ChatLimits
    fetch: Fetch | None
    turns: list[Turn] = field(default_factory=list)
    pictures: int = 0
    # Calls that wait for their result: id to name, and where they were made.
    waiting: dict[str, str] = field(default_factory=dict)
    called_at: str = ""

    def take(self, message: Any, place: str) -> None:
        if isinstance(message, ToolMessage | FunctionMessage):
            self._take_result(message, place)
            return
        self.finish()
        content = tuple(self._content(message.content, place))
        if isinstance(message, AssistantMessage):
            content = (*content, message.refusal) if message.refusal else content
            self._take_answer(message, content, place)
        elif any(isinstance(part, LinkedPicture) for part in content) and message.role != "user":
            raise _wrong(place, "a system message has a picture. Put it into a message of role 'user'.")
        elif message.role == "user":
            self.turns.append(Turn(role="user", content=_worded(content)))
        else:
            self.turns.append(Turn(role="system", content=content))

    def _take_answer(self, message: AssistantMessage, content: tuple[str | LinkedPicture, ...], place: str) -> None:
        calls = [_call(entry.id, entry.function) for entry in message.tool_calls or ()]
        if message.function_call is not None:
            calls.append(_call(f"call_{len(self.turns)}", message.function_call))
        self.waiting, self.called_at = {call.id: call.name for call in calls}, place
        self.turns.append(Turn(role="assistant", content=content, tool_calls=tuple(calls)))

    def _take_result(self, message: ToolMessage | FunctionMessage, place: str) -> None:
        if isinstance(message, FunctionMessage):
            call_id = self._id_of(message.name)
        else:
            call_id = message.tool_call_id
            if call_id not in self.waiting:
                said = f"no call of the assistant before it waits for a result {call_id!r}. Give the id of such a call."
                raise _wrong(f"{place}.tool_call_id", said)
        self.waiting.pop(call_id)
        content = tuple(self._content(message.content, place))
        self.turns.append(Turn(role="tool", content=content, tool_call_id=call_id))

    def _id_of(self, name: str) -> str:
        """Of the call that a result without id belongs to; where there is none, one is put before it."""
        for call_id, called in self.waiting.items():
            if called == name:
                return call_id
        self.finish()
        call = ToolCall(id=f"call_{len(self.turns)}", name=name)
        last = self.turns[-1] if self.turns else None
        if last is not None and last.role == "assistant" and not last.tool_calls:
            self.turns[-1] = replace(last, tool_calls=(call,))
        else:
            self.turns.append(Turn(role="assistant", tool_calls=(call,)))
        self.waiting = {call.id: name}
        return call.id

    def finish(self) -> None:
        """See that every call has its result."""
        if self.waiting:
            named = ", ".join(self.waiting)
            said = (
                f"the tool calls {named} have no result. Add a message of role 'tool' for each tool_call_id after it."
            )
            raise _wrong(self.called_at, said)

    def _content(self, content: Any, place: str) -> Iterator[str | LinkedPicture]:
        if content is None or isinstance(content, str):
            if content:
                yield mend_surrogates(content)
            return
        before = self.pictures
        for number, part in enumerate(content):
            where = f"{place}.content[{number}]"
            if isinstance(part, ImagePart):
                self._count_picture(where, before)
                yield self._picture(part, where)
            else:
                yield mend_surrogates(part.refusal if isinstance(part, RefusalPart) else part.text)

    def _count_picture(self, place: str, before: int) -> None:
        self.pictures += 1
        if self.pictures > self.limits.most_pictures:
            raise _wrong(place, f"a request may have {self.limits.most_pictures} pictures. Send fewer at a time.")
        if self.pictures - before > self.limits.most_pictures_a_message:
            most = self.limits.most_pictures_a_message
            raise _wrong(place, f"a message may have {most} pictures. Send fewer, or in several messages.")

    def _picture(self, part: ImagePart, place: str) -> LinkedPicture:
        link = part.image_url
        url, detail = (link, part.detail) if isinstance(link, str) else (link.url, link.detail)
        return picture_of(url, place, self.limits, self.fetch, is_low=detail == "low")


def _worded(content: tuple[str | LinkedPicture, ...]) -> tuple[str | LinkedPicture, ...]:
    """Content without its texts, where all of them are blank: a picture may be shown without a word."""
    if any(isinstance(part, str) and part.strip() for part in content):
        return content
    return tuple(part for part in content if not isinstance(part, str))


def _call(call_id: str, function: CalledFunction) -> ToolCall:
    arguments = function.arguments
    text = json.dumps(arguments) if isinstance(arguments, dict) else arguments
    return ToolCall(id=call_id, name=function.name, arguments=mend_surrogates(text or "{}"))


def _wrong(place: str, message: str) -> ChatError:
    return ChatError(f"{place}: {message}", param=place)
