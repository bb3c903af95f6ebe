"""Anthropic's dialect: https://docs.anthropic.com/en/api/messages. mlx_vlm's server speaks it, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vlmkit.errors import ServerFault
from vlmkit.finish_reasons import UNKNOWN
from vlmkit.providers.dialect import Dialect, Form, Piece, count, id_of, no_text, parse, refuse_unsupported
from vlmkit.providers.secret import Key
from vlmkit.providers.wire import PICTURE, encode
from vlmkit.records import Ask, Turn, Usage

__all__ = ["ANTHROPIC_MESSAGES"]

_REASONS = {"end_turn": "stop", "max_tokens": "length"}
_PASSING = {"overloaded_error", "api_error", "rate_limit_error", "timeout_error"}


def _request(ask: Ask, form: Form, streamed: bool) -> tuple[str, bytes]:
    refuse_unsupported(ask, form)
    messages: list[dict[str, Any]] = []
    for turn in ask.turns:
        messages.append({"role": "user", "content": _content(turn)})
        messages.append({"role": "assistant", "content": turn.answer})
    messages.append({"role": "user", "content": _content(ask)})
    payload: dict[str, Any] = {
        "model": form.model,
        "max_tokens": ask.sampling.max_tokens,
        "messages": messages,
        "temperature": ask.sampling.temperature,
    }
    if ask.system:
        payload["system"] = ask.system
    if ask.sampling.top_p != 1.0:
        payload["top_p"] = ask.sampling.top_p
    if ask.sampling.top_k:
        payload["top_k"] = ask.sampling.top_k
    if ask.sampling.stop:
        payload["stop_sequences"] = list(ask.sampling.stop)
    if streamed:
        payload["stream"] = True
    return "/messages", encode(payload | dict(form.extra_body), ask.all_pictures)


def _content(said: Ask | Turn) -> list[dict[str, Any]]:
    pictures = [
        {"type": "image", "source": {"type": "base64", "media_type": picture.media_type, "data": PICTURE}}
        for picture in said.pictures
    ]
    return [*pictures, {"type": "text", "text": said.prompt}]


def _read(content: Any) -> Piece:
    content = content if isinstance(content, dict) else {}
    blocks = content.get("content")
    if not isinstance(blocks, list):
        raise ServerFault("the answer has no content. See the server's log.")
    texts = [
        block["text"]
        for block in blocks
        if isinstance(block, dict) and block.get("type") == "text" and isinstance(block.get("text"), str)
    ]
    usage = content.get("usage")
    piece = Piece(
        text="".join(texts),
        finish_reason=_reason(content) or UNKNOWN,
        usage=Usage(prompt_tokens=count(usage, "input_tokens"), completion_tokens=count(usage, "output_tokens")),
        is_last=True,
        response_id=id_of(content),
        thinks=any(isinstance(block, dict) and "thinking" in str(block.get("type")) for block in blocks),
    )
    if not piece.text.strip():
        raise no_text(piece)
    return piece


def _read_event(data: str) -> Piece:
    event = parse(data)
    event = event if isinstance(event, dict) else {}
    kind, delta = event.get("type"), event.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    if kind == "error":
        error = event.get("error")
        error = error if isinstance(error, dict) else {}
        words = f"the answer broke off: {str(error.get('message'))[:300]}. See the server's log."
        raise ServerFault(words, is_transient=error.get("type") in _PASSING)
    if kind == "message_start":
        message = event.get("message")
        usage = message.get("usage") if isinstance(message, dict) else None
        return Piece(usage=Usage(prompt_tokens=count(usage, "input_tokens")), response_id=id_of(message))
    if kind == "content_block_delta" and isinstance(delta.get("text"), str):
        return Piece(text=delta["text"])
    if kind == "content_block_delta":
        return Piece(thinks=delta.get("type") == "thinking_delta")
    if kind == "message_delta":
        usage = event.get("usage")
        tokens = Usage(prompt_tokens=count(usage, "input_tokens"), completion_tokens=count(usage, "output_tokens"))
        return Piece(finish_reason=_reason(delta), usage=tokens)
    return Piece(is_last=kind == "message_stop")


def _reason(content: dict[str, Any]) -> str | None:
    reason = content.get("stop_reason")
    return _REASONS.get(reason, reason) if isinstance(reason, str) else None


def _headers(key: str | None) -> Mapping[str, str]:
    version = {"anthropic-version": "2023-06-01"}
    return {**version, "x-api-key": Key(key)} if key else version


ANTHROPIC_MESSAGES = Dialect(request=_request, read=_read, read_event=_read_event, headers=_headers)
"""Asks go to ``/messages`` below the base path."""
