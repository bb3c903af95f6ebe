"""What happens in a conversation, as it happens: a notebook, a line of text or nothing is the listener's business."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vlmkit.agent.steps import Step

if TYPE_CHECKING:
    from vlmkit.agent.conversation import Conversation

__all__ = [
    "AgentEvent",
    "CallFinished",
    "CallProgressed",
    "CallStarted",
    "ConversationEnded",
    "TextWritten",
    "TurnStarted",
    "announcing",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class TurnStarted:
    """The model is asked, for the `turn`-th time; `conversation` is the one that grows."""

    turn: int
    conversation: Conversation


@dataclass(frozen=True, kw_only=True, slots=True)
class TextWritten:
    """The next piece of what the model says; only models that write piece by piece tell it."""

    turn: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CallStarted:
    """A tool begins to work; `tool` is its name for people."""

    turn: int
    call_id: str
    tool: str
    arguments: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class CallProgressed:
    """A tool says how far it is: `done` of `total`, and a word on what was done last."""

    turn: int
    call_id: str
    tool: str
    done: int
    total: int
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFinished:
    """A call has its answer; those of one reply come in the order of its calls."""

    step: Step


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationEnded:
    """Last event: `conversation.stopped` says why."""

    conversation: Conversation


AgentEvent = TurnStarted | TextWritten | CallStarted | CallProgressed | CallFinished | ConversationEnded


def announcing(listener: Callable[[AgentEvent], object] | None) -> Callable[[AgentEvent], None]:
    """A listener whose errors are logged once, and end nothing.

    Parameters
    ----------
    listener : callable or None
        Gets each event, in the thread that runs the conversation.
    """
    has_failed = False

    def announce(event: AgentEvent) -> None:
        nonlocal has_failed
        if listener is None:
            return
        try:
            listener(event)
        except Exception:  # noqa: BLE001  what is shown of an answer must not cost the answer
            if not has_failed:
                _log.exception("A listener raised at %s; the conversation goes on.", type(event).__name__)
            has_failed = True

    return announce
