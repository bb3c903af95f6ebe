"""Messages of the OpenAI chat dialect: how they are made here, and what keeps a conversation legal.

Legal is a conversation in which each call of the model has exactly one answer, right behind the message that makes it:
servers refuse any other (https://platform.openai.com/docs/guides/function-calling).
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vlmkit.agent.steps import Step
from vlmkit.backends import RESULT_PICTURES
from vlmkit.errors import BadSetting
from vlmkit.records import Picture
from vlmkit.untrusted import mend_surrogates

__all__ = [
    "EMPTY",
    "GO_ON",
    "SUM_UP",
    "assistant_message",
    "is_about_pictures",
    "is_of_the_loop",
    "legal_messages",
    "result_messages",
    "text_in",
    "used_ids",
    "user_message",
]

_ROLES = ("system", "developer", "user", "assistant", "tool")
EMPTY = "Your last reply was empty. Answer the question, or call a tool."
SUM_UP = "No more tools can be called. Answer now, from what you have."
GO_ON = "Go on with the question. Tools can be called again."
_OF_THE_LOOP = frozenset({EMPTY, SUM_UP, GO_ON, RESULT_PICTURES})
_LOST = "No result was kept."
_MOST_ID_CHARACTERS = 40  # of OpenAI's API


def user_message(text: str, pictures: Iterable[Picture] = ()) -> dict[str, Any]:
    """What a person says and shows, pictures before the text.

    Parameters
    ----------
    text : str
    pictures : iterable of Picture, default ()
    """
    parts: list[dict[str, Any]] = [
        {"type": "image_url", "image_url": {"url": f"data:{picture.media_type};base64,{_base64(picture)}"}}
        for picture in pictures
    ]
    content: Any = [*parts, {"type": "text", "text": text}] if parts else text
    return {"role": "user", "content": content}


def _base64(picture: Picture) -> str:
    return base64.b64encode(picture.data).decode()


def result_messages(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Answers to the calls of one reply, and one more message with all their pictures.

    Pictures in answers to calls are ignored by some servers and refused by others; what a person shows is seen by all.

    Parameters
    ----------
    steps : sequence of Step
        Each says in its text which pictures are its own.
    """
    answers = [{"role": "tool", "tool_call_id": step.call_id, "content": step.text} for step in steps]
    pictures = [picture for step in steps for picture in step.pictures]
    return [*answers, user_message(RESULT_PICTURES, pictures)] if pictures else answers


def is_about_pictures(message: Mapping[str, Any]) -> bool:
    """Whether a message only shows what tools gave.

    Parameters
    ----------
    message : mapping
    """
    return message["role"] == "user" and text_in(message) == RESULT_PICTURES


def is_of_the_loop(message: Mapping[str, Any]) -> bool:
    """Whether a message of the user is one that no person wrote.

    Parameters
    ----------
    message : mapping
    """
    return message["role"] == "user" and text_in(message) in _OF_THE_LOOP


def text_in(message: Mapping[str, Any]) -> str:
    """All texts of a message, joined.

    Parameters
    ----------
    message : mapping
    """
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content if isinstance(part, Mapping))


def used_ids(messages: Iterable[Mapping[str, Any]]) -> set[str]:
    """Ids of all calls.

    Parameters
    ----------
    messages : iterable of mapping
    """
    return {call["id"] for message in messages for call in message.get("tool_calls") or ()}


def assistant_message(said: Mapping[str, Any], used: set[str]) -> dict[str, Any]:
    """What a model said, as it is kept: each call with an id that no other call has, and arguments as a text.

    Parameters
    ----------
    said : mapping
        A message; of a call, only its name and its arguments are needed.
    used : set of str
        Ids so far; those of this message are added.
    """
    content = said.get("content")
    kept: dict[str, Any] = dict(said) | {"role": "assistant", "content": mend_surrogates(text_in(said)) or None}
    if not isinstance(content, str) and content:
        kept["content"] = mend_surrogates(text_in(said))
    kept.pop("tool_calls", None)
    calls = said.get("tool_calls")
    if isinstance(calls, list | tuple) and calls:
        kept["tool_calls"] = [_call(call if isinstance(call, Mapping) else {}, used) for call in calls]
    return kept


def _call(call: Mapping[str, Any], used: set[str]) -> dict[str, Any]:
    function = call.get("function")
    function = function if isinstance(function, Mapping) else {}
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else json.dumps(arguments)
    given = call.get("id")
    is_sound = isinstance(given, str) and 0 < len(given) <= _MOST_ID_CHARACTERS and given not in used
    call_id = given if isinstance(given, str) and is_sound else f"call_{secrets.token_hex(12)}"
    used.add(call_id)
    named = {"name": mend_surrogates(str(function.get("name") or "")), "arguments": mend_surrogates(arguments)}
    return {**call, "id": call_id, "type": "function", "function": {**function, **named}}


def legal_messages(messages: Any) -> list[dict[str, Any]]:
    """Messages of a caller, copied; a call without an answer gets one that says so.

    Parameters
    ----------
    messages : list or tuple of mapping

    Returns
    -------
    list of dict

    Raises
    ------
    BadSetting
        They are no messages, or an answer belongs to no call.
    """
    if not isinstance(messages, list | tuple):
        raise BadSetting("messages: give a list of messages, as [{'role': 'user', 'content': '…'}].")
    kept: list[dict[str, Any]] = []
    waiting: list[str] = []
    used: set[str] = set()
    for place, message in enumerate(messages):
        if not isinstance(message, Mapping) or message.get("role") not in _ROLES:
            raise BadSetting(f"messages[{place}]: it has no role. Give one of {', '.join(map(repr, _ROLES))}.")
        if message["role"] == "tool":
            _answer(message, waiting, place)
            kept.append(dict(message))
        else:
            kept += [*map(_lost, waiting), _kept(message, used)]
            waiting = [call["id"] for call in kept[-1].get("tool_calls") or ()]
    return [*kept, *map(_lost, waiting)]


def _lost(call_id: str) -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": call_id, "content": _LOST}


def _answer(message: Mapping[str, Any], waiting: list[str], place: int) -> None:
    call_id = message.get("tool_call_id")
    if call_id not in waiting:
        raise BadSetting(f"messages[{place}]: no call before it waits for an answer to {call_id!r}. Leave it out.")
    waiting.remove(call_id)


def _kept(message: Mapping[str, Any], used: set[str]) -> dict[str, Any]:
    if message["role"] != "assistant" or not message.get("tool_calls"):
        return dict(message)
    return assistant_message(message, used)
