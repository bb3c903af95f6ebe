"""One answer on its way to its client: its turn, its events, whole or piece by piece.

However it ends, and be it that the client leaves, its place in the queue is given back and what is being written for it
is cancelled.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from vlmkit.chat import (
    CallArguments,
    ChatAdapter,
    ChatError,
    ChatEvent,
    ChatRequest,
    ChoiceFailed,
    ChoiceFinished,
    PreparedChat,
    ReasoningDelta,
    TextDelta,
)
from vlmkit.server.switchboard import Switchboard

__all__ = ["ChatAnswer", "joined"]

_STATUS_S = 1.0
_BEAT_S = 5.0  # clients and proxies give up a connection that says nothing, the most impatient after 20 s
_SETTLE_S = 0.25


class ChatAnswer:
    """The answer to one request, from its place in the queue on.

    Parameters
    ----------
    board : Switchboard
    request : ChatRequest
        Its model is one of the list.

    Raises
    ------
    ChatError
        Its queue is full.
    """

    def __init__(self, board: Switchboard, request: ChatRequest) -> None:
        self.request = request
        self._board = board
        self._start_s = time.monotonic()
        self._line: asyncio.Queue[ChatEvent] = asyncio.Queue()
        self._ends: list[ChoiceFinished] = []
        self._is_first = True
        self._seat = board.enter(request)
        self._beginning = asyncio.create_task(self._begin())
        self._read: list[ChatEvent] = []

    async def whole(self) -> tuple[PreparedChat, list[ChatEvent]]:
        """All events, once the answer is complete.

        Raises
        ------
        ChatError
            There is no answer.
        """
        prepared = await self._beginning
        events: list[ChatEvent] = []
        while len(self._ends) < self.request.choices:
            events += map(self._taken, await self._next(None))
        return prepared, events

    async def settle(self) -> None:
        """Wait a moment for the first piece: what is wrong with a request can then be said by the status.

        Raises
        ------
        ChatError
            There is no answer.
        """
        await asyncio.wait({self._beginning}, timeout=_SETTLE_S)
        if self._beginning.done():
            self._beginning.result()
            self._read = await self._next(_SETTLE_S)
            if self._read and isinstance(self._read[0], ChoiceFailed):
                self._taken(self._read[0])

    async def statuses(self) -> AsyncIterator[dict[str, Any]]:
        """How it stands, about once a second, until its turn comes; flat values, as clients put them together."""
        while not self._beginning.done():
            status = self._board.queues.status(self._seat.ticket)
            told: dict[str, Any] = {"status": str(status.phase), "position": status.position}
            told["model"] = self.request.model
            if status.eta_s is not None:
                told["eta_ms"] = round(status.eta_s * 1000)
            yield told
            await asyncio.wait({self._beginning}, timeout=_STATUS_S)

    async def prepared(self) -> PreparedChat:
        """What was asked, once it was.

        Raises
        ------
        ChatError
            It cannot be.
        """
        return await self._beginning

    async def pieces(self) -> AsyncIterator[list[ChatEvent]]:
        """Events as they come, those that wait together in one list, joined; none where nothing came for a while.

        Raises
        ------
        ChatError
            There will be no more.
        """
        while len(self._ends) < self.request.choices:
            found, self._read = self._read or await self._next(_BEAT_S), []
            events = joined(found)
            well = list(itertools.takewhile(lambda event: not isinstance(event, ChoiceFailed), events))
            if well or not found:
                yield list(map(self._taken, well))
            for failed in events[len(well) :]:
                self._taken(failed)

    def close(self) -> None:
        """Give everything back; twice is fine."""
        is_whole = len(self._ends) == self.request.choices
        if is_whole and not self._seat.ticket.has_ended:
            self._note_answer()
        self._beginning.cancel()
        self._beginning.add_done_callback(lambda task: task.cancelled() or task.exception())
        self._board.leave(self._seat, is_answer=is_whole)

    async def _begin(self) -> PreparedChat:
        adapter: ChatAdapter = await self._seat.turn
        try:
            prepared = await self._board.in_pool(adapter.prepare, self.request)
        except ChatError as error:
            raise self._board.told(self._seat, error) from error.__cause__
        if self._seat.ticket.refusal is not None:
            raise self._board.told(self._seat, ChatError("The answer was cancelled.", status=503, kind="server_error"))
        self._seat.attach(adapter.start(prepared, self._listener()))
        return prepared

    def _listener(self) -> Callable[[ChatEvent], None]:
        """What gets events in any thread. Of a whole answer, only those wake the loop by which a choice ends."""
        held: deque[ChatEvent] = deque()
        calls = self._board.calls

        def listen(event: ChatEvent) -> None:
            held.append(event)
            if self.request.is_streamed or isinstance(event, ChoiceFinished | ChoiceFailed):
                calls.put(self._hand_on, held)
            else:
                self._board.metrics.note_piece(self.request.model)

        return listen

    def _hand_on(self, held: deque[ChatEvent]) -> None:
        while held:
            self._line.put_nowait(held.popleft())

    async def _next(self, limit_s: float | None) -> list[ChatEvent]:
        """All events that wait, or the first one that comes; none where the time is over."""
        events: list[ChatEvent] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                events.append(await self._line.get())
        while not self._line.empty():
            events.append(self._line.get_nowait())
        if events:
            self._board.metrics.note_piece(self.request.model, self._first_after_s())
        return events

    def _taken(self, event: ChatEvent) -> ChatEvent:
        if isinstance(event, ChoiceFailed):
            raise self._board.told(self._seat, event.error)
        if isinstance(event, ChoiceFinished):
            self._ends.append(event)
        return event

    def _first_after_s(self) -> float | None:
        was_first, self._is_first = self._is_first, False
        return time.monotonic() - self._start_s if was_first else None

    def _note_answer(self) -> None:
        took_s = time.monotonic() - self._start_s
        self._board.metrics.note_answer(self.request.model, took_s, self._ends)


def joined(events: Iterable[ChatEvent]) -> list[ChatEvent]:
    """Events with neighboring pieces of one text, or of one call's arguments, put together.

    Parameters
    ----------
    events : iterable of ChatEvent

    Examples
    --------
    >>> joined([TextDelta("a "), TextDelta("red"), TextDelta(" one", 1)])
    [TextDelta(text='a red', choice=0), TextDelta(text=' one', choice=1)]
    """
    made: list[ChatEvent] = []
    for event in events:
        last = made[-1] if made else None
        if isinstance(event, TextDelta | ReasoningDelta) and type(last) is type(event) and last.choice == event.choice:
            made[-1] = replace(last, text=last.text + event.text)
        elif (
            isinstance(event, CallArguments)
            and isinstance(last, CallArguments)
            and (last.index, last.choice) == (event.index, event.choice)
        ):
            made[-1] = replace(last, fragment=last.fragment + event.fragment)
        else:
            made.append(event)
    return made
