"""A model on a server, as a backend: a thread for each ask in flight, started when needed."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Self

from vlmkit.backends.protocol import Abilities, Delta
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
from vlmkit.providers.balance import Balance
from vlmkit.providers.dialect import Dialect, Form, Piece, no_text, refuse_unsupported
from vlmkit.providers.faults import fault_of_answer, is_missing_model
from vlmkit.providers.limits import Limiter
from vlmkit.providers.transport import Answer, Call, Transport
from vlmkit.providers.wire import events
from vlmkit.records import Ask, Reply, Usage

__all__ = ["Provider"]

_MOST_THREADS = 256


class Provider:
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
    ) -> None:
        self.model = model
        self.revision = revision
        self.abilities = abilities
        self._dialect = dialect
        self._form = form
        self._balance = balance
        self._limiter = limiter
        self._line: SimpleQueue[_Job | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._threads = 0
        self._jobs: set[_Job] = set()
        self._closed = False
        self._worked = False
        self._process = os.getpid()

    def __repr__(self) -> str:
        return f"Provider({self.model!r}, revision={self.revision!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def submit(self, ask: Ask) -> Future[Reply]:
        """Take an ask; return at once. Cancelling the future ends the request on the wire.

        Raises
        ------
        BadSetting
            The host has no such option.
        ModelLoadFailed
            The process was forked after the model was opened.
        """
        self._check(ask)
        job = _Job(ask)
        with self._lock:
            closed = self._closed
            if not closed:
                self._jobs.add(job)
                self._line.put(job)
                if self._threads < min(len(self._jobs), _MOST_THREADS):
                    self._threads += 1
                    threading.Thread(target=self._work, name="vlmkit-ask", daemon=True).start()
        job.future.add_done_callback(lambda future: self._forget(job, future))
        if closed:
            job.end(self._is_closed())
        return job.future

    def stream(self, ask: Ask) -> Iterator[Delta]:
        """Answer piece by piece as the server writes; closing the iterator ends the request.

        Raises
        ------
        RunError
            The ask failed. A `TimedOut` has what came until then as a Reply in its attribute ``partial``.
        SetupError
            As `submit`; or the server has no such model.
        """
        self._check(ask)
        job = _Job(ask)
        with self._lock:
            if self._closed:
                raise self._is_closed()
            self._jobs.add(job)
        try:
            yield from self._streamed(job)
        finally:
            with self._lock:
                self._jobs.discard(job)

    def close(self) -> None:
        """End asks in flight with `Cancelled`, and let connections and threads go. Twice is fine."""
        with self._lock:
            self._closed = True
            jobs, threads = list(self._jobs), self._threads
            self._threads = 0
        for job in jobs:
            job.end(Cancelled(f"{self.model} was closed before it answered."))
            job.call.abort()
        for _ in range(threads):
            self._line.put(None)
        for site in self._balance.sites:
            site.transport.close()

    def _check(self, ask: Ask) -> None:
        if os.getpid() != self._process:  # threads and connections stayed with the parent
            message = f"{self.model} was opened before this process was forked. Open it again here, with vk.load."
            raise ModelLoadFailed(message)
        refuse_unsupported(ask, self._form)

    def _work(self) -> None:
        while (job := self._line.get()) is not None:
            if job.future.done():
                continue
            try:
                job.end(self._answered(job))
            except (RunError, SetupError) as fault:
                job.end(fault)
            except Exception as error:  # noqa: BLE001  a fault always travels in the future
                broken = ServerFault(f"{self.model}: {type(error).__name__} while asking: {error}. Report it.")
                broken.__cause__ = error
                job.end(broken)

    def _forget(self, job: _Job, future: Future[Reply]) -> None:
        with self._lock:
            self._jobs.discard(job)
        if future.cancelled():
            job.call.abort()
            # `concurrent.futures.wait` sees a cancelled future only after this call.
            future.set_running_or_notify_cancel()

    def _answered(self, job: _Job) -> Reply:
        if job.ask.keep_partial:
            *_, last = self._streamed(job)
            return last.reply or self._reply(job, Piece())
        self._check_pictures(job.ask)
        with self._limiter.turn(job.call) as spent, self._balance.turn() as transport:
            # Encoded only now: base64 of every ask in line would be the memory of the whole run.
            path, body = self._dialect.request(job.ask, self._form, False)
            answer = transport.post(path, body, job.call)
            del body
            with self._located(transport):
                piece = self._dialect.read(self._content(answer, transport))
            spent(_tokens(piece.usage))
        self._worked = True
        return self._reply(job, piece)

    def _streamed(self, job: _Job) -> Iterator[Delta]:
        self._check_pictures(job.ask)
        whole = Piece()
        try:
            with self._limiter.turn(job.call) as spent, self._balance.turn() as transport:
                path, body = self._dialect.request(job.ask, self._form, True)
                with transport.open("POST", path, body, job.call) as (head, chunks):
                    for piece in self._pieces(head, chunks, transport):
                        whole = _joined(whole, piece)
                        if piece.text:
                            yield Delta(text=piece.text)
                with self._located(transport):
                    _check_whole(whole)
                spent(_tokens(whole.usage))
        except TimedOut as fault:
            vars(fault)["partial"] = self._reply(job, whole) if whole.text else None
            raise
        self._worked = True
        yield Delta(reply=self._reply(job, whole))

    def _pieces(self, head: Answer, chunks: Iterator[bytes], transport: Transport) -> Iterator[Piece]:
        if not 200 <= head.status < 300 or "event-stream" not in head.headers.get("content-type", ""):
            # A fault, or a server that does not stream and answers all at once.
            answer = Answer(status=head.status, headers=head.headers, body=b"".join(chunks))
            with self._located(transport):
                yield self._dialect.read(self._content(answer, transport))
            return
        for data in events(chunks):
            with self._located(transport):
                try:
                    piece = self._dialect.read_event(data)
                except ValueError as error:
                    raise ServerFault(f"an event of the answer is no JSON: {data[:100]!r}.") from error
            yield piece
            if piece.is_last:
                # What may follow is the end of the body; reading it keeps the connection.
                for _ in chunks:
                    pass
                return

    def _content(self, answer: Answer, transport: Transport) -> Any:
        where = f"{self.model} at {transport.address}"
        if not 200 <= answer.status < 300:
            if is_missing_model(answer) and not self._worked:
                raise ModelNotFound(transport.blot(str(fault_of_answer(answer, where))))
            fault = fault_of_answer(answer, where)
            fault.args = (transport.blot(str(fault)),)
            raise fault
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as error:
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
            finish_reason=piece.finish_reason or "unknown",
            model=self.model,
            revision=self.revision,
            usage=piece.usage,
            seconds=time.monotonic() - job.start_s,
            tokens=piece.tokens if job.ask.token_probabilities else None,
        )

    def _check_pictures(self, ask: Ask) -> None:
        most = self.abilities.images_per_ask
        given = len(ask.all_pictures)
        if given > most:
            raise Refused(f"{self.model} takes {most} picture(s) per question and was given {given}. Ask about fewer.")

    def _is_closed(self) -> Cancelled:
        return Cancelled(f"{self.model} is closed. Open it again to ask more.")


@dataclass(eq=False)
class _Job:
    ask: Ask
    start_s: float = field(default_factory=time.monotonic)
    future: Future[Reply] = field(default_factory=Future)
    call: Call = field(init=False)

    def __post_init__(self) -> None:
        self.call = Call(self.ask.timeout_s)

    def end(self, result: Reply | RunError | SetupError) -> None:
        with suppress(InvalidStateError):  # cancelled or closed meanwhile: that end stands
            if isinstance(result, Reply):
                self.future.set_result(result)
            else:
                self.future.set_exception(result)


def _joined(whole: Piece, piece: Piece) -> Piece:
    tokens = whole.tokens
    if piece.tokens:
        tokens = (tokens or ()) + piece.tokens
    return Piece(
        text=whole.text + piece.text,
        finish_reason=piece.finish_reason or whole.finish_reason,
        usage=Usage(
            prompt_tokens=_newer(piece.usage.prompt_tokens, whole.usage.prompt_tokens),
            completion_tokens=_newer(piece.usage.completion_tokens, whole.usage.completion_tokens),
        ),
        tokens=tokens,
        is_last=piece.is_last,
    )


def _newer(new: int | None, old: int | None) -> int | None:
    return old if new is None else new


def _check_whole(whole: Piece) -> None:
    if whole.finish_reason is None and not whole.is_last:
        message = "the answer ended before the model was done. Try again; see the server's log."
        raise ServerFault(message, is_transient=True)
    if not whole.text:
        raise no_text(whole.finish_reason)


def _tokens(usage: Usage) -> int | None:
    if usage.prompt_tokens is None and usage.completion_tokens is None:
        return None
    return (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)
