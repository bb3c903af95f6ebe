"""What a dialect is: pure functions from an ask to a request, and from an answer's JSON to its few fields."""

from __future__ import annotations

import base64
import itertools
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vlmkit.backends import ToolCallDelta
from vlmkit.errors import BackendError, BadSetting, Refused, ServerFault
from vlmkit.finish_reasons import UNKNOWN, Ending, ending_of
from vlmkit.records import Ask, Message, Picture, Sampling, Token, ToolDefinition, Usage

__all__ = [
    "PICTURE_MARK",
    "AnswerPiece",
    "Dialect",
    "RequestForm",
    "after_system",
    "alternating",
    "count_of",
    "encode",
    "id_of",
    "is_overfull",
    "new_call_id",
    "no_text",
    "offered",
    "parse_json",
    "refuse_unsupported",
    "unusual",
]

_compact = json.JSONEncoder(separators=(",", ":")).encode

_MOST_COUNTED = 2**62  # what a column of whole numbers holds
_DIGITS = 300  # more are beyond any float, too
_FREE_VALUES = 250_000
_OVERFULL = "values, more than any answer has"
_LEAST_BYTES = 4  # of a value, on average, where there are more: numbers of three digits, as the bytes of a token

PICTURE_MARK = secrets.token_hex(16)
"""Stands for the base64 of the next picture in what `encode` gets; no prompt can contain it by chance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestForm:
    """How one model of one host is asked; the same for all asks.

    Attributes
    ----------
    model : str
        As the server calls it.
    parameters : mapping of str to str
        Field of `Sampling` to the server's name for it; what is missing is not supported. ``token_probabilities``,
        ``alternatives``, ``json_schema``, ``tools``, ``tool_choice`` and ``parallel_tool_calls`` stand for those
        abilities.
    detail : str or None
        How closely pictures are looked at, where the dialect has such a thing.
    extra_body : mapping
        Further entries of every request, as the server's documentation has them.
    highest_temperature : float or None
        What is above is refused by the server; None where it says no such thing.
    """

    model: str
    parameters: Mapping[str, str]
    detail: str | None = None
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    highest_temperature: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerPiece:
    """What one answer, or one event of a streamed one, says; empty where it does not say.

    Attributes
    ----------
    text : str
    finish_reason : str or None
        ``"stop"``, ``"length"``, or the server's own word.
    usage : Usage
    tokens : tuple of Token or None
    is_last : bool
        Whether nothing comes after this event.
    response_id : str or None
        The server's own name for this answer.
    thinks : bool
        Whether there are thoughts beside the text.
    refusal : str
        What the model says instead of an answer, where the dialect has a field for it.
    tool_calls : tuple of ToolCallDelta
        Whole, or the next parts of them; `index` is the server's own.
    """

    text: str = ""
    finish_reason: str | None = None
    usage: Usage = field(default_factory=Usage)
    tokens: tuple[Token, ...] | None = None
    is_last: bool = False
    response_id: str | None = None
    thinks: bool = False
    refusal: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One way of asking over HTTP.

    Attributes
    ----------
    request : callable (Ask, RequestForm, streamed) -> (path, body)
        Of an ask that `refuse_unsupported` let pass.
    read : callable (JSON) -> Piece
        Of a whole answer. Raises BackendError where it is none.
    read_event : callable (str) -> Piece
        Of one event of a streamed answer. Raises as `read`, and as `parse_json` where it is not JSON.
    headers : callable (key or None) -> mapping
        Headers that carry the key.
    """

    request: Callable[[Ask, RequestForm, bool], tuple[str, bytes]]
    read: Callable[[Any], AnswerPiece]
    read_event: Callable[[str], AnswerPiece]
    headers: Callable[[str | None], Mapping[str, str]]


_LONGEST_ID = 200
_PICTURELESS = frozenset({"system", "assistant"})
_NEUTRAL = {
    "top_p": 1.0,
    "top_k": 0,
    "repetition_penalty": 1.0,
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
    "stop": (),
    "seed": 0,
}


def unusual(sampling: Sampling, *names: str) -> dict[str, Any]:
    """Those of the options that are not neutral, by name, as JSON has them.

    Parameters
    ----------
    sampling : Sampling
    *names : str
        Fields of it.
    """
    values = {name: getattr(sampling, name) for name in names}
    return {name: _plain(value) for name, value in values.items() if value != _NEUTRAL[name]}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def refuse_unsupported(ask: Ask, form: RequestForm) -> None:
    """Find an option that was asked for and that the host has no word for, or a temperature that it does not take.

    Parameters
    ----------
    ask : Ask
    form : RequestForm

    Raises
    ------
    BadSetting
        Nothing that was asked for is dropped silently.
    """
    for name in _wanted(ask):
        if name not in form.parameters:
            known = ", ".join(known for known in _NEUTRAL if known in form.parameters)
            raise BadSetting(f"{name}: {form.model}'s server takes no such option. Leave it out; it takes {known}.")
    highest, given = form.highest_temperature, ask.sampling.temperature
    if highest is not None and given > highest:
        raise BadSetting(f"temperature: {given:g} is too high for {form.model}'s server. Give 0 to {highest:g}.")
    for place, message in enumerate(ask.messages):
        if message.role in _PICTURELESS and message.pictures:
            raise BadSetting(
                f"messages[{place}]: a server takes no picture in a message of role {message.role!r}. "
                "Put it into one of role 'user' or 'tool'."
            )


def _wanted(ask: Ask) -> Iterator[str]:
    """Options that a host must have a word for."""
    yield from (name for name, neutral in _NEUTRAL.items() if getattr(ask.sampling, name) != neutral)
    yield from (name for name in ("token_probabilities", "alternatives", "keep_special_tokens") if getattr(ask, name))
    if ask.tool_choice not in {"auto", "none"}:  # "none" leaves the tools out
        yield "tool_choice"
    if ask.tools and not ask.parallel_tool_calls:
        yield "parallel_tool_calls"
    if ask.constraint is not None and ask.constraint.kind == "grammar":  # no prompt says one in words
        yield "grammar"


def offered(ask: Ask, form: RequestForm) -> tuple[ToolDefinition, ...]:
    """Tools to send with an ask; none where no call is wanted, and the host has no word for that.

    Parameters
    ----------
    ask : Ask
    form : RequestForm
    """
    return () if ask.tool_choice == "none" and "tool_choice" not in form.parameters else ask.tools


def after_system(messages: Sequence[Message]) -> tuple[list[str], Sequence[Message]]:
    """System texts at the beginning, which some dialects take beside the messages, and the messages after them.

    Parameters
    ----------
    messages : sequence of Message
    """
    heads = [message.text for message in itertools.takewhile(lambda each: each.role == "system", messages)]
    return heads, messages[len(heads) :]


def alternating(said: Iterable[tuple[str, Any]], content: str) -> list[dict[str, Any]]:
    """Messages of two roles; what the user says in a row, results of tools among it, is one message.

    Parameters
    ----------
    said : iterable of (str, JSON value)
        Role, and what it says; of a user a list.
    content : str
        The dialect's name for what is said.
    """
    messages: list[dict[str, Any]] = []
    for role, parts in said:
        if messages and messages[-1]["role"] == role == "user":
            messages[-1][content] += parts
        else:
            messages.append({"role": role, content: parts})
    return messages


def encode(payload: dict[str, Any], pictures: Sequence[Picture]) -> bytes:
    """JSON of a request, each `PICTURE_MARK` in it replaced by a picture, in order.

    Putting base64 in afterwards takes a third of the time that a JSON encoder needs to look at every character of it.

    Parameters
    ----------
    payload : dict
    pictures : sequence of Picture
    """
    first, *rest = _compact(payload).encode("ascii").split(PICTURE_MARK.encode("ascii"))
    pieces = [first]
    for picture, text in zip(pictures, rest, strict=True):
        pieces += [base64.b64encode(picture.data), text]
    return b"".join(pieces)


def id_of(content: Any, key: str = "id") -> str | None:
    """A server's name for its answer, where it gives a usable one.

    Parameters
    ----------
    content : JSON value
    key : str, default "id"
    """
    found = content.get(key) if isinstance(content, dict) else None
    return found if isinstance(found, str) and found.isprintable() and 0 < len(found) <= _LONGEST_ID else None


def new_call_id() -> str:
    """A name for a tool call to which the server gave none."""
    return f"call_{secrets.token_hex(12)}"


def count_of(content: Any, key: str) -> int | None:
    """A number of things in a mapping, where there is one; nonsense is none."""
    value = content.get(key) if isinstance(content, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_COUNTED else None


def is_overfull(error: Exception) -> bool:
    """Whether `parse_json` found JSON, as far as it looked, with too many values in it."""
    return type(error) is ValueError and str(error).endswith(_OVERFULL)


def parse_json(data: str | bytes, most_values: int | None = None) -> Any:
    """JSON as servers write it; a whole number of more digits than Python reads is infinite, and spoils nothing else.

    Parameters
    ----------
    data : str or bytes
    most_values : int or None, default None
        JSON with more values is not read, as each takes many times the memory that its bytes do. None is as many as
        an answer of that length can honestly have.

    Raises
    ------
    ValueError, RecursionError
        It is not JSON, or nested without end, or has too many values.
    """
    most_values = max(_FREE_VALUES, len(data) // _LEAST_BYTES) if most_values is None else most_values
    if len(data) > most_values and (number := _values(data)) > most_values:
        raise ValueError(f"{number:,} {_OVERFULL}")
    try:
        return json.loads(data)
    except json.JSONDecodeError:
        raise
    except ValueError:  # Python's limit of digits, or no Unicode
        return json.loads(data, parse_int=lambda digits: int(digits) if len(digits) < _DIGITS else float(digits))


def _values(data: str | bytes) -> int:
    """At least as many values as JSON has; those in texts count, too."""
    if isinstance(data, str):
        return sum(map(data.count, ",[{"))
    return sum(map(data.count, (b",", b"[", b"{")))


def no_text(piece: AnswerPiece) -> BackendError:
    """Fault of an answer that is well formed and has no text in it."""
    reason = piece.finish_reason or UNKNOWN
    ending = ending_of(reason)
    if piece.refusal:
        return Refused(f"the model refused: {piece.refusal[:300]}")
    if ending is Ending.DECLINED:
        return Refused(f"the model refused to answer this (finish reason {reason!r}). Ask differently.")
    if piece.thinks:
        advice = "Let it think longer: raise max_tokens; or turn thinking off."
        return ServerFault(f"the model only thought and wrote no answer (finish reason {reason!r}). {advice}")
    if ending is Ending.CUT:
        advice = "All tokens went into thinking: raise max_tokens, or turn thinking off."
    else:
        advice = "Is it a chat model that sees pictures? See the server's log."
    return ServerFault(f"the answer has no text (finish reason {reason!r}). {advice}")
