"""One request to a server, and its answer: whole or piece by piece, with its constraint where the server keeps one."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from types import TracebackType
from typing import Any

from vlmkit.backends import AskJob, Delta, OnDelta, ToolCallDelta
from vlmkit.errors import BackendError, ModelNotFound, Refused, ServerFault, TimedOut
from vlmkit.providers.dialect import AnswerPiece, Dialect, RequestForm, is_overfull, no_text, parse_json
from vlmkit.providers.faults import fault_in_body, fault_of_answer, is_missing_model
from vlmkit.providers.gathering import Calls, Events, Gathered, check_length, is_cut_off, most_answer_bytes, most_lines
from vlmkit.providers.load_balancer import LoadBalancer
from vlmkit.providers.rate_limiter import RateLimiter
from vlmkit.providers.secret import Screen
from vlmkit.providers.transport import HttpAnswer, Read, RequestDeadline, Transport
from vlmkit.records import Ask, Usage

__all__ = ["Asking", "HttpJob"]

_log = logging.getLogger(__name__)


class HttpJob(AskJob):
    """An ask in flight over HTTP.

    Parameters
    ----------
    ask : Ask
    on_delta : callable or None

    Attributes
    ----------
    task : asyncio.Task or None
        What works on it, in the thread of the event loop.
    gathered : Gathered
        What has come of a streamed answer, from `begin_stream` on.
    """

    def __init__(self, ask: Ask, on_delta: OnDelta | None) -> None:
        super().__init__(ask, on_delta)
        self.task: asyncio.Task[None] | None = None

    def begin_stream(self, transport: Transport) -> None:
        """Expect an answer in pieces, and hide the transport's key where the server repeats it.

        Parameters
        ----------
        transport : Transport
        """
        self.gathered = Gathered()
        self._calls = Calls()
        self._transport, self._text = transport, transport.screen()
        self._arguments: dict[int, Screen[str]] = {}

    def add(self, piece: AnswerPiece) -> None:
        """The next piece of an answer that is streamed.

        Parameters
        ----------
        piece : AnswerPiece
        """
        calls = tuple(self._screened(self._calls.add(call)) for call in piece.tool_calls)
        self._take(replace(piece, text=self._text.feed(piece.text), tool_calls=calls))

    def add_rest(self) -> None:
        """What was held back, as it might have been the beginning of a key."""
        calls = tuple(
            ToolCallDelta(index=index, arguments=rest)
            for index, screen in self._arguments.items()
            if (rest := screen.rest())
        )
        self._take(AnswerPiece(text=self._text.rest(), tool_calls=calls, is_last=self.gathered.is_last))

    def _screened(self, call: ToolCallDelta) -> ToolCallDelta:
        screen = self._arguments.get(call.index)
        if screen is None:
            screen = self._arguments[call.index] = self._transport.screen()
        return replace(call, arguments=screen.feed(call.arguments))

    def _take(self, piece: AnswerPiece) -> None:
        self.gathered.add(piece)
        check_length(self.gathered.characters, self.ask)
        calls = piece.tool_calls if self.ask.tools else ()
        tokens = piece.tokens if self.ask.token_probabilities else None
        self.deliver(Delta(text=piece.text, tool_calls=calls, tokens=tokens or ()))


class Asking:
    """Asks a model, in the thread of an event loop.

    Parameters
    ----------
    model : str
        Full name, for messages.
    dialect : Dialect
    form : RequestForm
    balancer : LoadBalancer
    limiter : RateLimiter
    """

    def __init__(
        self, model: str, *, dialect: Dialect, form: RequestForm, balancer: LoadBalancer, limiter: RateLimiter
    ) -> None:
        self.model = model
        self._dialect = dialect
        self._form = form
        self._balancer = balancer
        self._limiter = limiter
        self._worked = False
        self._keeps_constraints: bool | None = None  # not known before the first ask that has one
        self._probing = asyncio.Lock()

    async def answer(self, job: HttpJob) -> AnswerPiece:
        """The answer to a job.

        Parameters
        ----------
        job : HttpJob

        Raises
        ------
        RunError
            There is none. A `TimedOut` has what came until then as a AnswerPiece in its attribute ``partial``.
        ModelNotFound
            The server has no such model, and never had.
        """
        streams = job.is_streamed or job.ask.keep_partial
        piece = await (self._streamed(job) if streams else self._answered(job))
        self._worked = True
        return piece

    async def _answered(self, job: HttpJob) -> AnswerPiece:
        """Answer of an ask; without its constraint where the server cannot keep one, as the prompt says it, too."""
        ask = job.ask
        if ask.constraint is not None and self._keeps_constraints is None:
            async with self._probing:  # one finds out; what fails in one answer may spoil those beside it
                if self._keeps_constraints is None:
                    return await self._probed(job)
        return await self._asked(job, ask if self._keeps_constraints else _without_constraint(ask))

    async def _probed(self, job: HttpJob) -> AnswerPiece:
        try:
            piece = await self._asked(job, job.ask)
        except (ServerFault, Refused) as fault:
            piece = await self._asked(job, _without_constraint(job.ask))
            self._keeps_constraints = False
            _log.info("%s enforces no schema: answers are read as they come. (%s)", self.model, fault)
        else:
            self._keeps_constraints = True
        return piece

    async def _asked(self, job: HttpJob, ask: Ask) -> AnswerPiece:
        with await self._limiter.enter() as place, self._balancer.turn() as transport:
            job.future.begin()
            deadline = RequestDeadline(
                job.ask.timeout_s
            )  # which counts from now on: no wait is the server's work on this ask
            # Encoded only now: base64 of every ask in line would be the memory of the whole run.
            path, body = self._dialect.request(ask, self._form, False)
            answer = await transport.fetch("POST", path, body, deadline, most_bytes=most_answer_bytes(ask))
            del body
            with self._located(transport):
                piece = _redacted(self._dialect.read(self._content(answer, transport)), transport)
                piece = _expected(piece, ask)
                check_length(len(piece.text) + sum(len(call.arguments) for call in piece.tool_calls), ask)
            place.tokens = _tokens(piece.usage)
        return piece

    async def _streamed(self, job: HttpJob) -> AnswerPiece:
        try:
            with await self._limiter.enter() as place, self._balancer.turn() as transport:
                job.future.begin()
                job.begin_stream(transport)
                await self._read_stream(job, transport)
                job.add_rest()
                with self._located(transport):
                    piece = _expected(_redacted(job.gathered.checked(), transport), job.ask)
                place.tokens = _tokens(piece.usage)
        except TimedOut as fault:
            cut = replace(_redacted(job.gathered.whole(), transport), finish_reason="timeout")
            fault.partial = cut if cut.text else None
            raise
        return piece

    async def _read_stream(self, job: HttpJob, transport: Transport) -> None:
        # Half an answer is all there is by the time that a schema is refused.
        ask = job.ask if self._keeps_constraints else _without_constraint(job.ask)
        path, body = self._dialect.request(ask, self._form, True)
        deadline = RequestDeadline(job.ask.timeout_s)
        async with transport.open("POST", path, body, deadline, most_bytes=most_answer_bytes(ask)) as (head, read):
            chunk = await read()
            if not 200 <= head.status < 300 or "event-stream" not in head.headers.get("content-type", ""):
                # A fault, or a server that does not stream and answers all at once.
                answer = HttpAnswer(status=head.status, headers=head.headers, body=await _rest(chunk, read))
                with self._located(transport):
                    job.add(self._dialect.read(self._content(answer, transport)))
                return
            events = Events(most_lines(ask))
            while not job.gathered.is_last:
                job.future.hear()
                with self._located(transport):
                    for data in events.feed(chunk):
                        job.add(self._event(data, is_last=not chunk))
                if not chunk or job.ended:  # whoever listened broke, and nobody waits for the rest
                    return
                chunk = await read()
            await _rest(chunk, read)  # the end of the body, which keeps the connection

    def _event(self, data: str, *, is_last: bool) -> AnswerPiece:
        try:
            return self._dialect.read_event(data)
        except (ValueError, RecursionError) as error:
            if is_last and is_cut_off(data, error):
                raise _cut_off("the answer was cut off within an event") from error
            raise ServerFault(f"an event of the answer is not JSON: {data[:100]!r}.") from error

    def _content(self, answer: HttpAnswer, transport: Transport) -> Any:
        where = f"{self.model} at {transport.address}"
        is_good = 200 <= answer.status < 300
        fault = fault_in_body(answer, where) if is_good else fault_of_answer(answer, where)
        if fault is not None:
            if is_missing_model(answer) and not self._worked:
                raise ModelNotFound(transport.redact(str(fault)))
            fault.reword(transport.redact(str(fault)))
            raise fault
        try:
            return parse_json(answer.body)
        except (ValueError, RecursionError) as error:
            if not answer.body or is_cut_off(answer.body.decode("utf-8", errors="replace"), error):
                raise _cut_off(f"the answer was cut off after {len(answer.body):,} bytes") from error
            if is_overfull(error):
                raise ServerFault(f"the answer has {error}. See the server's log.") from error
            kind = answer.headers.get("content-type", "nothing")[:60]
            begin = " ".join(answer.body[:80].decode("utf-8", errors="replace").split())
            raise ServerFault(f"the answer is {kind}, not JSON: {begin!r}. Check the address.") from error

    def _located(self, transport: Transport) -> _Located:
        return _Located(self.model, transport)


class _Located:
    """Says in a fault of the answer's content who gave it."""

    __slots__ = ("_model", "_transport")

    def __init__(self, model: str, transport: Transport) -> None:
        self._model, self._transport = model, transport

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        address = self._transport.address
        if isinstance(error, BackendError) and address not in str(error):
            error.reword(self._transport.redact(f"{self._model} at {address}: {error}"))


def _without_constraint(ask: Ask) -> Ask:
    return ask if ask.constraint is None else replace(ask, constraint=None)


async def _rest(chunk: bytes, read: Read) -> bytes:
    chunks = [chunk]
    while chunk:
        chunk = await read()
        chunks.append(chunk)
    return b"".join(chunks)


def _redacted(piece: AnswerPiece, transport: Transport) -> AnswerPiece:
    """Also where the server wrote the key in other letters of JSON, or in several events."""
    if not transport.has_secret:
        return piece
    text = transport.redact(piece.text)
    reason = transport.redact(piece.finish_reason or "") or None
    calls = tuple(
        ToolCallDelta(
            index=call.index,
            id=transport.redact(call.id),
            name=transport.redact(call.name),
            arguments=transport.redact(call.arguments),
            signature=call.signature,
        )
        for call in piece.tool_calls
    )
    unchanged = text == piece.text and reason == piece.finish_reason and calls == piece.tool_calls
    return piece if unchanged else replace(piece, text=text, finish_reason=reason, tool_calls=calls)


def _expected(piece: AnswerPiece, ask: Ask) -> AnswerPiece:
    """The answer without calls of tools that nobody offered."""
    if ask.tools or not piece.tool_calls:
        return piece
    piece = replace(piece, tool_calls=())
    if not piece.text.strip():
        raise no_text(piece)
    return piece


def _cut_off(words: str) -> ServerFault:
    return ServerFault(f"{words}. Try again; see the server's log.", is_transient=True)


def _tokens(usage: Usage) -> int | None:
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        return None
    return (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
