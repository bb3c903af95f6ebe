"""Answers in the form of OpenAI's Responses API, whole or as numbered events; they are written from the same events.

Source of the forms: https://platform.openai.com/docs/api-reference/responses-streaming.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from vlmkit.chat.completions import answer_id, logprobs_of, usage_entry
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
from vlmkit.chat.responses_requests import ResponsesRequest
from vlmkit.errors import ChatError
from vlmkit.records import Token, Usage

__all__ = ["ResponsesWriter", "responses_object"]

Event = dict[str, Any]

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


@dataclass
class _Item:
    """One entry of the output, as far as it is written."""

    kind: str
    index: int
    entry: dict[str, Any]
    written: list[str] = field(default_factory=list)
    tokens: list[Token] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.written)


class ResponsesWriter:
    """Writes the events of one answer, as plain dictionaries; ``type`` is also the name of the server-sent event.

    Parameters
    ----------
    request : ResponsesRequest

    Attributes
    ----------
    response : dict
        The answer so far.
    """

    def __init__(self, request: ResponsesRequest) -> None:
        self._suffix = answer_id("")
        self._number = 0
        self._open: _Item | None = None
        self._tokens: list[Token] = []  # which wait for what they are
        self._request = request
        self._output: list[dict[str, Any]] = []
        self.response: dict[str, Any] = {
            "id": f"resp_{self._suffix}",
            "object": "response",
            "created_at": int(time.time()),
            "status": "in_progress",
            "model": request.chat.model,
            "output": self._output,
            "error": None,
            "incomplete_details": None,
            "previous_response_id": None,
            "usage": None,
            **request.echo,
        }

    def begin(self) -> list[Event]:
        """Events before the first piece."""
        return [
            self._event("response.created", response=self._snapshot()),
            self._event("response.in_progress", response=self._snapshot()),
        ]

    def write(self, event: ChatEvent) -> list[Event]:
        """Events of one event.

        Parameters
        ----------
        event : ChatEvent
        """
        if isinstance(event, TextDelta):
            return self._text(event.text)
        if isinstance(event, ReasoningDelta):
            return self._reasoning(event.text)
        if isinstance(event, CallStart | CallArguments | CallEnd):
            return self._call(event)
        if isinstance(event, TokenLogprobs):
            self._tokens += event.tokens
            return []
        return self._last(event)

    def _taken_tokens(self) -> list[Token]:
        taken, self._tokens = self._tokens, []
        return taken

    def end(self) -> list[Event]:
        """Events after the last one: none, as the last one has the whole answer."""
        return []

    def _text(self, text: str) -> list[Event]:
        entry = {"type": "message", "id": self._id("msg"), "role": "assistant", "status": "in_progress", "content": []}
        events = self._opened("message", entry)
        item = self._now()
        place = {"item_id": item.entry["id"], "output_index": item.index, "content_index": 0}
        if not item.written:
            part = {"type": "output_text", "text": "", "annotations": []}
            events.append(self._event("response.content_part.added", **place, part=part))
        item.written.append(text)
        tokens = self._taken_tokens()
        item.tokens += tokens
        logprobs = self._logprobs_in_event(tokens)
        return [*events, self._event("response.output_text.delta", **place, delta=text, logprobs=logprobs)]

    def _logprobs_in_event(self, tokens: list[Token]) -> list[dict[str, Any]]:
        """Without the bytes, which items alone have."""
        entries = logprobs_of(tokens, self._request.chat.alternatives)["content"]
        return [{name: each[name] for name in ("token", "logprob", "top_logprobs")} for each in entries]

    def _reasoning(self, text: str) -> list[Event]:
        self._taken_tokens()  # of reasoning and calls the API tells none
        entry = {"type": "reasoning", "id": self._id("rs"), "summary": [], "content": [], "status": "in_progress"}
        events = self._opened("reasoning", entry)
        item = self._now()
        item.written.append(text)
        place = {"item_id": item.entry["id"], "output_index": item.index, "content_index": 0}
        return [*events, self._event("response.reasoning_text.delta", **place, delta=text)]

    def _call(self, event: CallStart | CallArguments | CallEnd) -> list[Event]:
        self._taken_tokens()
        if isinstance(event, CallStart):
            entry = {"type": "function_call", "id": self._id("fc"), "call_id": event.id, "name": event.name}
            entry |= {"arguments": "", "status": "in_progress"}
            return [*self._closed(), *self._opened("function_call", entry)]
        if isinstance(event, CallEnd) or self._open is None:
            return self._closed()
        item = self._now()
        item.written.append(event.fragment)
        place = {"item_id": item.entry["id"], "output_index": item.index}
        return [self._event("response.function_call_arguments.delta", **place, delta=event.fragment)]

    def _last(self, event: ChoiceFinished | ChoiceFailed) -> list[Event]:
        if isinstance(event, ChoiceFailed):
            error = self._request.renamed(event.error)
            code = "server_error" if error.status >= 499 else "invalid_prompt"
            self.response["error"] = {"code": code, "message": str(error)}
            return self._ended("failed", [])
        # Agents take an output without items for a fault.
        events = [] if self._output else self._text("")
        if self._open is not None and self._open.kind == "message":
            self._open.tokens += self._taken_tokens()  # those without a text, as at the end of half a character
        reason = _INCOMPLETE.get(event.finish_reason)
        self.response["usage"] = _usage(event.usage)
        self.response["incomplete_details"] = {"reason": reason} if reason else None
        return self._ended("incomplete" if reason else "completed", events)

    def _ended(self, status: str, events: list[Event]) -> list[Event]:
        """Close what is open, and tell the whole answer."""
        closing = self._closed("completed" if status == "completed" else "incomplete")
        self.response["status"] = status
        return [*events, *closing, self._event(f"response.{status}", response=self._snapshot())]

    def _opened(self, kind: str, entry: dict[str, Any]) -> list[Event]:
        """Begin an item, unless one of its kind is being written."""
        if self._open is not None and self._open.kind == kind:
            return []
        events = self._closed()
        self._open = item = _Item(kind, len(self._output), entry)
        self._output.append(entry)
        return [*events, self._event("response.output_item.added", output_index=item.index, item=dict(entry))]

    def _closed(self, status: str = "completed") -> list[Event]:
        """End the item that is being written."""
        item, self._open = self._open, None
        if item is None:
            return []
        events = self._whole(item)
        item.entry["status"] = status
        return [*events, self._event("response.output_item.done", output_index=item.index, item=dict(item.entry))]

    def _whole(self, item: _Item) -> list[Event]:
        place = {"item_id": item.entry["id"], "output_index": item.index}
        if item.kind == "function_call":
            item.entry["arguments"] = item.text
            name = item.entry["name"]
            return [self._event("response.function_call_arguments.done", **place, arguments=item.text, name=name)]
        place |= {"content_index": 0}
        if item.kind == "reasoning":
            item.entry["content"] = [{"type": "reasoning_text", "text": item.text}]
            return [self._event("response.reasoning_text.done", **place, text=item.text)]
        logprobs = logprobs_of(item.tokens, self._request.chat.alternatives)["content"]
        part = {"type": "output_text", "text": item.text, "annotations": [], "logprobs": logprobs}
        item.entry["content"] = [part]
        done = self._logprobs_in_event(item.tokens)
        return [
            self._event("response.output_text.done", **place, text=item.text, logprobs=done),
            self._event("response.content_part.done", **place, part=part),
        ]

    def _now(self) -> _Item:
        if self._open is None:
            raise RuntimeError("an item is written only after it began")
        return self._open

    def _id(self, kind: str) -> str:
        return f"{kind}_{self._suffix}_{len(self._output)}"

    def _snapshot(self) -> dict[str, Any]:
        return {**self.response, "output": [dict(entry) for entry in self._output]}

    def _event(self, kind: str, **fields: Any) -> Event:
        event = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return event


def responses_object(request: ResponsesRequest, events: Iterable[ChatEvent]) -> dict[str, Any]:
    """The object that a request without ``stream`` is answered with.

    Parameters
    ----------
    request : ResponsesRequest
    events : iterable of ChatEvent
        All of them.

    Raises
    ------
    ChatError
        The model failed, or the answer is not complete.
    """
    writer = ResponsesWriter(request)
    for event in events:
        if isinstance(event, ChoiceFailed):
            raise request.renamed(event.error)
        writer.write(event)
    if writer.response["status"] == "in_progress":
        raise ChatError("The answer is not complete.", status=500, kind="server_error")
    return writer.response


def _usage(usage: Usage) -> dict[str, Any]:
    counts = usage_entry(usage)
    return {
        "input_tokens": counts["prompt_tokens"],
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": counts["completion_tokens"],
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": counts["total_tokens"],
    }
