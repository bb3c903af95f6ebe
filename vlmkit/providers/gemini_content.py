"""Google's dialect: https://ai.google.dev/api/generate-content."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from vlmkit.backends import ToolCallDelta
from vlmkit.errors import Refused, ServerFault
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
    new_call_id,
    no_text,
    parse_json,
    unusual,
)
from vlmkit.providers.secret import Key
from vlmkit.records import Ask, Message, Picture, ToolCall, Usage

__all__ = ["GEMINI_CONTENT"]

_WITH_SIGNATURES = r"gemini-(?:[3-9]|\d\d)"
_UNSIGNED = "skip_thought_signature_validator"
_REASONS = {"STOP": "stop", "MAX_TOKENS": "length"}


def _request(ask: Ask, form: RequestForm, streamed: bool) -> tuple[str, bytes]:
    heads, messages = after_system(ask.messages)
    roles = ("model" if message.role == "assistant" else "user" for message in messages)
    parts = (_parts(ask, message, form) for message in messages)
    contents = alternating(zip(roles, parts, strict=True), "parts")
    payload: dict[str, Any] = {"contents": contents, "generationConfig": _options(ask, form)}
    if heads:
        payload["system_instruction"] = {"parts": [{"text": head} for head in heads]}
    if ask.tools:
        payload |= _tools(ask)
    verb = "streamGenerateContent?alt=sse" if streamed else "generateContent"
    path = f"/models/{quote(form.model.removeprefix('models/'), safe='')}:{verb}"
    return path, encode(payload | dict(form.extra_body), ask.pictures)


def _options(ask: Ask, form: RequestForm) -> dict[str, Any]:
    sampling = ask.sampling
    options: dict[str, Any] = {"maxOutputTokens": sampling.max_tokens, "temperature": sampling.temperature}
    chosen = unusual(sampling, "top_p", "top_k", "frequency_penalty", "presence_penalty", "stop")
    options |= {form.parameters[name]: value for name, value in chosen.items()}
    if sampling.seed or sampling.temperature > 0:
        options["seed"] = sampling.seed
    if ask.constraint is not None and ask.constraint.kind == "json_schema" and "json_schema" in form.parameters:
        options |= {"responseMimeType": "application/json", "responseJsonSchema": json.loads(ask.constraint.text)}
    return options


def _parts(ask: Ask, message: Message, form: RequestForm) -> list[dict[str, Any]]:
    if message.role == "tool":
        name = ask.called_tool(message.tool_call_id)
        response = {"id": message.tool_call_id, "name": name, "response": {"result": message.text}}
        return [{"functionResponse": response}, *map(_part, message.pictures)]
    return [*map(_part, message.content), *_called(message.tool_calls, form)]


def _called(calls: Sequence[ToolCall], form: RequestForm) -> list[dict[str, Any]]:
    """Calls with their signatures, without which models from Gemini 3 on refuse them.

    Of calls at the same time the first alone has one. What another model called has none; Google names a word for that:
    https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    parts: list[dict[str, Any]] = []
    for call in calls:
        part = {"functionCall": {"id": call.id, "name": call.name, "args": call.parsed_arguments}}
        parts.append(part | ({"thoughtSignature": call.signature} if call.signature else {}))
    is_signed = any("thoughtSignature" in part for part in parts)
    if parts and not is_signed and re.match(_WITH_SIGNATURES, form.model.removeprefix("models/")):
        parts[0]["thoughtSignature"] = _UNSIGNED
    return parts


def _part(part: str | Picture) -> dict[str, Any]:
    if isinstance(part, str):
        return {"text": part}
    return {"inline_data": {"mime_type": part.media_type, "data": PICTURE_MARK}}


def _tools(ask: Ask) -> dict[str, Any]:
    functions = [
        {"name": tool.name, "description": tool.description, "parametersJsonSchema": json.loads(tool.parameters)}
        for tool in ask.tools
    ]
    sent: dict[str, Any] = {"tools": [{"functionDeclarations": functions}]}
    if ask.tool_choice != "auto":
        mode: dict[str, Any] = {"mode": "NONE" if ask.tool_choice == "none" else "ANY"}
        if ask.tool_choice not in {"none", "required"}:
            mode["allowedFunctionNames"] = [ask.tool_choice]
        sent["toolConfig"] = {"functionCallingConfig": mode}
    return sent


def _read(content: Any) -> AnswerPiece:
    piece = _piece(content)
    if not piece.text.strip() and not piece.tool_calls:
        raise no_text(piece)
    return replace(piece, finish_reason=piece.finish_reason or UNKNOWN, is_last=True)


def _read_event(data: str) -> AnswerPiece:
    return _piece(parse_json(data))


def _piece(content: Any) -> AnswerPiece:
    content = content if isinstance(content, dict) else {}
    first = _first_of(content)
    usage, parts = content.get("usageMetadata"), _parts_of(first)
    calls = tuple(call for place, part in enumerate(parts) for call in _calls(place, part))
    texts = [part for part in parts if isinstance(part.get("text"), str)]
    return AnswerPiece(
        text="".join(part["text"] for part in texts if not part.get("thought")),
        response_id=id_of(content, "responseId"),
        thinks=any(part.get("thought") for part in texts) or bool(count_of(usage, "thoughtsTokenCount")),
        finish_reason=_reason(first, has_calls=bool(calls)),
        usage=Usage(
            prompt_tokens=count_of(usage, "promptTokenCount"), completion_tokens=count_of(usage, "candidatesTokenCount")
        ),
        tool_calls=calls,
    )


def _first_of(content: dict[str, Any]) -> dict[str, Any]:
    if isinstance(error := content.get("error"), dict):
        raise ServerFault(f"the answer is an error: {str(error.get('message'))[:300]}.", is_transient=True)
    feedback = content.get("promptFeedback")
    if isinstance(feedback, dict) and feedback.get("blockReason"):
        raise Refused(f"the question was blocked ({str(feedback['blockReason'])[:100]}). Ask differently.")
    candidates = content.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    if not isinstance(first, dict):
        raise ServerFault("the answer has no candidates. See the server's log.")
    return first


def _reason(candidate: dict[str, Any], *, has_calls: bool) -> str | None:
    word = candidate.get("finishReason")
    if not isinstance(word, str):
        return None
    return "tool_calls" if has_calls and word == "STOP" else _REASONS.get(word, word)


def _parts_of(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    return [part for part in (parts if isinstance(parts, list) else []) if isinstance(part, dict)]


def _calls(index: int, part: dict[str, Any]) -> tuple[ToolCallDelta, ...]:
    """The call of a part, where it is one; calls come whole, and perhaps without a name of their own."""
    call = part.get("functionCall")
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        return ()
    given = call.get("args")
    arguments = json.dumps(given if isinstance(given, dict) else {})
    signature = part.get("thoughtSignature")
    named = ToolCallDelta(index=index, id=id_of(call) or new_call_id(), name=call["name"], arguments=arguments)
    return (replace(named, signature=signature) if isinstance(signature, str) else named,)


def _headers(key: str | None) -> Mapping[str, str]:
    # The documented alternative, a key in the address, would end up in every log on the way.
    return {"x-goog-api-key": Key(key)} if key else {}


GEMINI_CONTENT = Dialect(request=_request, read=_read, read_event=_read_event, headers=_headers)
"""Asks go to ``/models/NAME:generateContent`` below the base path."""
