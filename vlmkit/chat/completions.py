"""The whole answer in the dialect's form: https://platform.openai.com/docs/api-reference/chat/object."""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Iterable, Sequence
from typing import Any

from vlmkit.chat.events import ChatChoice, ChatEvent, ChoiceFailed, ChoiceFinished, gather
from vlmkit.chat.preparing import PreparedChat
from vlmkit.errors import ChatError
from vlmkit.records import Token, ToolCall, Usage

__all__ = ["answer_id", "call_entry", "chat_response", "logprobs_of", "total_usage", "usage_entry"]

_LEAST_LOGPROB = -9999.0  # what OpenAI writes for a token that is all but impossible


def chat_response(prepared: PreparedChat, events: Iterable[ChatEvent]) -> dict[str, Any]:
    """The object that a request without ``stream`` is answered with.

    Parameters
    ----------
    prepared : PreparedChat
    events : iterable of ChatEvent
        All of them.

    Raises
    ------
    ChatError
        A choice failed, or is not complete.
    """
    choices = gather(events)
    ends = [_end(choice) for choice in choices]
    written = [
        {
            "index": number,
            "message": _message(choice),
            "finish_reason": end.finish_reason,
            "logprobs": _logprobs(choice, prepared),
        }
        for number, (choice, end) in enumerate(zip(choices, ends, strict=True))
    ]
    return {
        "id": answer_id("chatcmpl-"),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": prepared.request.model,
        "choices": written,
        "usage": usage_entry(total_usage(ends)),
        "system_fingerprint": prepared.fingerprint,
    }


def answer_id(prefix: str) -> str:
    """A new name for an answer, of OpenAI's form.

    Parameters
    ----------
    prefix : str
        As ``"chatcmpl-"``.
    """
    return prefix + secrets.token_hex(12)


def _end(choice: ChatChoice) -> ChoiceFinished:
    if isinstance(choice.end, ChoiceFailed):
        raise choice.end.error
    if choice.end is None:
        raise ChatError("The answer is not complete.", status=500, kind="server_error")
    return choice.end


def _message(choice: ChatChoice) -> dict[str, Any]:
    calls = [call_entry(call) for call in choice.tool_calls]
    # Agents take null for "nothing was said", and go on to the calls.
    text = choice.text if choice.text or not calls else None
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if choice.reasoning:
        message["reasoning_content"] = choice.reasoning
    return message | ({"tool_calls": calls} if calls else {})


def call_entry(call: ToolCall) -> dict[str, Any]:
    """A tool call, whole.

    Parameters
    ----------
    call : ToolCall
    """
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _logprobs(choice: ChatChoice, prepared: PreparedChat) -> dict[str, Any] | None:
    if not prepared.request.token_probabilities:
        return None
    return logprobs_of(choice.tokens or (), prepared.request.alternatives)


def logprobs_of(tokens: Sequence[Token], alternatives: int) -> dict[str, Any]:
    """Tokens with natural logarithms of their probabilities.

    Parameters
    ----------
    tokens : sequence of Token
    alternatives : int
        How many of the likeliest each comes with, itself included.
    """
    content = [
        _likelihood(token.text, token.probability) | {"top_logprobs": _likeliest(token, alternatives)}
        for token in tokens
    ]
    return {"content": content, "refusal": None}


def _likelihood(text: str, probability: float) -> dict[str, Any]:
    logprob = math.log(probability) if probability > 0 else _LEAST_LOGPROB
    return {"token": text, "logprob": logprob, "bytes": list(text.encode("utf-8", "replace"))}


def _likeliest(token: Token, most: int) -> list[dict[str, Any]]:
    """The likeliest tokens; ours are told without the chosen one, which is put back at its place."""
    found = sorted([*token.alternatives, (token.text, token.probability)], key=lambda each: -each[1])
    return [_likelihood(text, probability) for text, probability in found[:most]]


def total_usage(ends: Iterable[ChoiceFinished]) -> Usage:
    """Tokens of all choices; the prompt, which they share, counts once.

    Parameters
    ----------
    ends : iterable of ChoiceFinished
    """
    usages = [end.usage for end in ends]
    return Usage(
        prompt_tokens=max((usage.prompt_tokens or 0 for usage in usages), default=0),
        completion_tokens=sum(usage.completion_tokens or 0 for usage in usages),
    )


def usage_entry(usage: Usage) -> dict[str, int]:
    """Tokens, as the dialect has them; 0 where a server does not say.

    Parameters
    ----------
    usage : Usage
    """
    prompt, completion = usage.prompt_tokens or 0, usage.completion_tokens or 0
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
