"""Requests of OpenAI's Responses API, read as chat requests: https://platform.openai.com/docs/api-reference/responses.

No conversation is kept here, so each request brings all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from vlmkit.chat.faults import bad_field, unsupported
from vlmkit.chat.limits import ChatLimits
from vlmkit.chat.pictures import Fetch
from vlmkit.chat.requests import ChatRequest, read_request
from vlmkit.chat.types import ResponsesBody
from vlmkit.errors import ChatError

__all__ = ["ResponsesRequest", "read_responses_request"]

_KEPT = "no answers are kept here. Send the whole conversation as input."
_UNKNOWN = {
    "background": "answers are given at once. Leave it out.",
    "conversation": _KEPT,
    "max_tool_calls": "tools are run by whoever asks. Leave it out.",
    "previous_response_id": _KEPT,
    "prompt": "no prompts are stored here. Send its text as instructions.",
}
_SAME = ("model", "temperature", "top_p", "top_logprobs", "parallel_tool_calls", "stream")
_ECHOED: dict[str, Any] = {
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
}
_MOVED = {
    "max_completion_tokens": "max_output_tokens",
    "messages": "input",
    "response_format.json_schema": "text.format",
    "response_format": "text.format",
}
_PLACE = re.compile(r"^messages\[(\d+)\]")
_LOGPROBS = "message.output_text.logprobs"


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponsesRequest:
    """What a client of the Responses API asks for.

    Attributes
    ----------
    chat : ChatRequest
        The same in the words of the chat dialect.
    echo : mapping
        What the answer repeats of the request.
    places : tuple of str, default ()
        Where each message of `chat` stands in this request.
    """

    chat: ChatRequest
    echo: Mapping[str, Any] = field(repr=False)
    places: tuple[str, ...] = ()

    def renamed(self, error: ChatError) -> ChatError:
        """The error of a chat request, with the names that this request has for its fields.

        Parameters
        ----------
        error : ChatError
            It is changed; twice is fine.
        """
        return _moved(error, self.places)


def read_responses_request(
    body: Mapping[str, Any], *, limits: ChatLimits | None = None, fetch: Fetch | None = None
) -> ResponsesRequest:
    """Check the body of a request to the Responses API, and read it.

    Parameters
    ----------
    body : mapping
        As https://platform.openai.com/docs/api-reference/responses/create has it. What only concerns OpenAI's own
        service, and any unknown field, is ignored.
    limits : ChatLimits or None, default None
        None is a `ChatLimits` with its defaults.
    fetch : callable or None, default None
        As `read_request` takes it.

    Raises
    ------
    ChatError
        With status 400 and the path of the field that is wrong.
    """
    if not isinstance(body, Mapping):
        raise ChatError("The request is not a JSON object. Send one with model and input.")
    for name, advice in _UNKNOWN.items():
        if body.get(name):
            raise unsupported(name, f"it is not supported: {advice}")
    try:
        ResponsesBody.model_validate(body)
    except ValidationError as error:
        raise bad_field(error, body) from None
    messages, places = _messages(body)
    chat = {name: body[name] for name in _SAME if name in body} | {"messages": messages, **_renamed(body)}
    try:
        request = read_request(chat, limits=limits, fetch=fetch)
    except ChatError as error:
        raise _moved(error, places) from error.__cause__
    echo = {name: default if (given := body.get(name)) is None else given for name, default in _ECHOED.items()}
    return ResponsesRequest(chat=request, echo=echo, places=tuple(places))


def _renamed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that have another name or form in the chat dialect."""
    chat: dict[str, Any] = {"max_completion_tokens": body.get("max_output_tokens")}
    chat["tools"] = _each_nested(body.get("tools"))
    choice = body.get("tool_choice")
    chat["tool_choice"] = _choice(choice) if isinstance(choice, Mapping) else choice
    chat["response_format"] = _format(body.get("text"))
    if _LOGPROBS in (body.get("include") or ()) or body.get("top_logprobs"):
        chat["logprobs"] = True
    return chat


def _format(text: Mapping[str, Any] | None) -> dict[str, Any] | None:
    written = (text or {}).get("format")
    if written is None:
        return None
    schema = {name: written[name] for name in ("name", "schema", "strict") if name in written}
    return {"type": written.get("type"), "json_schema": schema or None}


def _choice(choice: Mapping[str, Any]) -> Any:
    if choice.get("type") != "allowed_tools":
        return _nested(choice)
    allowed = {"mode": choice.get("mode"), "tools": _each_nested(choice.get("tools"))}
    return {"type": "allowed_tools", "allowed_tools": allowed}


def _each_nested(tools: Any) -> Any:
    return [_nested(tool) for tool in tools] if isinstance(tools, list) else tools


def _nested(tool: Any) -> Any:
    """A tool, whose fields the chat dialect has one level deeper."""
    if not isinstance(tool, Mapping) or tool.get("type") != "function" or "function" in tool:
        return tool
    return {"type": "function", "function": {name: each for name, each in tool.items() if name != "type"}}


def _messages(body: Mapping[str, Any]) -> tuple[list[Any], list[str]]:
    """Messages, and where each stands in the request."""
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    messages: list[Any] = []
    places: list[str] = []
    if body.get("instructions") is not None:
        messages.append({"role": "system", "content": body["instructions"]})
        places.append("instructions")
    for number, item in enumerate(items):
        for message in _read_item(item, messages, f"input[{number}]"):
            messages.append(message)
            places.append("input" if isinstance(given, str) else f"input[{number}]")
    return messages, places


def _read_item(item: Any, messages: list[Any], place: str) -> Iterator[Any]:
    """Messages of an item; a call joins the assistant's message before it."""
    kind = item.get("type", "message")
    if kind == "message":
        yield item
    elif kind == "function_call":
        function = {"name": item.get("name"), "arguments": item.get("arguments")}
        call = {"id": item.get("call_id"), "type": "function", "function": function}
        last = messages[-1] if messages else None
        if isinstance(last, Mapping) and last.get("role") == "assistant":
            messages[-1] = {**last, "tool_calls": [*last.get("tool_calls", ()), call]}
        else:
            yield {"role": "assistant", "content": None, "tool_calls": [call]}
    elif kind == "function_call_output":
        yield {"role": "tool", "tool_call_id": item.get("call_id"), "content": item.get("output")}
    elif kind != "reasoning":  # what a model thought before is not shown to it again
        said = f"items of type {kind!r} are not supported. Give message, function_call or function_call_output."
        raise unsupported(place, said)


def _moved(error: ChatError, places: Sequence[str]) -> ChatError:
    """The error with the place that the field has in this request."""
    param = error.param or ""
    if found := _PLACE.match(param):
        moved = places[int(found[1])] + param[found.end() :]
    else:
        moved = next((new + param[len(old) :] for old, new in _MOVED.items() if param.startswith(old)), param)
        moved = moved.replace("].function.", "].", 1)
    if moved != param:
        error.reword(str(error).replace(param, moved))
        error.param = moved
    return error
