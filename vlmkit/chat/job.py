"""An answer on its way: one ask for each choice, whose pieces become events."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future

from vlmkit.backends import Backend, Delta, ToolCallDelta
from vlmkit.chat.events import (
    CallArguments,
    CallEnd,
    CallStart,
    ChatEvent,
    ChoiceFailed,
    ChoiceFinished,
    TextDelta,
    TokenLogprobs,
)
from vlmkit.chat.faults import chat_error
from vlmkit.chat.preparing import PreparedChat
from vlmkit.errors import Cancelled, ServerFault, VlmkitError
from vlmkit.finish_reasons import Ending, ending_of
from vlmkit.records import Ask, Reply

__all__ = ["ChatJob", "OnEvent"]

OnEvent = Callable[[ChatEvent], None]
"""Gets each event, in any thread; those of one choice come one after another. It must not block."""

_CALLS = frozenset({"tool_calls", "function_call"})


class ChatJob:
    """Choices in flight; made by `ChatAdapter.start`.

    Parameters
    ----------
    prepared : PreparedChat
    backend : Backend
    on_event : callable
    """

    def __init__(self, prepared: PreparedChat, backend: Backend, on_event: OnEvent) -> None:
        self.prepared = prepared
        self._choices = [_Writing(number, ask, backend, on_event) for number, ask in enumerate(prepared.asks)]

    def start(self) -> None:
        """Ask the model; called once."""
        for choice in self._choices:
            choice.start()

    @property
    def done(self) -> bool:
        """Whether every choice has its last event."""
        return all(choice.is_over for choice in self._choices)

    def cancel(self) -> None:
        """End every choice before its next token; their last event is `ChoiceFailed`."""
        for choice in self._choices:
            choice.cancel()


class _Writing:
    """One choice."""

    def __init__(self, number: int, ask: Ask, backend: Backend, on_event: OnEvent) -> None:
        self.is_over = False
        self._number = number
        self._ask = ask
        self._backend = backend
        self._on_event = on_event
        self._future: Future[Reply] | None = None
        self._is_cancelled = False
        self._lock = threading.Lock()
        self._calls: set[int] = set()

    def start(self) -> None:
        try:
            future = self._backend.submit(self._ask, self._take)
        except VlmkitError as error:
            self._fail(error)
            return
        with self._lock:
            self._future = future
            is_cancelled = self._is_cancelled
        if is_cancelled:
            future.cancel()
        future.add_done_callback(self._end)

    def cancel(self) -> None:
        with self._lock:
            self._is_cancelled = True
            future = self._future
        if future is not None:
            future.cancel()

    def _take(self, delta: Delta) -> None:
        if delta.text:
            self._on_event(TextDelta(delta.text, self._number))
        for call in delta.tool_calls:
            self._take_call(call)

    def _take_call(self, call: ToolCallDelta) -> None:
        if call.index not in self._calls:
            self._calls.add(call.index)
            self._on_event(CallStart(call.index, call.id, call.name, self._number))
        if call.arguments:
            self._on_event(CallArguments(call.index, call.arguments, self._number))

    def _end(self, future: Future[Reply]) -> None:
        try:
            reply = future.result()
        except CancelledError:
            self._fail(Cancelled("The request was cancelled before its answer was complete."))
        except Exception as error:  # noqa: BLE001  whatever a backend's future carries, the client gets an answer
            self._fail(error)
        else:
            self._finish(reply)

    def _finish(self, reply: Reply) -> None:
        reason = self._reason(reply)
        if reason is None:
            said = f"the model's server ended the answer by {reply.finish_reason!r}. Try again; see its log."
            self._fail(ServerFault(said, is_transient=True))
            return
        for index in sorted(self._calls):
            self._on_event(CallEnd(index, None, self._number))
        if reply.tokens is not None:
            self._on_event(TokenLogprobs(reply.tokens, self._number))
        self.is_over = True
        self._on_event(ChoiceFinished(reason, reply.usage, reply, self._number))

    def _reason(self, reply: Reply) -> str | None:
        """The dialect's word for why the answer ended; None where something broke it."""
        said = reply.finish_reason
        ending = Ending.WHOLE if said in _CALLS else ending_of(said)
        if ending is Ending.WHOLE:
            is_named = self._ask.tool_choice not in {"auto", "none", "required"}
            return "tool_calls" if self._calls and not is_named else "stop"
        return {Ending.CUT: "length", Ending.DECLINED: "content_filter"}.get(ending)

    def _fail(self, error: BaseException) -> None:
        self.is_over = True
        self._on_event(ChoiceFailed(chat_error(error), self._number))
