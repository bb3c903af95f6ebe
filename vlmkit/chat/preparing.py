"""A request made ready for one model: what is asked of it, and what the model cannot do is refused by name."""

from __future__ import annotations

import importlib.metadata
import random
from dataclasses import dataclass, field, replace
from functools import cache

from vlmkit.backends import REASONING_MARKS, Backend, BaseBackend, CallMarkup
from vlmkit.chat.conversation import Turn
from vlmkit.chat.faults import chat_error, unsupported
from vlmkit.chat.requests import ChatRequest
from vlmkit.chat.tools import constraint_for
from vlmkit.errors import BadSchema, ChatError, VlmkitError
from vlmkit.records import Ask, Message

__all__ = ["PreparedChat", "prepare_chat"]

_FREE = frozenset({"auto", "none"})
_MOST_SEED = 2**31  # what servers take whose numbers have 32 bits
_SEEDS = 2**64
_REVISION_CHARACTERS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedChat:
    """A request and its asks, one for each choice; nothing was asked yet.

    Attributes
    ----------
    request : ChatRequest
    asks : tuple of Ask
    seconds : tuple of Ask, default ()
        One for each choice, where an answer without a call is to be followed by another question.
    markup : CallMarkup or None, default None
        How the model writes calls into its text; None where its server tells them apart.
    fingerprint : str
        Version of vlmkit and revision of the model: equal fingerprints and seeds give equal answers.
    """

    request: ChatRequest
    asks: tuple[Ask, ...] = field(repr=False)
    seconds: tuple[Ask, ...] = field(default=(), repr=False)
    markup: CallMarkup | None = None
    fingerprint: str


def prepare_chat(
    request: ChatRequest, backend: Backend, markup: CallMarkup | None, *, timeout_s: float | None
) -> PreparedChat:
    """Make a request ready for a model; its pictures are decoded, which takes a while.

    Parameters
    ----------
    request : ChatRequest
    backend : Backend
    markup : CallMarkup or None
        How it writes calls into its text; None where its server tells them apart.
    timeout_s : float or None

    Raises
    ------
    ChatError
        The model cannot do what is asked of it, or a picture cannot be decoded.
    """
    _refuse_unsupported(request, backend)
    ask = Ask(
        messages=_messages(request.turns, backend),
        tools=request.tools if backend.abilities.tools else (),  # others may be told of, as long as none is called
        tool_choice=request.tool_choice,
        parallel_tool_calls=request.parallel_tool_calls,
        sampling=request.sampling,
        timeout_s=timeout_s,
        constraint=request.constraint,
        token_probabilities=request.token_probabilities,
        alternatives=request.alternatives,
    )
    if markup is None:
        _validate(ask, backend)
    else:
        ask = _with_grammar(ask, request, markup, backend)
    asks = _choices(ask, request, backend)
    revision = (backend.revision or "")[:_REVISION_CHARACTERS]
    return PreparedChat(
        request=request,
        asks=asks,
        seconds=tuple(_second(ask, request) for ask in asks) if _may_follow(ask, request, markup) else (),
        markup=markup,
        fingerprint="-".join(filter(None, ("vlmkit", _version(), revision))),
    )


@cache
def _version() -> str:
    return importlib.metadata.version("vlmkit")  # reads files


def _refuse_unsupported(request: ChatRequest, backend: Backend) -> None:
    abilities = backend.abilities
    has_calls = any(turn.tool_calls for turn in request.turns)
    wants_calls = bool(request.tools) and request.tool_choice != "none"
    needs = (
        ("logprobs", request.token_probabilities, abilities.token_probabilities, "tells no probabilities"),
        ("response_format", request.constraint is not None, abilities.json_schema, "cannot keep to a schema"),
        ("tools", wants_calls, abilities.tools, "takes none"),
        ("messages", has_calls, abilities.tools, "takes no tools, and one of them has tool calls"),
    )
    for field_name, is_wanted, is_able, why in needs:
        if is_wanted and not is_able:
            raise unsupported(field_name, f"{request.model} {why}. Leave it out, or name another model.")


def _messages(turns: tuple[Turn, ...], backend: Backend) -> tuple[Message, ...]:
    abilities = backend.abilities
    return tuple(turn.message(abilities.longest_side_px, lossless=abilities.lossless) for turn in turns)


def _validate(ask: Ask, backend: Backend) -> None:
    if not isinstance(backend, BaseBackend):
        return  # it raises, or its future fails, when it is asked
    try:
        backend.validate(ask)
    except BadSchema as error:
        is_schema = ask.constraint is not None and ask.constraint.kind == "json_schema"
        raise chat_error(error, param="response_format" if is_schema else "tools") from error
    except VlmkitError as error:
        raise chat_error(error) from error


def _choices(ask: Ask, request: ChatRequest, backend: Backend) -> tuple[Ask, ...]:
    """An ask for each choice, which differ in their seeds; without one by the client, they are other ones each time."""
    sampling = ask.sampling
    if not request.has_seed:
        draws = sampling.temperature > 0 and backend.abilities.seed
        sampling = replace(sampling, seed=random.randrange(_MOST_SEED - request.choices) if draws else 0)
        if not backend.abilities.seed:
            return (replace(ask, sampling=sampling),) * request.choices
    seeds = (_wrapped(sampling.seed + number) for number in range(request.choices))
    return tuple(replace(ask, sampling=replace(sampling, seed=seed)) for seed in seeds)


def _may_follow(ask: Ask, request: ChatRequest, markup: CallMarkup | None) -> bool:
    """Whether an answer without a call may need another question."""
    if request.tool_choice not in _FREE:
        return markup is None or ask.constraint is None
    # A model in this process keeps to one constraint at a time: first it may call, then it answers by the schema.
    return markup is not None and _offers(ask) and request.constraint is not None


def _second(ask: Ask, request: ChatRequest) -> Ask:
    if request.tool_choice in _FREE:
        return replace(ask, tool_choice="none", constraint=request.constraint, keep_special_tokens=False)
    which = "one of the tools" if request.tool_choice == "required" else f"the tool {request.tool_choice}"
    reminder = Message.user(f"Answer with a call of {which}, and with nothing else.")
    return replace(ask, messages=(*ask.messages, reminder))


def _offers(ask: Ask) -> bool:
    return bool(ask.tools) and ask.tool_choice != "none"


def _with_grammar(ask: Ask, request: ChatRequest, markup: CallMarkup, backend: Backend) -> Ask:
    """An ask of a model in this process, whose calls a grammar keeps to their form, where it can."""
    names = {name for name, _ in markup.special_tokens}
    has_marks = markup.style == "harmony" or any(opener.strip() in names for opener, _ in REASONING_MARKS)
    keeps = _offers(ask) or has_marks
    ask = replace(ask, keep_special_tokens=keeps)
    if not _offers(ask):
        _validate(ask, backend)
        return ask
    if request.constraint is not None:  # a schema that is none is refused, whether it comes to it or not
        _validate(replace(ask, tool_choice="none"), backend)
    grammar = constraint_for(
        markup, ask.tools, ask.tool_choice, parallel=ask.parallel_tool_calls, strict=bool(request.strict_tools)
    )
    kept = replace(ask, constraint=grammar if backend.abilities.json_schema else None)
    if kept.constraint is not None and _is_enforceable(kept, request, backend):
        return kept
    free = replace(ask, constraint=None, tool_choice="auto")
    _validate(free, backend)
    return free


def _is_enforceable(ask: Ask, request: ChatRequest, backend: Backend) -> bool:
    """Whether a model can keep to a grammar; where it cannot, and the client insists, that is an error."""
    try:
        _validate(ask, backend)
    except ChatError as error:
        if error.code != "invalid_schema" or request.strict_tools:
            raise
        return False
    return True


def _wrapped(seed: int) -> int:
    return (seed + _SEEDS // 2) % _SEEDS - _SEEDS // 2
