"""Anthropic's dialect: https://docs.anthropic.com/en/api/messages. mlx_vlm's server speaks it, too."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from vlmkit.backends import ToolCallDelta
from vlmkit.errors import ServerFault
from vlmkit.finish_reasons import UNKNOWN
from vlmkit.providers.dialect import (
    PICTURE_MARK,
    AnswerPiece,
    Dialect,
    RequestForm,
    after_system,
    alternating,
    count_of,
    encode,
    id_of,
    no_text,
    parse_json,
)
from vlmkit.providers.secret import Key
from vlmkit.records import Ask, Message, Picture, Usage

__all__ = ["ANTHROPIC_MESSAGES"]

_REASONS = {"end_turn": "stop", "max_tokens": "length", "tool_use": "tool_calls"}
_CHOICES = {"auto": "auto", "none": "none", "required": "any"}
_PASSING = {"overloaded_error", "api_error", "rate_limit_error", "timeout_error"}


def _request(ask: Ask, form: RequestForm, streamed: bool) -> tuple[str, bytes]:
    heads, messages = after_system(ask.messages)
    payload: dict[str, Any] = {
        "model": form.model,
        "max_tokens": ask.sampling.max_tokens,
        "messages": alternating(map(_said, messages), "content"),
        "temperature": ask.sampling.temperature,
    }
    if heads:
        payload["system"] = "\n\n".join(heads)
    if ask.sampling.top_p != 1.0:
        payload["top_p"] = ask.sampling.top_p
    if ask.sampling.top_k:
        payload["top_k"] = ask.sampling.top_k
    if ask.sampling.stop:
        payload["stop_sequences"] = list(ask.sampling.stop)
    if ask.tools:
        payload |= _tools(ask)
    if streamed:
        payload["stream"] = True
    return "/messages", encode(payload | dict(form.extra_body), ask.pictures)


def _said(message: Message) -> tuple[str, Any]:
    return ("assistant" if message.role == "assistant" else "user"), _content(message)


def _content(message: Message) -> Any:
    if message.role == "assistant" and not message.tool_calls:
        return message.text
    blocks = [_block(part) for part in message.content if part]
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": message.tool_call_id, "content": blocks}]
    calls = ({"type": "tool_use", "id": call.id, "name": call.name} for call in message.tool_calls)
    inputs = (call.parsed_arguments for call in message.tool_calls)
    return [*blocks, *(call | {"input": given} for call, given in zip(calls, inputs, strict=True))]


def _block(part: str | Picture) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image", "source": {"type": "base64", "media_type": part.media_type, "data": PICTURE_MARK}}


def _tools(ask: Ask) -> dict[str, Any]:
    choice: dict[str, Any] = {"type": _CHOICES.get(ask.tool_choice, "tool")}
    if choice["type"] == "tool":
        choice["name"] = ask.tool_choice
    if not ask.parallel_tool_calls and choice["type"] != "none":
        choice["disable_parallel_tool_use"] = True
    tools = [
        {"name": tool.name, "description": tool.description, "input_schema": json.loads(tool.parameters)}
        for tool in ask.tools
    ]
    return {"tools": tools} if choice == {"type": "auto"} else {"tools": tools, "tool_choice": choice}


def _read(content: Any) -> AnswerPiece:
    content = content if isinstance(content, dict) else {}
    blocks = content.get("content")
    if not isinstance(blocks, list):
        raise ServerFault("the answer has no content. See the server's log.")
    blocks = [block for block in blocks if isinstance(block, dict)]
    piece = AnswerPiece(
        text="".join(_texts(blocks)),
        finish_reason=_reason(content) or UNKNOWN,
        usage=_usage(content),
        is_last=True,
        response_id=id_of(content),
        thinks=any("thinking" in str(block.get("type")) for block in blocks),
        tool_calls=tuple(call for place, block in enumerate(blocks) for call in _calls(place, block)),
    )
    if not piece.text.strip() and not piece.tool_calls:
        raise no_text(piece)
    return piece


def _texts(blocks: list[dict[str, Any]]) -> Iterator[str]:
    found = (block.get("text") for block in blocks if block.get("type") == "text")
    return (text for text in found if isinstance(text, str))


def _usage(content: dict[str, Any]) -> Usage:
    usage = content.get("usage")
    return Usage(prompt_tokens=count_of(usage, "input_tokens"), completion_tokens=count_of(usage, "output_tokens"))


def _calls(index: int, block: Any) -> tuple[ToolCallDelta, ...]:
    """The call of a block, where it is one; at the beginning of a streamed one its input is still empty."""
    if not isinstance(block, dict) or block.get("type") != "tool_use" or not isinstance(block.get("name"), str):
        return ()
    given = block.get("input")
    arguments = json.dumps(given) if isinstance(given, dict) and given else ""
    return (ToolCallDelta(index=index, id=id_of(block) or "", name=block["name"], arguments=arguments),)


def _read_event(data: str) -> AnswerPiece:
    event = parse_json(data)
    event = event if isinstance(event, dict) else {}
    kind = event.get("type")
    if kind == "error":
        raise _broken_off(event.get("error"))
    if kind == "message_start":
        return _beginning(event.get("message"))
    if kind == "content_block_start":
        return AnswerPiece(tool_calls=_calls(count_of(event, "index") or 0, event.get("content_block")))
    delta = event.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    if kind == "content_block_delta":
        return _block_delta(count_of(event, "index") or 0, delta)
    if kind == "message_delta":
        return AnswerPiece(finish_reason=_reason(delta), usage=_usage(event))
    return AnswerPiece(is_last=kind == "message_stop")


def _beginning(message: Any) -> AnswerPiece:
    usage = message.get("usage") if isinstance(message, dict) else None
    return AnswerPiece(usage=Usage(prompt_tokens=count_of(usage, "input_tokens")), response_id=id_of(message))


def _broken_off(error: Any) -> ServerFault:
    error = error if isinstance(error, dict) else {}
    words = f"the answer broke off: {str(error.get('message'))[:300]}. See the server's log."
    return ServerFault(words, is_transient=error.get("type") in _PASSING)


def _block_delta(index: int, delta: dict[str, Any]) -> AnswerPiece:
    if isinstance(delta.get("text"), str):
        return AnswerPiece(text=delta["text"])
    if isinstance(delta.get("partial_json"), str):
        return AnswerPiece(tool_calls=(ToolCallDelta(index=index, arguments=delta["partial_json"]),))
    return AnswerPiece(thinks=delta.get("type") == "thinking_delta")


def _reason(content: dict[str, Any]) -> str | None:
    reason = content.get("stop_reason")
    return _REASONS.get(reason, reason) if isinstance(reason, str) else None


def _headers(key: str | None) -> Mapping[str, str]:
    version = {"anthropic-version": "2023-06-01"}
    return {**version, "x-api-key": Key(key)} if key else version


ANTHROPIC_MESSAGES = Dialect(request=_request, read=_read, read_event=_read_event, headers=_headers)
"""Asks go to ``/messages`` below the base path."""
