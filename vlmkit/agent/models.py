"""A model as the loop knows it: any open model, asked in the chat dialect, which can be stopped while it writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from queue import Empty, SimpleQueue
from typing import Any

from vlmkit.agent.loop import ChatReply, as_reply
from vlmkit.agent.messages import is_about_pictures
from vlmkit.agent.schemas import enforceable_schema
from vlmkit.backends import Backend
from vlmkit.chat import (
    ChatAdapter,
    ChatEvent,
    ChatLimits,
    ChoiceFailed,
    ChoiceFinished,
    PreparedChat,
    TextDelta,
    chat_response,
)
from vlmkit.errors import Cancelled, ChatError

__all__ = ["ModelChat"]

_POLL_S = 0.1
_CHOICES = frozenset({"auto", "none", "required"})
_MANY = 100_000
_NO_ROOM = "[earlier pictures are not shown any more]"


class ModelChat:
    """An open model that continues conversations.

    Parameters
    ----------
    backend : Backend
    options : mapping
        Fields of each request, such as ``max_tokens`` and ``temperature``.
    is_stopped : callable
        Whether a person wants it to end; asked while the model writes.
    on_text : callable
        Gets the text piece by piece.
    timeout_s : float or None, default None
        How long the model may work on one reply.
    """

    def __init__(
        self,
        backend: Backend,
        options: Mapping[str, Any],
        *,
        is_stopped: Callable[[], bool],
        on_text: Callable[[str], None],
        timeout_s: float | None = None,
    ) -> None:
        limits = ChatLimits(
            most_messages=_MANY,
            most_pictures=_MANY,
            most_pictures_a_message=_MANY,
            timeout_s=timeout_s,
            temperature=0.0,
        )
        self._adapter = ChatAdapter(backend, limits=limits)
        self._options = dict(options)
        self._is_stopped = is_stopped
        self._on_text = on_text

    @property
    def _is_in_process(self) -> bool:
        return self._adapter.backend.abilities.destination == "this process"

    @property
    def has_tools_in_questions(self) -> bool:
        """Whether tools stand in the question's own text: a model without a template for them knows no more of them."""
        markup = getattr(getattr(self._adapter.backend, "info", None), "call_markup", None)
        return markup is not None and markup.style == "plain"

    def __call__(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]], tool_choice: str) -> ChatReply:
        """Continue a conversation.

        Parameters
        ----------
        messages, tools : list of dict
        tool_choice : str

        Raises
        ------
        ChatError
            The request cannot be served, or the model failed.
        Cancelled
            It was stopped.
        """
        request: dict[str, Any] = {"model": "agent", **self._options}
        request["messages"] = with_last_pictures(messages, self._adapter.backend.abilities.images_per_ask)
        if tools:
            named = {"type": "function", "function": {"name": tool_choice}}
            request |= {"tools": tools, "tool_choice": tool_choice if tool_choice in _CHOICES else named}
        prepared = self._prepared(request)
        return as_reply(chat_response(prepared, self._events(prepared)))

    def _prepared(self, request: dict[str, Any]) -> PreparedChat:
        """A request whose calls a model in this process is held to, where their schemas can be enforced."""
        if self._is_in_process and "tools" in request:
            try:
                return self._adapter.prepare(request | {"tools": list(map(_enforceable, request["tools"]))})
            except ChatError as error:
                if error.code != "invalid_schema":
                    raise
        return self._adapter.prepare(request)

    def _events(self, prepared: PreparedChat) -> list[ChatEvent]:
        line: SimpleQueue[ChatEvent] = SimpleQueue()
        job = self._adapter.start(prepared, line.put)
        events: list[ChatEvent] = []
        try:
            while not events or not isinstance(events[-1], ChoiceFinished | ChoiceFailed):
                if self._is_stopped():
                    raise Cancelled("The conversation was stopped while the model wrote.")
                try:
                    events.append(line.get(timeout=_POLL_S))
                except Empty:
                    continue
                if isinstance(events[-1], TextDelta):
                    self._on_text(events[-1].text)
        finally:
            job.cancel()
        return events


def _enforceable(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A tool whose arguments an answer is held to while it is written."""
    function = entry["function"]
    return {**entry, "function": {**function, "parameters": enforceable_schema(function["parameters"]), "strict": True}}


def with_last_pictures(messages: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Messages with as many pictures as a model takes: those of tools go first, the oldest of them before others.

    Parameters
    ----------
    messages : list of dict
    most : int
    """
    over = sum(map(_count, messages)) - most
    kept = []
    for message in messages:
        if over > 0 and is_about_pictures(message):
            left = max(0, _count(message) - over)
            over -= _count(message) - left
            message = message | {"content": _without(message["content"], left)}  # noqa: PLW2901  a changed copy of it
        kept.append(message)
    return kept


def _count(message: Mapping[str, Any]) -> int:
    content = message.get("content")
    return sum(part.get("type") == "image_url" for part in content) if isinstance(content, list) else 0


def _without(content: list[dict[str, Any]], left: int) -> list[dict[str, Any]]:
    """Parts with the last pictures only."""
    pictures = [part for part in content if part["type"] == "image_url"]
    others = [part for part in content if part["type"] != "image_url"]
    return [{"type": "text", "text": _NO_ROOM}, *pictures[len(pictures) - left :], *others]
