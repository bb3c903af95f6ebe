"""What happens while an answer is written: the one stream that every writer reads.

Each event belongs to one choice of the request, numbered from 0. The last one of a choice is `ChoiceFinished` or
`ChoiceFailed`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from vlmkit.errors import ChatError
from vlmkit.records import Reply, Token, ToolCall, Usage

__all__ = [
    "CallArguments",
    "CallEnd",
    "CallStart",
    "ChatChoice",
    "ChatEvent",
    "ChoiceFailed",
    "ChoiceFinished",
    "ReasoningDelta",
    "TextDelta",
    "TokenLogprobs",
    "gather",
]


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the text."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    """The next piece of what the model thinks before it answers."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class CallStart:
    """A tool call begins.

    Attributes
    ----------
    index : int
        Which call of the choice, from 0.
    id, name : str
    choice : int, default 0
    """

    index: int
    id: str
    name: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class CallArguments:
    """The next piece of a call's arguments, which are JSON."""

    index: int
    fragment: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class CallEnd:
    """A call is complete; `problem` says what is wrong with its arguments, where something is."""

    index: int
    problem: str | None = None
    choice: int = 0


@dataclass(frozen=True, slots=True)
class TokenLogprobs:
    """Tokens with their probabilities, where they were asked for; the text that they are comes after them.

    Markers of tool calls are among them.
    """

    tokens: tuple[Token, ...]
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ChoiceFinished:
    """The choice is complete.

    Attributes
    ----------
    finish_reason : {"stop", "length", "tool_calls", "content_filter"}
    usage : Usage
    reply : Reply or None
        What the backend answered; None where the answer was cut after its first call.
    choice : int, default 0
    """

    finish_reason: str
    usage: Usage
    reply: Reply | None = field(default=None, repr=False)
    choice: int = 0


@dataclass(frozen=True, slots=True)
class ChoiceFailed:
    """The choice ended without an answer."""

    error: ChatError
    choice: int = 0


ChatEvent = (
    TextDelta | ReasoningDelta | CallStart | CallArguments | CallEnd | TokenLogprobs | ChoiceFinished | ChoiceFailed
)


@dataclass(frozen=True, slots=True)
class ChatChoice:
    """All that the events of one choice say.

    Attributes
    ----------
    text, reasoning : str
    tool_calls : tuple of ToolCall
    tokens : tuple of Token or None
    end : ChoiceFinished or ChoiceFailed or None
        None as long as it is not complete.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tokens: tuple[Token, ...] | None = None
    end: ChoiceFinished | ChoiceFailed | None = None


def gather(events: Iterable[ChatEvent]) -> tuple[ChatChoice, ...]:
    """Choices that events make, in order.

    Parameters
    ----------
    events : iterable of ChatEvent
        Those of several choices may be mixed.

    Examples
    --------
    >>> gather([TextDelta("a red "), TextDelta("circle")])[0].text
    'a red circle'
    """
    apart: dict[int, list[ChatEvent]] = {}
    for event in events:
        apart.setdefault(event.choice, []).append(event)
    return tuple(_choice(apart[number]) for number in sorted(apart))


def _choice(events: list[ChatEvent]) -> ChatChoice:
    calls: dict[int, CallStart] = {}
    fragments: dict[int, list[str]] = {}
    tokens: list[Token] = []
    made = ChatChoice(
        text="".join(event.text for event in events if isinstance(event, TextDelta)),
        reasoning="".join(event.text for event in events if isinstance(event, ReasoningDelta)),
        end=next((event for event in reversed(events) if isinstance(event, ChoiceFinished | ChoiceFailed)), None),
    )
    for event in events:
        if isinstance(event, CallStart):
            calls[event.index] = event
        elif isinstance(event, CallArguments):
            fragments.setdefault(event.index, []).append(event.fragment)
        elif isinstance(event, TokenLogprobs):
            tokens.extend(event.tokens)
    whole = (
        ToolCall(id=call.id, name=call.name, arguments="".join(fragments.get(index, ())))
        for index, call in sorted(calls.items())
    )
    return replace(made, tool_calls=tuple(whole), tokens=tuple(tokens) or None)
