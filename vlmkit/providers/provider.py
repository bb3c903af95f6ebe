"""A model on a server, as a backend: all its asks are in flight from the thread of one event loop."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from vlmkit.backends.checks import blank_prompt, check_sampling
from vlmkit.backends.facts import Counts, ModelInfo, counted
from vlmkit.backends.protocol import Abilities, PendingReply
from vlmkit.backends.surface import Surface
from vlmkit.errors import (
    BackendError,
    Cancelled,
    ModelLoadFailed,
    ModelNotFound,
    Refused,
    RunError,
    ServerFault,
    SetupError,
    TimedOut,
)
from vlmkit.finish_reasons import UNKNOWN
from vlmkit.providers.balance import Balance
from vlmkit.providers.dialect import Dialect, Form, Piece, is_overfull, parse, refuse_unsupported
from vlmkit.providers.event_loop import EventLoop
from vlmkit.providers.faults import fault_in_body, fault_of_answer, is_missing_model
from vlmkit.providers.gathering import Gathered, check_length, most_bytes, most_lines
from vlmkit.providers.limits import Limiter
from vlmkit.providers.secret import Screen
from vlmkit.providers.transport import Answer, Call, Read, Transport
from vlmkit.providers.wire import Events, is_cut_off
from vlmkit.records import Ask, Reply, Usage

__all__ = ["Provider"]

_log = logging.getLogger(__name__)

_MOST_AT_ONCE = 256


class Provider(Surface):
    """A model that a server answers for; made by ``vlmkit.load``.

    Parameters
    ----------
    model : str
        Full name, as ``engine:name``.
    revision : str or None
    abilities : Abilities
    dialect : Dialect
    form : Form
    balance : Balance
    limiter : Limiter
    permission : callable
        Raises BadSetting where pictures must not be sent to the server any more; asked before each is.
    info : ModelInfo
        What the server told when it was opened.
    """

    def __init__(
        self,
        model: str,
        *,
        revision: str | None,
        abilities: Abilities,
        dialect: Dialect,
        form: Form,
        balance: Balance,
        limiter: Limiter,
        permission: Callable[[], None],
        info: ModelInfo,
    ) -> None:
        self.model = model
        self.revision = revision
        self.abilities = abilities
        self._dialect = dialect
        self._form = form
        self._balance = balance
        self.info = info
        self._counts = Counts()
        self._limiter = limiter
        self._permission = permission
        self._lock = threading.Lock()
        self._loop: EventLoop | None = None
        self._line: deque[_Job] = deque()
        self._is_called = False
        self._jobs: set[_Job] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False
        self._worked = False
        self._keeps_constraints: bool | None = None  # not known before the first ask that has one
        self._probing = asyncio.Lock()
        self._process = os.getpid()

    @property
    def stats(self) -> Counts:
        """What has been done since the model was opened, as far as a server says it."""
        return self._counts

    def send(self, ask: Ask, take: Callable[[str], None] | None = None) -> Future[Reply]:
        """Take an ask; return at once. Cancelling the future ends the request on the wire.

        Parameters
        ----------
        ask : Ask
        take : callable or None, default None
            Gets each piece of the answer as the server writes it, in the thread of the event loop.

        Raises
        ------
        BadSetting
            The host has no such option, or pictures must not leave this machine (any more).
        ModelLoadFailed
            The process was forked after the model was opened.
        """
        self._check(ask)
        job = _Job(ask, take=take)
        if fault := blank_prompt(ask):
            job.end(fault)
        elif not self._hand_over(job):
            job.end(self._is_closed())
        job.future.add_done_callback(lambda future: self._forget(job, future))
        return job.future

    def close(self) -> None:
        """End asks in flight with `Cancelled`, and let connections go. Twice is fine."""
        with self._lock:
            self._closed = True
            jobs, loop, self._loop = list(self._jobs), self._loop, None
        for job in jobs:
            job.end(Cancelled(f"{self.model} was closed before it answered."))
        if loop is not None:
            loop.call(self._cancel_all)
        for site in self._balance.sites:
            site.transport.close()
        if loop is not None:
            loop.leave()

    def _hand_over(self, job: _Job) -> bool:
        """Put an ask in line for the thread of the loop; False where the backend is closed."""
        with self._lock:
            if self._closed:
                return False
            self._jobs.add(job)
            self._line.append(job)
            if self._loop is None:
                self._loop = EventLoop.enter()
            if not self._is_called:  # one call begins all that are in line by then
                self._is_called = True
                self._loop.call(self._begin)
        return True

    def _check(self, ask: Ask) -> None:
        if os.getpid() != self._process:  # threads and connections stayed with the parent
            message = f"{self.model} was opened before this process was forked. Open it again here, with vk.load."
            raise ModelLoadFailed(message)
        self._permission()
        check_sampling(ask.sampling)
        refuse_unsupported(ask, self._form)

    def _forget(self, job: _Job, future: Future[Reply]) -> None:
        """In whichever thread the ask ends."""
        with self._lock:
            self._jobs.discard(job)
            self._counts = counted(self._counts, future)
            if future.cancelled() and self._loop is not None:
                self._loop.call(job.cancel)
        if future.cancelled():
            # `concurrent.futures.wait` sees a cancelled future only after this call.
            future.set_running_or_notify_cancel()

    # In the thread of the loop

    def _begin(self, _ended: object = None) -> None:
        self._is_called = False
        while self._line and len(self._tasks) < _MOST_AT_ONCE:
            job = self._line.popleft()
            if not job.future.done():
                job.task = asyncio.get_running_loop().create_task(self._work(job))
                self._tasks.add(job.task)
                job.task.add_done_callback(self._end)

    def _end(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._line:
            self._begin()

    def _cancel_all(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _work(self, job: _Job) -> None:
        try:
            self._check_pictures(job.ask)
            streams = job.take is not None or job.ask.keep_partial
            piece = await (self._streamed(job) if streams else self._answered(job))
            self._worked = True
            job.end(self._reply(job, piece))
        except (RunError, SetupError) as fault:
            job.end(fault)
        except Exception as error:  # noqa: BLE001  a fault always travels in the future
            broken = ServerFault(f"{self.model}: {type(error).__name__} while asking: {error}. Report it.")
            broken.__cause__ = error
            job.end(broken)

    async def _answered(self, job: _Job) -> Piece:
        """Answer of an ask; without its constraint where the server cannot keep one, as the prompt says it, too."""
        ask = job.ask
        if ask.constraint is not None and self._keeps_constraints is None:
            async with self._probing:  # one finds out; what fails in one answer may spoil those beside it
                if self._keeps_constraints is None:
                    return await self._probed(job)
        return await self._asked(job, ask if self._keeps_constraints else _without_constraint(ask))

    async def _probed(self, job: _Job) -> Piece:
        try:
            piece = await self._asked(job, job.ask)
        except (ServerFault, Refused) as fault:
            piece = await self._asked(job, _without_constraint(job.ask))
            self._keeps_constraints = False
            _log.info("%s enforces no schema: answers are read as they come. (%s)", self.model, fault)
        else:
            self._keeps_constraints = True
        return piece

    async def _asked(self, job: _Job, ask: Ask) -> Piece:
        with await self._limiter.enter() as place, self._balance.turn() as transport:
            job.future.begin()
            call = Call(job.ask.timeout_s)  # which counts from now on: no wait is the server's work on this ask
            # Encoded only now: base64 of every ask in line would be the memory of the whole run.
            path, body = self._dialect.request(ask, self._form, False)
            answer = await transport.fetch("POST", path, body, call, most_bytes=most_bytes(ask))
            del body
            with self._located(transport):
                piece = _blotted(self._dialect.read(self._content(answer, transport)), transport)
                check_length(len(piece.text), ask)
            place.tokens = _tokens(piece.usage)
        return piece

    async def _streamed(self, job: _Job) -> Piece:
        try:
            with await self._limiter.enter() as place, self._balance.turn() as transport:
                job.future.begin()
                job.screen = transport.screen()
                await self._read_stream(job, transport)
                job.add(Piece(is_last=job.gathered.is_last), job.screen.rest())
                with self._located(transport):
                    piece = _blotted(job.gathered.checked(), transport)
                place.tokens = _tokens(piece.usage)
        except TimedOut as fault:
            cut = replace(_blotted(job.gathered.whole(), transport), finish_reason="timeout")
            vars(fault)["partial"] = self._reply(job, cut) if cut.text else None
            raise
        return piece

    async def _read_stream(self, job: _Job, transport: Transport) -> None:
        # Half an answer is all there is by the time that a schema is refused.
        ask = job.ask if self._keeps_constraints else _without_constraint(job.ask)
        path, body = self._dialect.request(ask, self._form, True)
        call = Call(job.ask.timeout_s)
        async with transport.open("POST", path, body, call, most_bytes=most_bytes(ask)) as (head, read):
            chunk = await read()
            if not 200 <= head.status < 300 or "event-stream" not in head.headers.get("content-type", ""):
                # A fault, or a server that does not stream and answers all at once.
                answer = Answer(status=head.status, headers=head.headers, body=await _rest(chunk, read))
                with self._located(transport):
                    job.add(self._dialect.read(self._content(answer, transport)))
                return
            events = Events(most_lines(ask))
            while not job.gathered.is_last:
                job.future.hear()
                with self._located(transport):
                    for data in events.feed(chunk):
                        job.add(self._event(data, is_last=not chunk))
                if not chunk:
                    return
                chunk = await read()
            await _rest(chunk, read)  # the end of the body, which keeps the connection

    def _event(self, data: str, *, is_last: bool) -> Piece:
        try:
            return self._dialect.read_event(data)
        except (ValueError, RecursionError) as error:
            if is_last and is_cut_off(data, error):
                raise _cut_off("the answer was cut off within an event") from error
            raise ServerFault(f"an event of the answer is no JSON: {data[:100]!r}.") from error

    def _content(self, answer: Answer, transport: Transport) -> Any:
        where = f"{self.model} at {transport.address}"
        is_good = 200 <= answer.status < 300
        fault = fault_in_body(answer, where) if is_good else fault_of_answer(answer, where)
        if fault is not None:
            if is_missing_model(answer) and not self._worked:
                raise ModelNotFound(transport.blot(str(fault)))
            fault.args = (transport.blot(str(fault)),)
            raise fault
        try:
            return parse(answer.body)
        except (ValueError, RecursionError) as error:
            if not answer.body or is_cut_off(answer.body.decode("utf-8", errors="replace"), error):
                raise _cut_off(f"the answer was cut off after {len(answer.body):,} bytes") from error
            if is_overfull(error):
                raise ServerFault(f"the answer has {error}. See the server's log.") from error
            kind = answer.headers.get("content-type", "nothing")[:60]
            begin = " ".join(answer.body[:80].decode("utf-8", errors="replace").split())
            raise ServerFault(f"the answer is {kind}, not JSON: {begin!r}. Check the address.") from error

    @contextmanager
    def _located(self, transport: Transport) -> Iterator[None]:
        """Say in a fault of the answer's content who gave it."""
        try:
            yield
        except BackendError as fault:
            text = str(fault)
            if transport.address not in text:
                fault.args = (transport.blot(f"{self.model} at {transport.address}: {text}"),)
            raise

    def _reply(self, job: _Job, piece: Piece) -> Reply:
        return Reply(
            text=piece.text,
            finish_reason=piece.finish_reason or UNKNOWN,
            model=self.model,
            revision=self.revision,
            usage=piece.usage,
            seconds=time.monotonic() - job.start_s,
            tokens=piece.tokens if job.ask.token_probabilities else None,
            response_id=piece.response_id,
        )

    def _check_pictures(self, ask: Ask) -> None:
        most = self.abilities.images_per_ask
        given = len(ask.all_pictures)
        if given > most:
            raise Refused(f"{self.model} takes {most} picture(s) per question and was given {given}. Ask about fewer.")

    def _is_closed(self) -> Cancelled:
        return Cancelled(f"{self.model} is closed. Open it again to ask more.")


@dataclass(eq=False, slots=True)
class _Job:
    ask: Ask
    take: Callable[[str], None] | None = None
    start_s: float = field(default_factory=time.monotonic)
    future: PendingReply = field(default_factory=PendingReply)
    task: asyncio.Task[None] | None = None
    gathered: Gathered = field(default_factory=Gathered)
    screen: Screen[str] = field(default_factory=lambda: Screen("", ""))

    def add(self, piece: Piece, text: str | None = None) -> None:
        """The next piece of an answer that is streamed; its text without the key, where the server repeats that."""
        text = self.screen.feed(piece.text) if text is None else text
        self.gathered.add(piece if text == piece.text else replace(piece, text=text))
        check_length(self.gathered.characters, self.ask)
        if text and self.take is not None:
            self.take(text)

    def end(self, result: Reply | RunError | SetupError) -> None:
        with suppress(InvalidStateError):  # cancelled or closed meanwhile: that end stands
            if isinstance(result, Reply):
                self.future.set_result(result)
            else:
                self.future.set_exception(result)

    def cancel(self) -> None:
        """In the thread of the loop."""
        if self.task is not None:
            self.task.cancel()


def _without_constraint(ask: Ask) -> Ask:
    return ask if ask.constraint is None else replace(ask, constraint=None)


async def _rest(chunk: bytes, read: Read) -> bytes:
    chunks = [chunk]
    while chunk:
        chunk = await read()
        chunks.append(chunk)
    return b"".join(chunks)


def _blotted(piece: Piece, transport: Transport) -> Piece:
    """Also where the server wrote the key in other letters of JSON, or in several events."""
    text = transport.blot(piece.text)
    reason = transport.blot(piece.finish_reason or "") or None
    unchanged = text == piece.text and reason == piece.finish_reason
    return piece if unchanged else replace(piece, text=text, finish_reason=reason)


def _cut_off(words: str) -> ServerFault:
    return ServerFault(f"{words}. Try again; see the server's log.", is_transient=True)


def _tokens(usage: Usage) -> int | None:
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        return None
    return (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
