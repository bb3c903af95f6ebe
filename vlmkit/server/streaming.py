"""Answers as they go over the wire: whole as JSON, or as server-sent events.

Events of a chat completion are lines of ``data:`` and nothing else: comments, ``id:``, ``retry:`` and named events each
break some client library. What a request waits for is told by ordinary chunks with an empty text. Clients of the
Responses API expect names, and take comments, so a comment keeps their connection alive: their event
``response.queued`` is for answers in the background, which are asked for again by their id.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import StreamingResponse

from vlmkit.chat import (
    ChatError,
    ChoiceFailed,
    ChunkWriter,
    ResponsesRequest,
    ResponsesWriter,
    TextDelta,
)
from vlmkit.server.answers import ChatAnswer
from vlmkit.server.problems import client_left, error_body

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

__all__ = ["EventStream", "chat_events", "response_events", "unless_gone"]

Value = TypeVar("Value")

_COMMENT = b": waiting\n\n"
_NOTHING = TextDelta("")  # keeps a connection alive
_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}  # the latter for nginx


class EventStream(StreamingResponse):
    """A stream whose answer is given up when the client leaves, also before the first line.

    Parameters
    ----------
    answer : ChatAnswer
    lines : async iterator of bytes
    on_leave : callable
        Gets the error of a client that left before the end.
    """

    def __init__(self, answer: ChatAnswer, lines: AsyncIterator[bytes], on_leave: Callable[[ChatError], None]) -> None:
        super().__init__(lines, media_type="text/event-stream", headers=_HEADERS)
        self._answer = answer
        self._on_leave = on_leave
        self._is_sent = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it.

        Parameters
        ----------
        scope : mapping
        receive, send : callable
        """
        try:
            await super().__call__(scope, receive, send)
        finally:
            if not self._is_sent:
                self._on_leave(client_left())
            self._answer.close()

    async def stream_response(self, send: Send) -> None:
        """Send everything, as long as the client is there.

        Parameters
        ----------
        send : callable
        """
        await super().stream_response(send)
        self._is_sent = True


async def chat_events(answer: ChatAnswer, on_failure: Callable[[ChatError], None]) -> AsyncIterator[bytes]:
    """The lines of a chat completion that is streamed.

    Parameters
    ----------
    answer : ChatAnswer
    on_failure : callable
        Gets the error that the client is told.
    """
    try:
        async for chunks in _chunks(answer):
            if chunks:
                yield b"".join(map(_line, chunks))
    except ChatError as error:
        on_failure(error)
        yield _line(error_body(error))
    yield b"data: [DONE]\n\n"


async def _chunks(answer: ChatAnswer) -> AsyncIterator[list[dict[str, Any]]]:
    """Chunks that go over the wire together."""
    writer = ChunkWriter(answer.request)
    async for status in answer.statuses():
        yield _waiting(writer, status if answer.request.includes_status else None)
    writer.fingerprint = (await answer.prepared()).fingerprint
    async for events in answer.pieces():
        yield list(chain.from_iterable(map(writer.write, events or [_NOTHING])))
    yield writer.end()


async def response_events(
    answer: ChatAnswer, request: ResponsesRequest, on_failure: Callable[[ChatError], None]
) -> AsyncIterator[bytes]:
    """The lines of an answer of the Responses API that is streamed.

    Parameters
    ----------
    answer : ChatAnswer
    request : ResponsesRequest
    on_failure : callable
        Gets the error that the client is told.
    """
    writer = ResponsesWriter(request)
    yield _named(writer.begin())
    try:
        async for _ in answer.statuses():
            yield _COMMENT
        await answer.prepared()
        async for events in answer.pieces():
            if lines := b"".join(map(_named, map(writer.write, events))) if events else _COMMENT:
                yield lines
    except ChatError as error:
        on_failure(error)
        yield _named(writer.write(ChoiceFailed(error)))


def _named(events: list[dict[str, Any]]) -> bytes:
    return b"".join(b"event: " + event["type"].encode() + b"\n" + _line(event) for event in events)


def _waiting(writer: ChunkWriter, status: dict[str, Any] | None) -> list[dict[str, Any]]:
    if status is not None:
        return [writer.status(status)]
    return writer.begin() or writer.write(_NOTHING)


def _line(value: dict[str, Any]) -> bytes:
    """ASCII alone: some clients take Unicode's line ends for ends of a line, and half a character has no UTF-8."""
    return b"data: " + json.dumps(value, separators=(",", ":")).encode("ascii") + b"\n\n"


async def unless_gone(request: Request, work: Coroutine[Any, Any, Value]) -> Value:
    """Do something for a client as long as it is there; nobody else says that it left.

    Parameters
    ----------
    request : Request
        Its body was read.
    work : coroutine

    Returns
    -------
    What it gives.

    Raises
    ------
    ChatError
        The client left.
    """
    doing, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise client_left()
        return doing.result()
    finally:
        for task in (doing, leaving):
            task.cancel()
        await asyncio.gather(doing, leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
