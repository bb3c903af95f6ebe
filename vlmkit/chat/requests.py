"""A request, checked and read into plain records; nothing of it knows a model yet."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from vlmkit.chat.conversation import Turn, turns_of
from vlmkit.chat.faults import bad_field, unsupported
from vlmkit.chat.limits import ChatLimits
from vlmkit.chat.pictures import Fetch
from vlmkit.chat.types import AllowedTools, ChatBody, NamedTool, ResponseFormat, ToolEntry
from vlmkit.errors import ChatError
from vlmkit.records import Constraint, Sampling, ToolDefinition

__all__ = ["ChatRequest", "read_request"]

# Fields that would change the answer, and what to do without them.
_UNKNOWN = {
    "audio": "answers are texts. Leave it out.",
    "function_call": "it was replaced by tool_choice. Give tool_choice.",
    "functions": "it was replaced by tools. Give tools.",
    "web_search_options": "nothing is searched here. Leave it out, or offer a search as one of your tools.",
}
_NEUTRAL = {"function_call": "none", "functions": []}
_WORDS = frozenset({"auto", "none", "required"})
_MOST_REFERENCES = 8
_LEAST_MASS = 1e-9  # of top_p: the likeliest token alone


@dataclass(frozen=True, kw_only=True, slots=True)
class ChatRequest:
    """What a client asks for; `read_request` makes it.

    Attributes
    ----------
    model : str
        As the client wrote it.
    turns : tuple of Turn
    tools : tuple of ToolDefinition, default ()
        Those that may be called.
    strict_tools : frozenset of str, default empty
        Names of those whose arguments must keep to their schema.
    tool_choice : str, default "auto"
        As `Ask.tool_choice`.
    parallel_tool_calls : bool, default True
    sampling : Sampling
        Its seed counts only where `has_seed` is True.
    has_seed : bool, default False
    has_limit : bool, default False
        Whether the request says how long the answer may be.
    choices : int, default 1
    constraint : Constraint or None, default None
        Schema of the answer.
    token_probabilities : bool, default False
    alternatives : int, default 0
        How many of the likeliest tokens each token comes with, itself included.
    is_streamed, includes_usage : bool, default False
    includes_status : bool, default True
        Whether a stream may say what it waits for.
    """

    model: str
    turns: tuple[Turn, ...] = field(repr=False)
    tools: tuple[ToolDefinition, ...] = ()
    strict_tools: frozenset[str] = frozenset()
    tool_choice: str = "auto"
    parallel_tool_calls: bool = True
    sampling: Sampling
    has_seed: bool = False
    has_limit: bool = False
    choices: int = 1
    constraint: Constraint | None = None
    token_probabilities: bool = False
    alternatives: int = 0
    is_streamed: bool = False
    includes_usage: bool = False
    includes_status: bool = True


def read_request(
    body: Mapping[str, Any], *, limits: ChatLimits | None = None, fetch: Fetch | None = None
) -> ChatRequest:
    """Check the body of a chat request, and read it.

    Headers of its pictures are read, their pixels are not: that takes milliseconds, and needs no model.

    Parameters
    ----------
    body : mapping
        As https://platform.openai.com/docs/api-reference/chat/create has it. ``top_k`` and ``repetition_penalty`` are
        taken, too, as other servers do. What only concerns OpenAI's own service, and any unknown field, is ignored.
    limits : ChatLimits or None, default None
        None is a `ChatLimits` with its defaults.
    fetch : callable or None, default None
        Gets the bytes of pictures with an ``http:`` or ``https:`` address; None refuses such addresses.

    Raises
    ------
    ChatError
        With status 400 and the path of the field that is wrong.
    """
    limits = limits or ChatLimits()
    checked = _checked(body, limits)
    tools, tool_choice = _offered(checked)
    return ChatRequest(
        model=checked.model,
        turns=turns_of(checked.messages, limits, fetch),
        tools=tuple(map(_tool, tools)),
        strict_tools=frozenset(entry.function.name for entry in tools if entry.function.strict),
        tool_choice=tool_choice,
        parallel_tool_calls=checked.parallel_tool_calls is not False,
        sampling=_sampling(checked, limits),
        has_seed=checked.seed is not None,
        has_limit=_most_tokens(checked) is not None,
        choices=checked.n or 1,
        constraint=_constraint(checked.response_format),
        token_probabilities=bool(checked.logprobs),
        alternatives=checked.top_logprobs or 0,
        is_streamed=bool(checked.stream),
        includes_usage=bool(checked.stream_options and checked.stream_options.include_usage),
        includes_status=checked.stream_options is None or checked.stream_options.include_status is not False,
    )


def _checked(body: Any, limits: ChatLimits) -> ChatBody:
    if not isinstance(body, Mapping):
        raise ChatError("The request is not a JSON object. Send one with model and messages.")
    for name, advice in _UNKNOWN.items():
        if body.get(name) is not None and body[name] != _NEUTRAL.get(name):
            raise unsupported(name, f"it is not supported: {advice}")
    try:
        checked = ChatBody.model_validate(body)
    except ValidationError as error:
        raise bad_field(error, body) from None
    _check_options(checked)
    _check_numbers(checked, limits)
    return checked


def _check_options(body: ChatBody) -> None:
    if body.logit_bias and any(body.logit_bias.values()):
        raise unsupported("logit_bias", "single tokens cannot be made likelier here. Leave it out.")
    if body.min_p:
        raise unsupported("min_p", "it is not supported. Leave it out, or give top_p.")
    if body.modalities and set(body.modalities) - {"text"}:
        raise unsupported("modalities", 'answers are texts. Give ["text"], or leave it out.')
    if body.top_logprobs and not body.logprobs:
        raise ChatError("top_logprobs: it needs logprobs. Give logprobs: true, too.", param="top_logprobs")


def _check_numbers(body: ChatBody, limits: ChatLimits) -> None:
    given = {"n": body.n or 1, "stop": 1 if isinstance(body.stop, str) else len(body.stop or ())}
    given["tools"] = len(body.tools or ())
    allowed = {"n": limits.most_choices, "stop": limits.most_stops, "tools": limits.most_tools}
    for name, most in allowed.items():
        if given[name] > most:
            raise ChatError(f"{name}: {given[name]} is more than the {most} that are allowed. Give fewer.", param=name)


def _most_tokens(body: ChatBody) -> int | None:
    return body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens


def _sampling(body: ChatBody, limits: ChatLimits) -> Sampling:
    stop = body.stop or ()
    return Sampling(
        max_tokens=_most_tokens(body) or limits.max_tokens,
        temperature=_given(body.temperature, limits.temperature),
        top_p=max(_given(body.top_p, 1.0), _LEAST_MASS),
        top_k=max(0, body.top_k or 0),  # -1 is all of them, too
        repetition_penalty=body.repetition_penalty or 1.0,
        frequency_penalty=body.frequency_penalty or 0.0,
        presence_penalty=body.presence_penalty or 0.0,
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        seed=body.seed or 0,
    )


def _given(value: float | None, default: float) -> float:
    return default if value is None else value


def _constraint(wanted: ResponseFormat | None) -> Constraint | None:
    if wanted is None or wanted.type == "text":
        return None
    if wanted.type == "json_object":
        return Constraint(kind="json_schema", text='{"type": "object"}')
    schema = wanted.json_schema.schema_ if wanted.json_schema is not None else None
    if schema is None:
        place = "response_format.json_schema.schema"
        raise ChatError(f"{place}: it is missing. Give a JSON schema.", param=place, code="invalid_schema")
    return Constraint(kind="json_schema", text=json.dumps(schema))


def _tool(entry: ToolEntry) -> ToolDefinition:
    function = entry.function
    described = {"description": function.description} if function.description else {}
    schema = {"parameters": json.dumps(_unreferred(function.parameters))} if function.parameters else {}
    return ToolDefinition(name=function.name, **described, **schema)


def _unreferred(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema whose properties stand in itself: one that refers to a definition of its own is that definition."""
    for _ in range(_MOST_REFERENCES):
        target: Any = schema
        reference = schema.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            break
        for name in reference.split("/")[1:]:
            target = target.get(name.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
        if not isinstance(target, dict):
            break
        schema = {**{name: each for name, each in schema.items() if name != "$ref"}, **target}
    return schema


def _check_tools(tools: list[ToolEntry]) -> None:
    """See that tools can be named and called, which the types do not say."""
    for place, entry in enumerate(tools):
        where, function = f"tools[{place}].function", entry.function
        if function.name in _WORDS:
            said = f"{where}.name: {function.name!r} means something else in tool_choice. Give another name."
            raise ChatError(said, param=f"{where}.name")
        schema = _unreferred(function.parameters or {})
        if schema.get("type", "object") != "object":
            said = f'{where}.parameters: its "type" is {schema["type"]!r}. Give a JSON schema with "type": "object".'
            raise ChatError(said, param=f"{where}.parameters", code="invalid_function_parameters")


def _offered(body: ChatBody) -> tuple[list[ToolEntry], str]:
    """Tools that may be called, and whether one must be."""
    tools, wanted = body.tools or [], body.tool_choice
    names = [entry.function.name for entry in tools]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ChatError(f"tools: {twice!r} is the name of several tools. Rename them.", param="tools")
    _check_tools(tools)
    if isinstance(wanted, AllowedTools):
        allowed = [_known(entry, names) for entry in wanted.allowed_tools.tools]
        tools = [entry for entry in tools if entry.function.name in allowed]
    choice = _choice(wanted, names)
    if choice not in {"auto", "none"} and not tools:
        raise ChatError("tool_choice: no tools are given that could be called. Give tools.", param="tool_choice")
    return tools, choice


def _choice(wanted: str | NamedTool | AllowedTools | None, names: list[str]) -> str:
    if isinstance(wanted, AllowedTools):
        return wanted.allowed_tools.mode
    if isinstance(wanted, NamedTool):
        return _known(wanted, names)
    return wanted or "auto"


def _known(wanted: NamedTool, names: list[str]) -> str:
    name = wanted.function.name
    if name not in names:
        raise ChatError(f"tool_choice: none of the tools is called {name!r}. Give one of them.", param="tool_choice")
    return name
