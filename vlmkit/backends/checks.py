"""What is wrong with an ask whoever answers it, found before anything is sent or computed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, get_args

from vlmkit.errors import BadSetting, Refused
from vlmkit.records import Ask, Message, Role, Sampling, ToolDefinition

if TYPE_CHECKING:
    from vlmkit.backends.protocol import Abilities

__all__ = [
    "MOST_PENALTY",
    "blank_prompt",
    "check_messages",
    "check_sampling",
    "check_timeout",
    "check_tools",
    "too_many_pictures",
]

MOST_PENALTY = 2.0
"""Frequency and presence penalties are from minus this to this, as OpenAI has it."""


_ROLES = get_args(Role)
_TOOL_NAME = r"[A-Za-z0-9_.-]{1,64}"
_CHOICES = frozenset({"auto", "none", "required"})
_sound: Sampling | None = None


def blank_prompt(ask: Ask) -> Refused | None:
    """Fault of an ask that asks nothing; None where it does.

    It is a row's fault and not the call's: prompts are made of a table's cells, and one of them may be empty. A message
    that has no text at all is no prompt: in a chat, people show a picture without a word.

    Parameters
    ----------
    ask : Ask
    """
    last = ask.messages[-1]
    texts = [part for part in last.content if isinstance(part, str)]
    if last.role != "user" or not texts or any(text.strip() for text in texts):
        return None
    return Refused("the prompt is blank, and nothing was asked. Say what the model shall do with the picture.")


def too_many_pictures(model: str, abilities: Abilities, ask: Ask) -> Refused | None:
    """Fault of an ask with more pictures than a model takes; None where it takes them.

    Parameters
    ----------
    model : str
        Full name, for messages.
    abilities : Abilities
    ask : Ask
    """
    most, given = abilities.images_per_ask, len(ask.pictures)
    if given <= most:
        return None
    return Refused(
        f"{model} takes {most} picture(s) per question and was given {given}, examples included. Give fewer at a time."
    )


def check_messages(ask: Ask) -> None:
    """See that messages make a conversation: roles are known, and each tool call has its result after it.

    Parameters
    ----------
    ask : Ask

    Raises
    ------
    BadSetting
        They do not; names the message.
    """
    if not ask.messages:
        raise BadSetting("messages: there are none. Give at least one, as Message.user(prompt).")
    open_calls: dict[str, None] = {}
    for place, message in enumerate(ask.messages):
        if fault := _message_fault(message, open_calls):
            raise BadSetting(f"messages[{place}]: {fault}")
        if message.role == "tool":
            open_calls.pop(str(message.tool_call_id))
        if message.tool_calls:
            open_calls |= {call.id: None for call in message.tool_calls}
    if open_calls:
        raise BadSetting(f"messages: {_unanswered(open_calls)}")


def _message_fault(message: Message, open_calls: dict[str, None]) -> str:
    if message.role not in _ROLES:
        return f"unknown role {message.role!r}. Give one of {', '.join(_ROLES)}."
    if message.tool_calls and message.role != "assistant":
        return f"a message of role {message.role!r} has tool calls. Only an assistant's may."
    if message.role == "tool":
        known = message.tool_call_id in open_calls
        return "" if known else f"no call before it waits for the result {message.tool_call_id!r}. Give a call's id."
    return _unanswered(open_calls) if open_calls else ""


def _unanswered(open_calls: dict[str, None]) -> str:
    return f"the tool call {next(iter(open_calls))!r} has no result. Add Message.tool(tool_call_id, text) after it."


def check_tools(model: str, abilities: Abilities, ask: Ask) -> None:
    """See that tools can be offered: the model takes them, and names and schemas mean something.

    Parameters
    ----------
    model : str
        Full name, for messages.
    abilities : Abilities
    ask : Ask

    Raises
    ------
    BadSetting
        They cannot; says which.
    """
    if not abilities.tools and (ask.tools or any(message.tool_calls for message in ask.messages)):
        raise BadSetting(f"tools: {model} takes none. Leave them out, or name a model that takes tools.")
    names = [tool.name for tool in ask.tools]
    for tool in ask.tools:
        if fault := _tool_fault(tool, names.count(tool.name)):
            raise BadSetting(f"tools: {tool.name!r} {fault}")
    choices = ("auto", "none", "required", *names) if names else ("auto", "none")
    if ask.tool_choice not in choices:
        raise BadSetting(f"tool_choice: {ask.tool_choice!r} cannot be used. Give one of {', '.join(choices)}.")


@lru_cache(maxsize=256)
def _tool_fault(tool: ToolDefinition, times: int) -> str:
    if times > 1:
        return f"is the name of {times} tools. Rename them."
    if not re.fullmatch(_TOOL_NAME, tool.name) or tool.name in _CHOICES:
        return "cannot be a name. Give 1 to 64 letters, digits, _, - or dots, but not auto, none or required."
    try:
        schema = json.loads(tool.parameters)
    except (TypeError, ValueError, RecursionError) as error:
        return f"has parameters that are not JSON ({error}). Give a JSON schema as JSON."
    is_object = isinstance(schema, dict) and schema.get("type", "object") == "object"
    return "" if is_object else 'has parameters that are not an object. Give a JSON schema with "type": "object".'


def check_sampling(sampling: Sampling) -> None:
    """See that sampling values mean something.

    Parameters
    ----------
    sampling : Sampling

    Raises
    ------
    BadSetting
        One does not; names it and what it accepts.
    """
    global _sound  # noqa: PLW0603  whichever thread wrote it last, it is one that was looked at
    if sampling is _sound:  # a run asks a thousand times with the same one
        return
    for name, (is_sound, accepts) in _RULES.items():
        value = getattr(sampling, name)
        if isinstance(value, bool) or not _holds(is_sound, value):
            raise BadSetting(f"{name}: {value!r} cannot be used. Give {accepts}.")
    if isinstance(sampling.stop, tuple):  # nobody can change it any more
        _sound = sampling


def check_timeout(timeout_s: object) -> None:
    """See that a deadline means something.

    Parameters
    ----------
    timeout_s : object
        Seconds; None means no deadline.

    Raises
    ------
    BadSetting
        It is not a number above 0.
    """
    if timeout_s is not None and (isinstance(timeout_s, bool) or not _holds(lambda value: value > 0, timeout_s)):
        raise BadSetting(f"timeout_s: {timeout_s!r} cannot be used. Give seconds above 0, or None for no deadline.")


def _holds(is_sound: Callable[[Any], bool], value: object) -> bool:
    try:
        return bool(is_sound(value))
    except (TypeError, ValueError, OverflowError):  # no number, or none that is whole
        return False


def _is_penalty(value: Any) -> bool:
    return bool(abs(value) <= MOST_PENALTY)


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "max_tokens": (lambda value: value >= 1 and value == int(value), "a whole number, 1 or more"),
    "temperature": (lambda value: 0 <= value < math.inf, "0 or more"),
    "top_p": (lambda value: 0 < value <= 1, "a number above 0, up to 1"),
    "top_k": (lambda value: value >= 0 and value == int(value), "a whole number, 0 (all) or more"),
    "repetition_penalty": (lambda value: 0 < value < math.inf, "a number above 0; 1 changes nothing"),
    "frequency_penalty": (_is_penalty, "a number from -2 to 2"),
    "presence_penalty": (_is_penalty, "a number from -2 to 2"),
    "stop": (lambda value: all(isinstance(text, str) and text for text in value), "texts, none of them empty"),
    "seed": (lambda value: value == int(value), "a whole number"),
}
