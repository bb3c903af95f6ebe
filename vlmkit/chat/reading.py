"""Pieces of an answer as events: a server tells calls apart from text, a model in this process writes them into it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol

from vlmkit.backends import CallMarkup, Delta, ToolCallDelta
from vlmkit.chat.events import CallArguments, CallEnd, CallStart, ChatEvent, TextDelta
from vlmkit.chat.tools import TOOL_STYLES, Scanner
from vlmkit.records import Ask

__all__ = ["AnswerReader", "reader_for"]


class AnswerReader(Protocol):
    """Reads one answer."""

    @property
    def calls(self) -> int:
        """How many have begun."""

    @property
    def is_complete(self) -> bool:
        """Whether the only call that was allowed is complete, so that the rest need not be written."""

    def take(self, delta: Delta) -> list[ChatEvent]:
        """Events of a piece.

        Parameters
        ----------
        delta : Delta
        """

    def finish(self) -> list[ChatEvent]:
        """Events of the end; twice is fine."""


def reader_for(ask: Ask, markup: CallMarkup | None, choice: int) -> AnswerReader:
    """What reads the answer to an ask.

    Parameters
    ----------
    ask : Ask
    markup : CallMarkup or None
        How the model writes calls into its text; None where a server tells them apart.
    choice : int
        Which choice of the request it is.
    """
    return _Parsed(ask, choice) if markup is None else _Scanned(ask, markup, choice)


class _Scanned:
    """Of a model in this process."""

    def __init__(self, ask: Ask, markup: CallMarkup, choice: int) -> None:
        # A grammar of calls leaves room for reasoning before them; a schema holds the answer from its first character.
        keeps_to_schema = ask.constraint is not None and ask.constraint.kind != "grammar"
        self._scanner = Scanner(
            TOOL_STYLES[markup.style],
            () if ask.tool_choice == "none" else ask.tools,
            parallel=ask.parallel_tool_calls,
            is_reasoning=markup.begins_with_reasoning and not keeps_to_schema,
        )
        self._choice = choice

    @property
    def calls(self) -> int:
        return self._scanner.calls

    @property
    def is_complete(self) -> bool:
        return self._scanner.is_complete

    def take(self, delta: Delta) -> list[ChatEvent]:
        return self._numbered(self._scanner.feed(delta.text))

    def finish(self) -> list[ChatEvent]:
        return self._numbered(self._scanner.finish())

    def _numbered(self, events: list[ChatEvent]) -> list[ChatEvent]:
        return [replace(event, choice=self._choice) for event in events] if self._choice else events


class _Parsed:
    """Of a server, which has read the calls itself."""

    def __init__(self, ask: Ask, choice: int) -> None:
        self._most = None if ask.parallel_tool_calls else 1
        self._choice = choice
        self._arguments: list[list[str]] = []
        self._ended = 0

    @property
    def calls(self) -> int:
        return len(self._arguments)

    @property
    def is_complete(self) -> bool:
        return False  # what comes behind a call costs little, and the usage comes last

    def take(self, delta: Delta) -> list[ChatEvent]:
        events: list[ChatEvent] = [TextDelta(delta.text, self._choice)] if delta.text else []
        for call in delta.tool_calls:
            events += self._call(call)
        return events

    def finish(self) -> list[ChatEvent]:
        return list(self._end_calls(len(self._arguments)))

    def _call(self, call: ToolCallDelta) -> Iterator[ChatEvent]:
        if self._most is not None and call.index >= self._most:
            return  # some servers take no notice of what they were told
        if call.index >= len(self._arguments):
            yield from self._end_calls(len(self._arguments))
            self._arguments.append([])
            yield CallStart(call.index, call.id, call.name, self._choice)
        if call.arguments:
            self._arguments[call.index].append(call.arguments)
            yield CallArguments(call.index, call.arguments, self._choice)

    def _end_calls(self, number: int) -> Iterator[ChatEvent]:
        for index in range(self._ended, number):
            text = "".join(self._arguments[index])
            if not text:
                yield CallArguments(index, "{}", self._choice)
            yield CallEnd(index, _problem(text or "{}"), self._choice)
        self._ended = number


def _problem(arguments: str) -> str | None:
    try:
        read = json.loads(arguments)
    except (ValueError, RecursionError) as error:
        return f"the arguments are not JSON: {error}"
    return None if isinstance(read, dict) else "the arguments are not a JSON object"
