"""Google's dialect: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from vlmkit.errors import Refused, ServerFault
from vlmkit.finish_reasons import UNKNOWN
from vlmkit.providers.dialect import Dialect, Form, Piece, count, id_of, no_text, parse, refuse_unsupported, unusual
from vlmkit.providers.secret import Key
from vlmkit.providers.wire import PICTURE, encode
from vlmkit.records import Ask, Turn, Usage

__all__ = ["GEMINI_CONTENT"]

_REASONS = {"STOP": "stop", "MAX_TOKENS": "length"}


def _request(ask: Ask, form: Form, streamed: bool) -> tuple[str, bytes]:
    refuse_unsupported(ask, form)
    contents: list[dict[str, Any]] = []
    for turn in ask.turns:
        contents.append({"role": "user", "parts": _parts(turn)})
        contents.append({"role": "model", "parts": [{"text": turn.answer}]})
    contents.append({"role": "user", "parts": _parts(ask)})
    sampling = ask.sampling
    options: dict[str, Any] = {"maxOutputTokens": sampling.max_tokens, "temperature": sampling.temperature}
    chosen = unusual(sampling, "top_p", "top_k", "frequency_penalty", "presence_penalty", "stop")
    options |= {form.parameters[name]: value for name, value in chosen.items()}
    if sampling.seed or sampling.temperature > 0:
        options["seed"] = sampling.seed
    if ask.constraint is not None and ask.constraint.kind == "json_schema" and "json_schema" in form.parameters:
        options |= {"responseMimeType": "application/json", "responseJsonSchema": json.loads(ask.constraint.text)}
    payload: dict[str, Any] = {"contents": contents, "generationConfig": options}
    if ask.system:
        payload["system_instruction"] = {"parts": [{"text": ask.system}]}
    verb = "streamGenerateContent?alt=sse" if streamed else "generateContent"
    path = f"/models/{quote(form.model.removeprefix('models/'), safe='')}:{verb}"
    return path, encode(payload | dict(form.extra_body), ask.all_pictures)


def _parts(said: Ask | Turn) -> list[dict[str, Any]]:
    pictures = [{"inline_data": {"mime_type": picture.media_type, "data": PICTURE}} for picture in said.pictures]
    return [*pictures, {"text": said.prompt}]


def _read(content: Any) -> Piece:
    piece = _piece(content)
    if not piece.text.strip():
        raise no_text(piece)
    return replace(piece, finish_reason=piece.finish_reason or UNKNOWN, is_last=True)


def _read_event(data: str) -> Piece:
    return _piece(parse(data))


def _piece(content: Any) -> Piece:
    content = content if isinstance(content, dict) else {}
    if isinstance(error := content.get("error"), dict):
        raise ServerFault(f"the answer is an error: {str(error.get('message'))[:300]}.", is_transient=True)
    feedback = content.get("promptFeedback")
    if isinstance(feedback, dict) and feedback.get("blockReason"):
        raise Refused(f"the question was blocked ({str(feedback['blockReason'])[:100]}). Ask differently.")
    candidates = content.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    if not isinstance(first, dict):
        raise ServerFault("the answer has no candidates. See the server's log.")
    usage, reason = content.get("usageMetadata"), first.get("finishReason")
    parts = _parts_of(first)
    return Piece(
        text="".join(part["text"] for part in parts if not part.get("thought")),
        response_id=id_of(content, "responseId"),
        thinks=any(part.get("thought") for part in parts) or bool(count(usage, "thoughtsTokenCount")),
        finish_reason=_REASONS.get(reason, reason) if isinstance(reason, str) else None,
        usage=Usage(
            prompt_tokens=count(usage, "promptTokenCount"), completion_tokens=count(usage, "candidatesTokenCount")
        ),
    )


def _parts_of(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    return [
        part
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, dict) and isinstance(part.get("text"), str)
    ]


def _headers(key: str | None) -> Mapping[str, str]:
    # The documented alternative, a key in the address, would end up in every log on the way.
    return {"x-goog-api-key": Key(key)} if key else {}


GEMINI_CONTENT = Dialect(request=_request, read=_read, read_event=_read_event, headers=_headers)
"""Asks go to ``/models/NAME:generateContent`` below the base path."""
