"""What a scanner has found, as events: adjoining pieces become one, and text waits where a call may still follow it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from vlmkit.chat.events import CallArguments, CallEnd, CallStart, ChatEvent, ReasoningDelta, TextDelta
from vlmkit.chat.tools.schema_types import types_of_arguments
from vlmkit.chat.tools.source import Source
from vlmkit.records import ToolDefinition

__all__ = ["Output", "drawn_call_id"]

_ID_BYTES = 12


def drawn_call_id() -> str:
    """A name for a call, of OpenAI's form: ``call_`` and 24 hexadecimal digits."""
    return f"call_{secrets.token_hex(_ID_BYTES)}"


class Output:
    """Takes what readers find.

    Parameters
    ----------
    source : Source
        What they read, which is not given back once a call begins.
    tools : iterable of ToolDefinition
        Those that may be called.
    parallel : bool
        Whether there may be several calls.

    Attributes
    ----------
    calls : int
        Begun so far.
    """

    def __init__(self, source: Source, tools: Iterable[ToolDefinition], *, parallel: bool) -> None:
        self.calls = 0
        self._source = source
        self._tools = {tool.name: tool for tool in tools}
        self._parallel = parallel
        self._events: list[ChatEvent] = []
        self._text: list[str] = []
        self._fragments: list[str] = []
        self._put_aside: list[str] = []

    @property
    def is_full(self) -> bool:
        """Whether there may be no further call."""
        return self.calls > 0 and not self._parallel

    @property
    def has_tools(self) -> bool:
        """Whether any tool may be called."""
        return bool(self._tools)

    def knows(self, name: str) -> bool:
        """Whether a tool may be called."""
        return name in self._tools

    def types_of(self, name: str) -> dict[str, frozenset[str]]:
        """JSON types of a tool's arguments, in the order of its schema."""
        return types_of_arguments(self._tools[name].parameters)

    def text(self, text: str) -> None:
        """Text of the answer."""
        if text:
            self._text.append(text)

    def reasoning(self, text: str) -> None:
        """A piece of what the model writes for itself."""
        self._flush()
        self._events.append(ReasoningDelta(text))

    def put_aside(self, text: str) -> None:
        """Text where a call was looked for: it is text only if a call is found beside it, else it is read again."""
        self._put_aside.append(text)

    def forget_aside(self) -> None:
        """There was no call beside it."""
        self._put_aside.clear()

    def take_aside(self) -> None:
        """There was a call beside it."""
        self.text("".join(self._put_aside))
        self._put_aside.clear()

    def begin(self, name: str, call_id: str = "") -> None:
        """A call begins.

        Parameters
        ----------
        name : str
            Of a tool that `knows` knows.
        call_id : str, default ""
            Where the model gave one.
        """
        self._source.commit()
        self.take_aside()
        self._flush()
        self._events.append(CallStart(self.calls, call_id or drawn_call_id(), name))
        self.calls += 1

    def write(self, fragment: str) -> None:
        """The next piece of the arguments."""
        if fragment:
            self._fragments.append(fragment)

    def end(self, problem: str | None = None) -> None:
        """The call is complete.

        Parameters
        ----------
        problem : str or None, default None
            Why its arguments are not a JSON object.
        """
        self._flush()
        self._events.append(CallEnd(self.calls - 1, problem or None))

    def take(self) -> list[ChatEvent]:
        """All events since the last time."""
        self._flush()
        events, self._events = self._events, []
        return events

    def _flush(self) -> None:
        if self._text:
            self._events.append(TextDelta("".join(self._text)))
            self._text.clear()
        if self._fragments:
            self._events.append(CallArguments(self.calls - 1, "".join(self._fragments)))
            self._fragments.clear()
