"""An answer on its way: one ask for each choice, whose pieces become events."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

from vlmkit.backends import Backend, Delta, PendingReply
from vlmkit.chat.events import ChatEvent, ChoiceFailed, ChoiceFinished, TokenLogprobs
from vlmkit.chat.faults import chat_error
from vlmkit.chat.preparing import PreparedChat
from vlmkit.chat.reading import reader_for
from vlmkit.errors import Cancelled, ServerFault, VlmkitError
from vlmkit.finish_reasons import Ending, ending_of
from vlmkit.records import Ask, Reply, Token, Usage

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
        self._choices = [_Writing(number, prepared, backend, on_event) for number in range(len(prepared.asks))]

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


@dataclass
class _Spent:
    """Tokens of all asks of a choice, as far as they are told."""

    prompt: int = 0
    completion: int = 0
    pieces: int = 0

    def add(self, usage: Usage) -> None:
        self.prompt = max(self.prompt, usage.prompt_tokens or 0)
        self.completion += self.pieces if usage.completion_tokens is None else usage.completion_tokens
        self.pieces = 0

    @property
    def usage(self) -> Usage:
        return Usage(prompt_tokens=self.prompt, completion_tokens=self.completion + self.pieces)


class _Writing:
    """One choice: its ask, and a second one where the first answer made no call though it was to make one."""

    def __init__(self, number: int, prepared: PreparedChat, backend: Backend, on_event: OnEvent) -> None:
        self.is_over = False
        self._number = number
        self._markup = prepared.markup
        self._tool_choice = prepared.request.tool_choice
        self._backend = backend
        self._on_event = on_event
        self._second = prepared.seconds[number] if prepared.seconds else None
        self._held: list[ChatEvent] = []
        self._spent = _Spent()
        self._lock = threading.Lock()
        self._future: Future[Reply] | None = None
        self._is_cancelled = self._is_cut = False
        self._begin(prepared.asks[number])

    def _begin(self, ask: Ask) -> None:
        self._ask = ask
        self._reader = reader_for(ask, self._markup, self._number)
        self._tokens = 0  # that were told

    def start(self) -> None:
        try:
            future = self._backend.submit(self._ask, self._take)
        except VlmkitError as error:
            self._fail(error)
            return
        with self._lock:
            self._future = future
            is_unwanted = self._is_cancelled or self._is_cut
        if is_unwanted:
            future.cancel()
        future.add_done_callback(self._end)

    def cancel(self) -> None:
        with self._lock:
            self._is_cancelled = True
            future = self._future
        if future is not None:
            future.cancel()

    def _take(self, delta: Delta) -> None:
        self._spent.pieces += 1
        if not self._reader.is_complete:
            self._tell([*self._likelihoods(delta.tokens), *self._reader.take(delta)])
        elif not self._is_cut:  # most models end by themselves here, and then say what it cost
            self._cut()

    def _likelihoods(self, tokens: tuple[Token, ...]) -> list[ChatEvent]:
        """Tokens, which go before the text that they are."""
        self._tokens += len(tokens)
        return [TokenLogprobs(tokens, self._number)] if tokens else []

    def _cut(self) -> None:
        """End the ask, as the one call that was allowed is complete."""
        with self._lock:
            self._is_cut = True
            future = self._future
        if future is not None:
            future.cancel()

    def _tell(self, events: list[ChatEvent]) -> None:
        """Hand events on; as long as a second ask may follow, text waits until there is a call."""
        if self._second is not None and not self._reader.calls:
            self._held += events
            return
        held, self._held = self._held, []
        for event in (*held, *events):
            self._on_event(event)

    def _end(self, future: Future[Reply]) -> None:
        reply: Reply | None = None
        try:
            reply = future.result()
        except CancelledError:
            error: BaseException | None = Cancelled("The request was cancelled before its answer was complete.")
        except Exception as fault:  # noqa: BLE001  whatever a backend's future carries, the client gets an answer
            error = fault
        else:
            error = None
        if error is not None and not (self._is_cut and isinstance(error, Cancelled) and not self._is_cancelled):
            self._fail(error)
        elif reply is not None and (second := self._wanted_second(reply)) is not None:
            self._second = None
            self._held.clear()
            self._spent.add(reply.usage)
            self._begin(second)
            self.start()
        else:
            self._finish(reply)

    def _wanted_second(self, reply: Reply) -> Ask | None:
        """The second ask, where the first answer is whole and makes no call."""
        if self._second is None:
            return None
        self._held += self._reader.finish()
        if self._reader.calls or self._is_cancelled or self._reason(reply) != "stop":
            return None
        return self._second

    def _finish(self, reply: Reply | None) -> None:
        reason = self._reason(reply)
        if reply is not None and reason is None:
            said = f"the model's server ended the answer by {reply.finish_reason!r}. Try again; see its log."
            self._fail(ServerFault(said, is_transient=True))
            return
        self._second = None
        rest = () if reply is None or reply.tokens is None else reply.tokens[self._tokens :]
        self._tell([*self._likelihoods(rest), *self._reader.finish()])
        if reply is None:
            self._spent.prompt = max(self._spent.prompt, self._prompt_tokens())
        else:
            self._spent.add(reply.usage)
        reason = self._reason(reply)  # the end may have shown a call
        self.is_over = True
        self._on_event(ChoiceFinished(reason or "stop", self._spent.usage, reply, self._number))

    def _prompt_tokens(self) -> int:
        """Of an answer that was cut, where the model had said it by then."""
        future = self._future
        return (future.prompt_tokens or 0) if isinstance(future, PendingReply) else 0

    def _reason(self, reply: Reply | None) -> str | None:
        """The dialect's word for why the answer ended; None where something broke it."""
        said = "stop" if reply is None else reply.finish_reason
        ending = Ending.WHOLE if said in _CALLS else ending_of(said)
        if ending is Ending.WHOLE:
            is_named = self._tool_choice not in {"auto", "none", "required"}
            return "tool_calls" if self._reader.calls and not is_named else "stop"
        return {Ending.CUT: "length", Ending.DECLINED: "content_filter"}.get(ending)

    def _fail(self, error: BaseException) -> None:
        self.is_over = True
        self._on_event(ChoiceFailed(chat_error(error), self._number))
