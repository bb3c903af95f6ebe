"""Chat: the OpenAI chat dialect as a library, over any open model.

Takes   a request as clients of the dialect write it.    Gives  an answer in their form, whole or in chunks.
May use sources, prompts, backends, runner, pydantic.    Never  HTTP, a loop of its own, a model's name it opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vlmkit.extras import lazy_exports

__all__ = [
    "CallArguments",
    "CallEnd",
    "CallStart",
    "ChatAdapter",
    "ChatError",
    "ChatEvent",
    "ChatJob",
    "ChatLimits",
    "ChatRequest",
    "ChoiceFailed",
    "ChoiceFinished",
    "ChunkWriter",
    "PreparedChat",
    "ReasoningDelta",
    "ResponsesRequest",
    "ResponsesWriter",
    "TextDelta",
    "TokenLogprobs",
    "chat_chunks",
    "chat_error",
    "chat_response",
    "dialect_schemas",
    "read_request",
    "read_responses_request",
    "responses_object",
]

if TYPE_CHECKING:
    from vlmkit.chat.adapter import ChatAdapter
    from vlmkit.chat.answer_types import dialect_schemas
    from vlmkit.chat.chunks import ChunkWriter, chat_chunks
    from vlmkit.chat.completions import chat_response
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
    from vlmkit.chat.faults import chat_error
    from vlmkit.chat.job import ChatJob
    from vlmkit.chat.limits import ChatLimits
    from vlmkit.chat.preparing import PreparedChat
    from vlmkit.chat.requests import ChatRequest, read_request
    from vlmkit.chat.responses import ResponsesWriter, responses_object
    from vlmkit.chat.responses_requests import ResponsesRequest, read_responses_request
    from vlmkit.errors import ChatError
else:
    __getattr__, __dir__ = lazy_exports(
        __name__,
        {
            "adapter": "ChatAdapter",
            "answer_types": "dialect_schemas",
            "chunks": "ChunkWriter chat_chunks",
            "completions": "chat_response",
            "events": (
                "CallArguments CallEnd CallStart ChatEvent ChoiceFailed ChoiceFinished "
                "ReasoningDelta TextDelta TokenLogprobs"
            ),
            "faults": "ChatError chat_error",
            "job": "ChatJob",
            "limits": "ChatLimits",
            "preparing": "PreparedChat",
            "requests": "ChatRequest read_request",
            "responses": "ResponsesWriter responses_object",
            "responses_requests": "ResponsesRequest read_responses_request",
        },
    )
