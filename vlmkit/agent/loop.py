"""The loop: the model is asked, its calls are answered, until it says something or a limit is reached."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from vlmkit.agent.approval import Approve
from vlmkit.agent.calling import Caller
from vlmkit.agent.conversation import Conversation, Stopped
from vlmkit.agent.events import AgentEvent, ConversationEnded, TurnStarted
from vlmkit.agent.limits import AgentLimits
from vlmkit.agent.messages import (
    EMPTY,
    SUM_UP,
    assistant_message,
    legal_messages,
    result_messages,
    text_in,
    used_ids,
    user_message,
)
from vlmkit.agent.steps import Step
from vlmkit.agent.toolbox import Toolbox
from vlmkit.errors import Cancelled, ServerFault, VlmkitError
from vlmkit.records import Usage

__all__ = ["ChatReply", "Chatting", "Loop", "as_reply"]

_STUCK_TURNS = 3  # in which nothing but calls that were made too often
_FREE = frozenset({"auto", "none", "required"})
_SUMMED_UP = frozenset({"max_turns", "max_tool_calls", "stuck"})


@dataclass(frozen=True, kw_only=True)
class ChatReply:
    """What a model answered.

    Attributes
    ----------
    message : mapping
        Of the role "assistant", with ``content`` and ``tool_calls``, as OpenAI's chat dialect has them.
    finish_reason : str, default "stop"
        ``"length"`` where it was cut off.
    usage : Usage
    """

    message: Mapping[str, Any]
    finish_reason: str = "stop"
    usage: Usage = field(default_factory=Usage)


class Chatting(Protocol):
    """All that the loop knows of a model."""

    def __call__(self, messages: list[dict[str, Any]], tools: list[dict[str, Any]], tool_choice: str, /) -> Any:
        """Continue a conversation.

        Parameters
        ----------
        messages, tools : list of dict
            As OpenAI's chat dialect has them.
        tool_choice : str
            "auto", "none", "required", or the name of the one tool that must be called.

        Returns
        -------
        ChatReply, an assistant's message, or a whole ``chat.completion``, as a mapping
        """
        ...


def as_reply(said: Any) -> ChatReply:
    """What a model answered, in one form.

    Parameters
    ----------
    said : ChatReply or mapping
        Also a ``chat.completion`` of OpenAI's dialect, or its message alone.

    Raises
    ------
    TypeError
        It is none of these.
    """
    if isinstance(said, ChatReply):
        return said
    if not isinstance(said, Mapping):
        message = f"The model gave a {type(said).__name__}. Give a message, as {{'role': 'assistant', 'content': '…'}}."
        raise TypeError(message)
    if not said.get("choices"):
        return ChatReply(message=said)
    choice, usage = said["choices"][0], said.get("usage") or {}
    counted = Usage(prompt_tokens=usage.get("prompt_tokens"), completion_tokens=usage.get("completion_tokens"))
    return ChatReply(message=choice["message"], finish_reason=choice.get("finish_reason") or "stop", usage=counted)


class Loop:
    """One run of a conversation.

    Parameters
    ----------
    chat : callable
    toolbox : Toolbox
    limits : AgentLimits
    approve : callable or None
    announce : callable
        Gets each event.
    is_stopped : callable
        Whether a person wants it to end.
    tool_choice : str
        Of the first reply; the others are free.
    sums_up : bool
        Whether at a limit the model is asked once more, without tools.
    longest_side_px : int
        Of pictures that tools give.
    """

    def __init__(
        self,
        chat: Chatting,
        toolbox: Toolbox,
        limits: AgentLimits,
        *,
        approve: Approve | None,
        announce: Callable[[AgentEvent], None],
        is_stopped: Callable[[], bool],
        tool_choice: str,
        sums_up: bool,
        longest_side_px: int,
    ) -> None:
        self._chat = chat
        self._toolbox = toolbox
        self._limits = limits
        self._announce = announce
        self._is_stopped = is_stopped
        self._tool_choice = tool_choice
        self._sums_up = sums_up
        self._started_s = time.monotonic()
        self._caller = Caller(
            toolbox,
            limits,
            approve=approve,
            announce=announce,
            is_stopped=is_stopped,
            left_s=self._left_s,
            longest_side_px=longest_side_px,
        )
        self._turns = self._tokens = self._stuck = self._empty = 0

    def _left_s(self) -> float:
        spent_s = time.monotonic() - self._started_s
        return float("inf") if self._limits.timeout_s is None else self._limits.timeout_s - spent_s

    def run(self, conversation: Conversation) -> Conversation:
        """Go on with a conversation until it ends.

        Parameters
        ----------
        conversation : Conversation
            It grows; its last message is not the model's.

        Returns
        -------
        The same.

        Raises
        ------
        VlmkitError
            The model failed before it had said anything; later the conversation says so itself.
        KeyboardInterrupt
            Ctrl-C came a second time, while calls were being given up.
        """
        self._used = used_ids(conversation.messages)
        conversation.stopped = conversation.error = None
        try:
            while conversation.stopped is None:
                conversation.stopped = self._limit_reached() or self._turn(conversation)
            if self._sums_up and conversation.stopped in _SUMMED_UP:
                self._sum_up(conversation)
        except (KeyboardInterrupt, Cancelled):
            if self._caller.is_interrupted:  # for the second time, so that whoever presses Ctrl-C wants out
                raise
            conversation.stopped = "interrupted"
            conversation.messages = legal_messages(conversation.messages)
        except VlmkitError as error:
            if not self._turns:
                raise
            conversation.stopped, conversation.error = "failed", f"{type(error).__name__}: {error}"
        self._announce(ConversationEnded(conversation=conversation))
        return conversation

    def _limit_reached(self) -> Stopped | None:
        limits = self._limits
        if self._is_stopped():
            return "interrupted"
        if self._turns >= limits.max_turns:
            return "max_turns"
        if self._left_s() <= 0:
            return "time"
        return "tokens" if limits.max_tokens_total is not None and self._tokens >= limits.max_tokens_total else None

    def _turn(self, conversation: Conversation) -> Stopped | None:
        """One reply of the model, and answers to its calls; why it was the last, where it was."""
        self._announce(TurnStarted(turn=conversation.turns + 1, conversation=conversation))
        reply = self._ask(conversation, self._choice())
        self._turns += 1
        conversation.turns += 1
        message = assistant_message(reply.message, self._used)
        is_cut = reply.finish_reason == "length"
        if text := text_in(message).strip():
            conversation.text = text
        if not message.get("tool_calls"):
            return self._said(conversation, message, text, is_cut=is_cut)
        self._empty = 0
        conversation.messages.append(message)
        steps = self._caller.answer(message["tool_calls"], conversation.turns, is_cut=is_cut)
        conversation.steps += steps
        conversation.messages += result_messages(steps)
        return self._after(steps)

    def _choice(self) -> str:
        if not self._toolbox.offered:
            return "none"
        return "auto" if self._turns else self._tool_choice

    def _ask(self, conversation: Conversation, tool_choice: str) -> ChatReply:
        try:
            said = self._chat(list(conversation.messages), self._toolbox.entries, tool_choice)
        except VlmkitError:
            raise
        except Exception as error:
            raise ServerFault(f"The model failed: {type(error).__name__}: {error}") from error
        reply = as_reply(said)
        used, before = reply.usage, conversation.usage
        conversation.usage = Usage(
            prompt_tokens=_sum(before.prompt_tokens, used.prompt_tokens),
            completion_tokens=_sum(before.completion_tokens, used.completion_tokens),
        )
        self._tokens += (used.prompt_tokens or 0) + (used.completion_tokens or 0)
        return reply

    def _said(self, conversation: Conversation, message: dict[str, Any], text: str, *, is_cut: bool) -> Stopped | None:
        """What follows from a reply without calls."""
        if text:
            conversation.messages.append(message)
            return "tokens" if is_cut else "answered"
        self._empty += 1  # an empty message of a model is refused by some servers, so that it is not kept
        if self._empty > 1:
            return "empty"
        conversation.messages.append(user_message(EMPTY))
        return None

    def _after(self, steps: list[Step]) -> Stopped | None:
        """Why the calls of a reply were the last ones; None where they were not."""
        if self._caller.is_interrupted:
            return "interrupted"
        if self._caller.is_used_up:
            return "max_tool_calls"
        self._stuck = self._stuck + 1 if all(step.status == "repeated" for step in steps) else 0
        return "stuck" if self._stuck >= _STUCK_TURNS else None

    def _sum_up(self, conversation: Conversation) -> None:
        """One more reply, which does not count and has no calls."""
        conversation.messages.append(user_message(SUM_UP))
        try:
            reply = self._ask(conversation, "none")
        except VlmkitError as error:
            conversation.error = f"{type(error).__name__}: {error}"
            return
        if text := text_in(reply.message).strip():
            conversation.text = text
            conversation.messages.append({"role": "assistant", "content": text})


def _sum(before: int | None, more: int | None) -> int | None:
    return before if more is None else (before or 0) + more
