"""An open model that answers chat requests as OpenAI's API does, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Mapping
from contextlib import aclosing, suppress
from queue import SimpleQueue
from typing import Any

from vlmkit.backends import Backend
from vlmkit.chat.chunks import ChunkWriter, chat_chunks
from vlmkit.chat.completions import chat_response
from vlmkit.chat.events import ChatEvent, ChoiceFailed, ChoiceFinished
from vlmkit.chat.job import ChatJob, OnEvent
from vlmkit.chat.limits import ChatLimits
from vlmkit.chat.pictures import Fetch
from vlmkit.chat.preparing import PreparedChat, prepare_chat
from vlmkit.chat.requests import ChatRequest, read_request
from vlmkit.chat.responses import ResponsesWriter, responses_object
from vlmkit.chat.responses_requests import ResponsesRequest, read_responses_request
from vlmkit.chat.tools import markup_of
from vlmkit.errors import ChatError

__all__ = ["ChatAdapter"]


class ChatAdapter:
    """Answers requests in the OpenAI chat dialect by an open model, without HTTP.

    Parameters
    ----------
    backend : Backend
        As ``vlmkit.load`` opens it; it stays open.
    model : str or None, default None
        The name it answers to; None answers to every name. Answers carry the name that was asked for.
    limits : ChatLimits or None, default None
        None is a `ChatLimits` with its defaults.
    fetch : callable or None, default None
        Gets the bytes of pictures with an ``http:`` or ``https:`` address; None takes ``data:`` URLs alone.
    call_style : str or None, default None
        How a model in this process writes calls of tools, one of `vlmkit.chat.tools.TOOL_STYLES`; None is as its chat
        template shows them. A server behind a model reads its calls itself.

    Raises
    ------
    BadSetting
        An unknown style of calls.

    Examples
    --------
    >>> import vlmkit as vk
    >>> from vlmkit.chat import ChatAdapter
    >>> with vk.load("fake:echo") as model:
    ...     answer = ChatAdapter(model).complete({"model": "echo", "messages": [{"role": "user", "content": "Hello!"}]})
    >>> answer["choices"][0]["message"]["content"], answer["choices"][0]["finish_reason"]
    ('Hello!', 'stop')
    """

    def __init__(
        self,
        backend: Backend,
        *,
        model: str | None = None,
        limits: ChatLimits | None = None,
        fetch: Fetch | None = None,
        call_style: str | None = None,
    ) -> None:
        self.backend = backend
        self.model = model
        self.limits = limits or ChatLimits()
        self._fetch = fetch
        self._markup = markup_of(backend, call_style)

    def prepare(self, request: Mapping[str, Any] | ChatRequest) -> PreparedChat:
        """Check a request, and make it ready; the model is not asked. It may be called in any thread.

        Parameters
        ----------
        request : mapping or ChatRequest
            The body of a request, or what `read_request` made of it.

        Raises
        ------
        ChatError
            It cannot be served: says which field, and why.
        """
        if not isinstance(request, ChatRequest):
            request = read_request(request, limits=self.limits, fetch=self._fetch)
        if self.model is not None and request.model != self.model:
            said = f"model: {request.model!r} is not served here. Give {self.model!r}."
            raise ChatError(said, status=404, param="model", code="model_not_found")
        return prepare_chat(request, self.backend, self._markup, timeout_s=self.limits.timeout_s)

    def start(self, prepared: PreparedChat, on_event: OnEvent) -> ChatJob:
        """Ask the model; returns at once.

        Parameters
        ----------
        prepared : PreparedChat
        on_event : callable (ChatEvent) -> None
            Gets each event, in any thread, and must not block. The last one of each choice is `ChoiceFinished` or
            `ChoiceFailed`.

        Returns
        -------
        A job, whose ``cancel`` ends the answer before its next token.
        """
        job = ChatJob(prepared, self.backend, on_event)
        job.start()
        return job

    def complete(self, request: Mapping[str, Any] | ChatRequest) -> dict[str, Any]:
        """Answer a request, and wait for the whole answer.

        Parameters
        ----------
        request : mapping or ChatRequest

        Returns
        -------
        A ``chat.completion`` object, as a plain dictionary.

        Raises
        ------
        ChatError
            The request cannot be served, or the model failed.
        """
        prepared = self.prepare(request)
        return chat_response(prepared, self._events(prepared))

    def stream(self, request: Mapping[str, Any] | ChatRequest) -> Generator[dict[str, Any], None, None]:
        """Answer a request in chunks; closing the iterator cancels.

        Parameters
        ----------
        request : mapping or ChatRequest

        Returns
        -------
        An iterator of ``chat.completion.chunk`` objects, as plain dictionaries.

        Raises
        ------
        ChatError
            Here where the request cannot be served; out of the iterator where the model failed.
        """
        prepared = self.prepare(request)
        return chat_chunks(prepared, self._events(prepared))

    async def acomplete(self, request: Mapping[str, Any] | ChatRequest) -> dict[str, Any]:
        """As `complete`, without holding up the event loop; cancelling the task cancels the answer.

        Parameters
        ----------
        request : mapping or ChatRequest

        Raises
        ------
        ChatError
            The request cannot be served, or the model failed.
        """
        prepared = await asyncio.to_thread(self.prepare, request)
        return chat_response(prepared, [event async for event in self._aevents(prepared)])

    async def astream(self, request: Mapping[str, Any] | ChatRequest) -> AsyncGenerator[dict[str, Any], None]:
        """As `stream`, without holding up the event loop.

        Parameters
        ----------
        request : mapping or ChatRequest

        Raises
        ------
        ChatError
            The request cannot be served, or the model failed.
        """
        prepared = await asyncio.to_thread(self.prepare, request)
        writer = ChunkWriter(prepared.request, prepared.fingerprint)
        for chunk in writer.begin():
            yield chunk
        async with aclosing(self._aevents(prepared)) as events:  # closed with this one, and not some time later
            async for event in events:
                if isinstance(event, ChoiceFailed):
                    raise event.error
                for chunk in writer.write(event):
                    yield chunk
        for chunk in writer.end():
            yield chunk

    def respond(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a request of OpenAI's Responses API, and wait for the whole answer.

        Parameters
        ----------
        request : mapping

        Returns
        -------
        A ``response`` object, as a plain dictionary.

        Raises
        ------
        ChatError
            The request cannot be served, or the model failed.
        """
        read = read_responses_request(request, limits=self.limits, fetch=self._fetch)
        prepared = self._prepared(read)
        return responses_object(read, self._events(prepared))

    def stream_response(self, request: Mapping[str, Any]) -> Generator[dict[str, Any], None, None]:
        """Answer a request of OpenAI's Responses API in events; closing the iterator cancels.

        Parameters
        ----------
        request : mapping

        Returns
        -------
        An iterator of ``response.…`` events, as plain dictionaries; where the model fails, the last one says so.

        Raises
        ------
        ChatError
            The request cannot be served.
        """
        read = read_responses_request(request, limits=self.limits, fetch=self._fetch)
        prepared = self._prepared(read)
        return self._written(ResponsesWriter(read), prepared)

    def _prepared(self, read: ResponsesRequest) -> PreparedChat:
        try:
            return self.prepare(read.chat)
        except ChatError as error:
            raise read.renamed(error) from error.__cause__

    def _written(self, writer: ResponsesWriter, prepared: PreparedChat) -> Generator[dict[str, Any], None, None]:
        yield from writer.begin()
        for event in self._events(prepared):
            yield from writer.write(event)

    def _events(self, prepared: PreparedChat) -> Iterator[ChatEvent]:
        line: SimpleQueue[ChatEvent] = SimpleQueue()
        job = self.start(prepared, line.put)
        try:
            left = len(prepared.asks)
            while left:
                event = line.get()
                left -= isinstance(event, ChoiceFinished | ChoiceFailed)
                yield event
        finally:
            job.cancel()

    async def _aevents(self, prepared: PreparedChat) -> AsyncGenerator[ChatEvent, None]:
        line: asyncio.Queue[ChatEvent] = asyncio.Queue()
        job = self.start(prepared, _into(line))
        try:
            left = len(prepared.asks)
            while left:
                event = await line.get()
                left -= isinstance(event, ChoiceFinished | ChoiceFailed)
                yield event
        finally:
            job.cancel()


def _into(line: asyncio.Queue[ChatEvent]) -> Callable[[ChatEvent], None]:
    loop = asyncio.get_running_loop()

    def put(event: ChatEvent) -> None:
        with suppress(RuntimeError):  # the loop is closed, and nobody waits any more
            loop.call_soon_threadsafe(line.put_nowait, event)

    return put
