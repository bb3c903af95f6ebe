"""The answer in chunks: https://platform.openai.com/docs/api-reference/chat-streaming.

The order is the one that every client library takes: a chunk with the role and an empty text, the pieces without role,
a chunk with the finish reason alone, and the usage in a chunk without choices.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable
from typing import Any

from vlmkit.chat.completions import answer_id, logprobs_of, total_usage, usage_entry
from vlmkit.chat.events import (
    CallArguments,
    CallEnd,
    CallStart,
    ChatEvent,
    ChoiceFailed,
    ChoiceFinished,
    ReasoningDelta,
    TextDelta,
    TokenLogprobs,
)
from vlmkit.chat.preparing import PreparedChat
from vlmkit.chat.requests import ChatRequest
from vlmkit.records import Token

__all__ = ["ChunkWriter", "chat_chunks"]


class ChunkWriter:
    """Writes the chunks of one answer, as plain dictionaries.

    Parameters
    ----------
    request : ChatRequest
    fingerprint : str or None, default None
        `PreparedChat.fingerprint`; None as long as it is not known, as while the request waits for its model.

    Attributes
    ----------
    fingerprint : str or None
        It may be said later.
    """

    def __init__(self, request: ChatRequest, fingerprint: str | None = None) -> None:
        self.fingerprint = fingerprint
        self._request = request
        self._greeted: set[int] = set()
        self._ends: list[ChoiceFinished] = []
        self._tokens: dict[int, list[Token]] = {}  # of each choice, which wait for the text that they are
        self._head = {
            "id": answer_id("chatcmpl-"),
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": request.model,
        }

    def begin(self) -> list[dict[str, Any]]:
        """Chunks with the role, one for each choice; those that were written already are left out."""
        waiting = [number for number in range(self._request.choices) if number not in self._greeted]
        self._greeted.update(waiting)
        return [self._chunk(number, {"role": "assistant", "content": ""}) for number in waiting]

    def status(self, metadata: dict[str, Any]) -> dict[str, Any]:
        """A chunk that says what the request waits for, in a form that clients take for an empty piece of text.

        Parameters
        ----------
        metadata : dict
            Flat values; it stands under two names.
        """
        is_first = 0 not in self._greeted
        self._greeted.add(0)
        delta = {"role": "assistant", "content": ""} if is_first else {"content": ""}
        return {**self._chunk(0, delta), "candle_metadata": metadata, "vlmkit_metadata": metadata}

    def write(self, event: ChatEvent) -> list[dict[str, Any]]:
        """Chunks of one event; of a failure, the error in place of a chunk.

        Parameters
        ----------
        event : ChatEvent
        """
        if isinstance(event, ChoiceFailed):
            return [dict(event.error.body)]
        if isinstance(event, CallEnd):
            return []
        if isinstance(event, TokenLogprobs):
            self._tokens.setdefault(event.choice, []).extend(event.tokens)
            return []
        greeting = [] if event.choice in self._greeted else self.begin()
        if isinstance(event, ChoiceFinished):
            self._ends.append(event)
            return [*greeting, *self._last(event)]
        return [*greeting, self._piece(event)]

    def end(self) -> list[dict[str, Any]]:
        """The chunk after the last event: the usage, where the request wants it."""
        if not self._request.includes_usage:
            return []
        return [
            {
                **self._head,
                "system_fingerprint": self.fingerprint,
                "choices": [],
                "usage": usage_entry(total_usage(self._ends)),
            }
        ]

    def _last(self, event: ChoiceFinished) -> list[dict[str, Any]]:
        waiting = self._logprobs(event.choice)
        rest = [self._chunk(event.choice, {"content": ""}, logprobs=waiting)] if waiting else []
        return [*rest, self._chunk(event.choice, {}, event.finish_reason)]

    def _logprobs(self, choice: int) -> dict[str, Any] | None:
        """Of the tokens that came with a text."""
        tokens = self._tokens.pop(choice, None)
        return logprobs_of(tokens, self._request.alternatives) if tokens else None

    def _piece(self, event: TextDelta | ReasoningDelta | CallStart | CallArguments) -> dict[str, Any]:
        if isinstance(event, TextDelta):
            return self._chunk(event.choice, {"content": event.text}, logprobs=self._logprobs(event.choice))
        if isinstance(event, ReasoningDelta):
            return self._chunk(event.choice, {"reasoning_content": event.text})
        if isinstance(event, CallStart):
            function = {"name": event.name, "arguments": ""}
            call = {"index": event.index, "id": event.id, "type": "function", "function": function}
            return self._chunk(event.choice, {"tool_calls": [call]})
        call = {"index": event.index, "function": {"arguments": event.fragment}}
        return self._chunk(event.choice, {"tool_calls": [call]})

    def _chunk(
        self, choice: int, delta: dict[str, Any], finish_reason: str | None = None, *, logprobs: Any = None
    ) -> dict[str, Any]:
        entry = {"index": choice, "delta": delta, "finish_reason": finish_reason, "logprobs": logprobs}
        usage = {"usage": None} if self._request.includes_usage else {}
        return {**self._head, "system_fingerprint": self.fingerprint, "choices": [entry], **usage}


def chat_chunks(prepared: PreparedChat, events: Iterable[ChatEvent]) -> Generator[dict[str, Any], None, None]:
    """All chunks of an answer, in order.

    Parameters
    ----------
    prepared : PreparedChat
    events : iterable of ChatEvent
        As they come.

    Raises
    ------
    ChatError
        A choice failed.
    """
    writer = ChunkWriter(prepared.request, prepared.fingerprint)
    yield from writer.begin()
    for event in events:
        if isinstance(event, ChoiceFailed):
            raise event.error
        yield from writer.write(event)
    yield from writer.end()
