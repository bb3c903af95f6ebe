"""The OpenAI chat dialect, spoken by almost every server: https://platform.openai.com/docs/api-reference/chat."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from vlmkit.backends import ToolCallDelta
from vlmkit.errors import ServerFault
from vlmkit.finish_reasons import UNKNOWN
from vlmkit.providers.dialect import (
    PICTURE_MARK,
    AnswerPiece,
    Dialect,
    RequestForm,
    count_of,
    encode,
    id_of,
    no_text,
    offered,
    parse_json,
    unusual,
)
from vlmkit.providers.secret import Key
from vlmkit.records import Ask, Message, Picture, Token, ToolCall, ToolDefinition, Usage

__all__ = ["OPENAI_CHAT"]

_MOST_ALTERNATIVES = 20  # as the specification has it


def _request(ask: Ask, form: RequestForm, streamed: bool) -> tuple[str, bytes]:
    payload = {"model": form.model, "messages": list(_messages(ask, form)), **_options(ask, form), **_tools(ask, form)}
    if streamed:
        payload |= {"stream": True, "stream_options": {"include_usage": True}}
    return "/chat/completions", encode(payload | dict(form.extra_body), ask.pictures)


def _messages(ask: Ask, form: RequestForm) -> Iterator[dict[str, Any]]:
    """Pictures of tools follow in a message of the user's: servers drop them from a tool's own without a word."""
    shown: list[dict[str, Any]] = []
    for message in ask.messages:
        if shown and message.role != "tool":
            yield {"role": "user", "content": shown}
            shown = []
        if message.role == "tool":
            yield {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
            if message.pictures:
                name = ask.called_tool(message.tool_call_id)
                shown += [{"type": "text", "text": f"Pictures that {name} gave:"}, *_pictures(message.pictures, form)]
        elif message.tool_calls:
            calls = [_call(call) for call in message.tool_calls]
            yield {"role": "assistant", "content": message.text or None, "tool_calls": calls}
        else:
            yield {"role": message.role, "content": _content(message, form)}
    if shown:
        yield {"role": "user", "content": shown}


def _content(message: Message, form: RequestForm) -> str | list[dict[str, Any]]:
    if not message.pictures:
        return message.text
    return [
        {"type": "text", "text": part} if isinstance(part, str) else _pictures([part], form)[0]
        for part in message.content
    ]


def _pictures(pictures: Sequence[Picture], form: RequestForm) -> list[dict[str, Any]]:
    detail = {"detail": form.detail} if form.detail else {}
    links = [{"url": f"data:{picture.media_type};base64,{PICTURE_MARK}"} | detail for picture in pictures]
    return [{"type": "image_url", "image_url": link} for link in links]


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _tools(ask: Ask, form: RequestForm) -> dict[str, Any]:
    tools = offered(ask, form)
    if not tools:
        return {}
    sent: dict[str, Any] = {"tools": [{"type": "function", "function": _function(tool)} for tool in tools]}
    if ask.tool_choice != "auto":
        is_word = ask.tool_choice in {"none", "required"}
        named = {"type": "function", "function": {"name": ask.tool_choice}}
        sent["tool_choice"] = ask.tool_choice if is_word else named
    if not ask.parallel_tool_calls:
        sent["parallel_tool_calls"] = False
    return sent


def _function(tool: ToolDefinition) -> dict[str, Any]:
    described = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **described, "parameters": json.loads(tool.parameters)}


def _options(ask: Ask, form: RequestForm) -> dict[str, Any]:
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


def _read(content: Any) -> AnswerPiece:
    choice = _choice(content)
    if choice is None:
        raise ServerFault("the answer has no choices. See the server's log.")
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    text = _text(message.get("content"))
    piece = AnswerPiece(
        text=text or "",
        finish_reason=_reason(choice) or UNKNOWN,
        usage=_usage(content),
        tokens=_tokens(choice),
        is_last=True,
        thinks=_thinks(message),
        response_id=id_of(content),
        refusal=_text(message.get("refusal")) or "",
        tool_calls=_calls(message),
    )
    if piece.refusal or not (piece.tool_calls or _is_answer(text, thinks=piece.thinks)):
        raise no_text(piece)
    return piece


def _is_answer(text: str | None, *, thinks: bool) -> bool:
    return text is not None and not (thinks and not text.strip())


def _read_event(data: str) -> AnswerPiece:
    if data.strip() == "[DONE]":
        return AnswerPiece(is_last=True)
    content = parse_json(data)
    choice = _choice(content) or {}
    delta = choice.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    return AnswerPiece(
        text=_text(delta.get("content")) or "",
        finish_reason=_reason(choice),
        usage=_usage(content),
        tokens=_tokens(choice),
        thinks=_thinks(delta),
        response_id=id_of(content),
        refusal=_text(delta.get("refusal")) or "",
        tool_calls=_calls(delta),
    )


def _calls(message: dict[str, Any]) -> tuple[ToolCallDelta, ...]:
    """Tool calls of a whole message, or their next parts."""
    entries = message.get("tool_calls")
    if not isinstance(entries, list):
        return ()
    calls = [_call_of(entry, place) for place, entry in enumerate(entries) if isinstance(entry, dict)]
    return tuple(call for call in calls if call.id or call.name or call.arguments)


def _call_of(entry: dict[str, Any], place: int) -> ToolCallDelta:
    function = entry.get("function")
    function = function if isinstance(function, dict) else {}
    arguments = function.get("arguments")
    index = count_of(entry, "index")
    return ToolCallDelta(
        index=place if index is None else index,
        id=id_of(entry) or "",
        name=_text(function.get("name")) or "",
        # Some servers send the object itself in place of its text.
        arguments=json.dumps(arguments) if isinstance(arguments, dict) else _text(arguments) or "",
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
    prompt, completion = count_of(usage, "prompt_tokens"), count_of(usage, "completion_tokens")
    # mlx_vlm's server also writes the names of OpenAI's other dialect.
    return Usage(
        prompt_tokens=count_of(usage, "input_tokens") if prompt is None else prompt,
        completion_tokens=count_of(usage, "output_tokens") if completion is None else completion,
    )


def _tokens(choice: dict[str, Any]) -> tuple[Token, ...] | None:
    logprobs = choice.get("logprobs")
    entries = logprobs.get("content") if isinstance(logprobs, dict) else None
    if not isinstance(entries, list):
        return None
    # A character may begin in one token and end in the next.
    spell = codecs.getincrementaldecoder("utf-8")("replace").decode
    return tuple(_token(entry, spell) for entry in entries if _likelihood(entry) is not None)


def _token(entry: dict[str, Any], spell: Callable[[bytes], str]) -> Token:
    written = entry.get("bytes")
    is_bytes = isinstance(written, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in written)
    return Token(
        text=spell(bytes(written)) if is_bytes and written else _text(entry.get("token")) or "",
        probability=_likelihood(entry) or 0.0,
        alternatives=_alternatives(entry),
    )


def _alternatives(entry: dict[str, Any]) -> tuple[tuple[str, float], ...]:
    others = entry.get("top_logprobs")
    found = [other for other in (others if isinstance(others, list) else []) if _likelihood(other) is not None]
    return tuple(
        (_text(other.get("token")) or "", _likelihood(other) or 0.0)
        for other in sorted(found, key=lambda other: -other["logprob"])
        if other.get("token") != entry.get("token")
    )


def _likelihood(entry: Any) -> float | None:
    value = entry.get("logprob") if isinstance(entry, dict) else None
    return math.exp(min(0.0, value)) if isinstance(value, int | float) and not math.isnan(value) else None


def _headers(key: str | None) -> Mapping[str, str]:
    return {"authorization": Key(f"Bearer {key}")} if key else {}


OPENAI_CHAT = Dialect(request=_request, read=_read, read_event=_read_event, headers=_headers)
"""Asks go to ``/chat/completions`` below the base path, pictures before the text."""
