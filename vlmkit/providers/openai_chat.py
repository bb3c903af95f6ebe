"""The OpenAI chat dialect, spoken by almost every server: https://platform.openai.com/docs/api-reference/chat."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from vlmkit.errors import ServerFault
from vlmkit.finish_reasons import UNKNOWN
from vlmkit.providers.dialect import Dialect, Form, Piece, count, id_of, no_text, parse, refuse_unsupported, unusual
from vlmkit.providers.secret import Key
from vlmkit.providers.wire import PICTURE, encode
from vlmkit.records import Ask, Token, Turn, Usage

__all__ = ["OPENAI_CHAT"]

_MOST_ALTERNATIVES = 20  # as the specification has it


def _request(ask: Ask, form: Form, streamed: bool) -> tuple[str, bytes]:
    refuse_unsupported(ask, form)
    messages: list[dict[str, Any]] = [{"role": "system", "content": ask.system}] if ask.system else []
    for turn in ask.turns:
        messages.append({"role": "user", "content": _content(turn, form)})
        messages.append({"role": "assistant", "content": turn.answer})
    messages.append({"role": "user", "content": _content(ask, form)})
    payload = {"model": form.model, "messages": messages, **_options(ask, form)}
    if streamed:
        payload |= {"stream": True, "stream_options": {"include_usage": True}}
    return "/chat/completions", encode(payload | dict(form.extra_body), ask.all_pictures)


def _content(said: Ask | Turn, form: Form) -> str | list[dict[str, Any]]:
    content: list[dict[str, Any]] = []
    for picture in said.pictures:
        link = {"url": f"data:{picture.media_type};base64,{PICTURE}"}
        content.append({"type": "image_url", "image_url": link | ({"detail": form.detail} if form.detail else {})})
    return [*content, {"type": "text", "text": said.prompt}] if content else said.prompt


def _options(ask: Ask, form: Form) -> dict[str, Any]:
    """Sampling in the host's words; what is neutral is left out, as not every server knows every word."""
    sampling, names = ask.sampling, form.parameters
    options: dict[str, Any] = {names["max_tokens"]: sampling.max_tokens, "temperature": sampling.temperature}
    chosen = ("top_p", "top_k", "repetition_penalty", "frequency_penalty", "presence_penalty", "stop")
    options |= {names[name]: value for name, value in unusual(sampling, *chosen).items()}
    if "seed" in names and (sampling.seed or sampling.temperature > 0):
        options[names["seed"]] = sampling.seed
    if ask.token_probabilities:
        options[names["token_probabilities"]] = True
        if ask.alternatives:
            # The chosen token is usually among the likeliest, and no alternative to itself.
            options[names["alternatives"]] = min(ask.alternatives + 1, _MOST_ALTERNATIVES)
    if ask.constraint is not None and ask.constraint.kind == "json_schema" and "json_schema" in names:
        schema = {"name": "answer", "schema": json.loads(ask.constraint.text), "strict": True}
        options["response_format"] = {"type": "json_schema", "json_schema": schema}
    return options


def _read(content: Any) -> Piece:
    choice = _choice(content)
    if choice is None:
        raise ServerFault("the answer has no choices. See the server's log.")
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text = _text(message.get("content"))
    piece = Piece(
        text=text or "",
        finish_reason=_reason(choice) or UNKNOWN,
        usage=_usage(content),
        tokens=_tokens(choice),
        is_last=True,
        thinks=_thinks(message),
        response_id=id_of(content),
        refusal=_text(message.get("refusal")) or "",
    )
    if text is None or piece.refusal or (piece.thinks and not text.strip()):
        raise no_text(piece)
    return piece


def _read_event(data: str) -> Piece:
    if data.strip() == "[DONE]":
        return Piece(is_last=True)
    content = parse(data)
    choice = _choice(content) or {}
    delta = choice.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    return Piece(
        text=_text(delta.get("content")) or "",
        finish_reason=_reason(choice),
        usage=_usage(content),
        tokens=_tokens(choice),
        thinks=_thinks(delta),
        response_id=id_of(content),
        refusal=_text(delta.get("refusal")) or "",
    )


def _choice(content: Any) -> dict[str, Any] | None:
    if isinstance(content, dict) and content.get("error"):
        error = content["error"]
        words = error.get("message", error) if isinstance(error, dict) else error
        raise ServerFault(f"the answer is an error: {str(words)[:300]}. See the server's log.", is_transient=True)
    choices = content.get("choices") if isinstance(content, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return None
    choice: dict[str, Any] = choices[0]
    return choice


def _reason(choice: dict[str, Any]) -> str | None:
    reason = choice.get("finish_reason")
    if reason == "stop" and isinstance(choice.get("stop_reason"), str):  # vLLM says which of the texts it was
        return "stop_sequence"
    return reason if isinstance(reason, str) else None


def _text(content: Any) -> str | None:
    """A text, or the texts of a list of parts; None where there is neither, so also for null."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str)]
        return "".join(parts) if parts else None
    return None


def _thinks(message: dict[str, Any]) -> bool:
    """Whether there are thoughts; each server has another name for them."""
    return any(message.get(name) for name in ("reasoning_content", "reasoning", "reasoning_details", "thinking"))


def _usage(content: Any) -> Usage:
    usage = content.get("usage") if isinstance(content, dict) else None
    return Usage(
        # mlx_vlm's server also writes the names of OpenAI's other dialect.
        prompt_tokens=_either(count(usage, "prompt_tokens"), count(usage, "input_tokens")),
        completion_tokens=_either(count(usage, "completion_tokens"), count(usage, "output_tokens")),
    )


def _either(first: int | None, second: int | None) -> int | None:
    return second if first is None else first


def _tokens(choice: dict[str, Any]) -> tuple[Token, ...] | None:
    logprobs = choice.get("logprobs")
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(entries, list):
        return None
    # A character may begin in one token and end in the next.
    spell = codecs.getincrementaldecoder("utf-8")("replace").decode
    return tuple(_token(entry, spell) for entry in entries if _likelihood(entry) is not None)


def _token(entry: dict[str, Any], spell: Callable[[bytes], str]) -> Token:
    others = entry.get("top_logprobs")
    found = [other for other in (others if isinstance(others, list) else []) if _likelihood(other) is not None]
    written = entry.get("bytes")
    is_bytes = isinstance(written, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in written)
    return Token(
        text=spell(bytes(written)) if is_bytes and written else _text(entry.get("token")) or "",
        probability=_likelihood(entry) or 0.0,
        alternatives=tuple(
            (_text(other.get("token")) or "", _likelihood(other) or 0.0)
            for other in sorted(found, key=lambda other: -other["logprob"])
            if other.get("token") != entry.get("token")
        ),
    )


def _likelihood(entry: Any) -> float | None:
    value = entry.get("logprob") if isinstance(entry, dict) else None
    return math.exp(min(0.0, value)) if isinstance(value, int | float) and not math.isnan(value) else None


def _headers(key: str | None) -> Mapping[str, str]:
    return {"authorization": Key(f"Bearer {key}")} if key else {}


OPENAI_CHAT = Dialect(request=_request, read=_read, read_event=_read_event, headers=_headers)
"""Asks go to ``/chat/completions`` below the base path, pictures before the text."""
