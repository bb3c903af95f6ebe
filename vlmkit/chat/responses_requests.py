"""Requests of OpenAI's Responses API, read as chat requests: https://platform.openai.com/docs/api-reference/responses.

No conversation is kept here, so each request brings all of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
_PLACE = re.compile(r"messages\[(\d+)\]")
_CALL_PLACE = re.compile(r"messages\[\d+\]\.tool_calls\[\d+\]")
_LOGPROBS = "message.output_text.logprobs"


@dataclass
class _Conversation:
    """Messages that items make, and where each of them, and each call, stands in the request."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    calls: dict[str, str] = field(default_factory=dict)

    def take(self, item: Mapping[str, Any], place: str) -> None:
        kind = item.get("type", "message")
        if kind == "message":
            self._take_message(item, place)
        elif kind == "function_call":
            self._take_call(item, place)
        elif kind == "function_call_output":
            self.add({"role": "tool", "tool_call_id": item.get("call_id"), "content": item.get("output")}, place)
        elif kind != "reasoning":  # what a model thought before is not shown to it again
            said = f"items of type {kind!r} are not supported. Give message, function_call or function_call_output."
            raise unsupported(place, said)

    def add(self, message: Mapping[str, Any], place: str) -> None:
        self.messages.append(dict(message))
        self.places.append(place)

    @property
    def _last_answer(self) -> dict[str, Any] | None:
        """The assistant's message, as long as nothing follows it."""
        last = self.messages[-1] if self.messages else {}
        return last if last.get("role") == "assistant" else None

    def _take_message(self, item: Mapping[str, Any], place: str) -> None:
        """A text behind calls belongs to them: their results have to follow."""
        last = self._last_answer
        if last is not None and "tool_calls" in last and item.get("role") == "assistant":
            last["content"] = [*_parts(last.get("content")), *_parts(item.get("content"))]
        else:  # calls are items of their own
            self.add({name: each for name, each in item.items() if name != "tool_calls"}, place)

    def _take_call(self, item: Mapping[str, Any], place: str) -> None:
        """A call joins the assistant's message before it."""
        if self._last_answer is None:
            self.add({"role": "assistant", "content": None}, place)
        calls = self.messages[-1].setdefault("tool_calls", [])
        self.calls[f"messages[{len(self.messages) - 1}].tool_calls[{len(calls)}]"] = place
        function = {"name": item.get("name"), "arguments": item.get("arguments")}
        calls.append({"id": item.get("call_id"), "type": "function", "function": function})


@dataclass(frozen=True, kw_only=True, slots=True)
class ResponsesRequest:
    """What a client of the Responses API asks for.

    Attributes
    ----------
    chat : ChatRequest
        The same in the words of the chat dialect.
    echo : mapping
        What the answer repeats of the request.
    conversation : object
        Where each message of `chat` stands in this request.
    """

    chat: ChatRequest
    echo: Mapping[str, Any] = field(repr=False)
    conversation: _Conversation = field(repr=False)

    def renamed(self, error: ChatError) -> ChatError:
        """The error of a chat request, with the names that this request has for its fields.

        Parameters
        ----------
        error : ChatError
            It is changed; twice is fine.
        """
        return _moved(error, self.conversation)


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
    conversation = _conversation(body)
    chat = {name: body[name] for name in _SAME if name in body} | {"messages": conversation.messages}
    chat |= _renamed(body)
    try:
        request = read_request(chat, limits=limits, fetch=fetch)
    except ChatError as error:
        raise _moved(error, conversation) from error.__cause__
    echo = {name: default if (given := body.get(name)) is None else given for name, default in _ECHOED.items()}
    return ResponsesRequest(chat=request, echo=echo, conversation=conversation)


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


def _parts(content: Any) -> list[Any]:
    if content is None or isinstance(content, list):
        return content or []
    return [{"type": "text", "text": content}]


def _conversation(body: Mapping[str, Any]) -> _Conversation:
    made, given = _Conversation(), body["input"]
    if body.get("instructions") is not None:
        made.add({"role": "system", "content": body["instructions"]}, "instructions")
    if isinstance(given, str):
        made.add({"role": "user", "content": given}, "input")
    else:
        for number, item in enumerate(given):
            made.take(item, f"input[{number}]")
    return made


def _moved(error: ChatError, conversation: _Conversation) -> ChatError:
    """The error with the place that the field has in this request."""
    param = error.param or ""
    if found := _CALL_PLACE.match(param):
        moved = conversation.calls[found[0]] + param[found.end() :].replace(".function", "", 1).replace(
            ".id", ".call_id"
        )
    elif found := _PLACE.match(param):
        moved = conversation.places[int(found[1])] + param[found.end() :].replace("tool_call_id", "call_id")
    else:
        moved = next((new + param[len(old) :] for old, new in _MOVED.items() if param.startswith(old)), param)
        moved = moved.replace("].function.", "].", 1)
    if moved != param:
        error.reword(str(error).replace(param, moved))
        error.param = moved
    return error
