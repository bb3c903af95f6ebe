"""A model in a child process, with the surface of one in this process; it outlives its child.

The child may abort, be killed or hang. That costs the asks in flight: they are tried once more, in a fresh child, one
by one; an ask that takes a second child with it is a fault of its row. Everything else goes on.
"""

from __future__ import annotations

import atexit
import itertools
import logging
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import astuple, replace
from functools import partial
from typing import Any

from vlmkit.backends import AskJob, BaseBackend, Counts, Insight, OnDelta
from vlmkit.engines.grammar import check_constraint_of, check_tool_choice
from vlmkit.engines.isolation import messages
from vlmkit.engines.isolation.asks import (
    Asks,
    Pending,
    believed_insight,
    believed_opening,
    believed_reply,
    row_fault,
    setup_fault,
)
from vlmkit.engines.isolation.messages import FromChild
from vlmkit.engines.isolation.process import ChildProcess
from vlmkit.engines.isolation.watch import Patience
from vlmkit.engines.locate import Specification
from vlmkit.engines.request import ReplyFuture
from vlmkit.errors import ModelLoadFailed, RunError, ServerFault, SetupError, TimedOut
from vlmkit.records import Ask, Reply

__all__ = ["IsolatedEngine"]

_log = logging.getLogger("vlmkit")

_MOST_OPENINGS = 2  # one after another that end with the child's death
_MOST_DEATHS = 5  # one after another without an answer in between
_MOST_REMARKS = 20
_MOST_STRANGE = 10_000
_MOST_PIXEL_BYTES = 2**29
_END_S = 5.0
_BEFORE_LOADING_S = 300.0


class IsolatedEngine(BaseBackend):
    """An open model in a child process; made by ``vlmkit.load(…, isolate_model=True)``.

    Parameters
    ----------
    specification : Specification
    patience : Patience or None, default None
        How long the child may show no sign of life; None is what `Patience` says, and for opening what the
        specification does and 5 minutes.

    Attributes
    ----------
    model : str
        Full name, as ``mlx:…``: that of the model in this process, as its answers are the same.
    revision : str
    abilities : Abilities
    info : ModelInfo

    Raises
    ------
    SetupError
        As for a model in this process; `ModelLoadFailed` also where the child dies again and again.
    """

    revision: str

    def __init__(self, specification: Specification, patience: Patience | None = None) -> None:
        super().__init__(f"mlx:{specification.name}", revision=specification.revision)
        self._specification = specification
        self._patience = patience or _patience(specification.load_timeout_s)
        self._numbers = itertools.count()
        self._lock = threading.RLock()
        self._asks = Asks()
        self._process: ChildProcess | None = None
        self._is_ready = False
        self._opened: Future[None] = Future()
        self._openings = self._deaths = self._strange = self._remarks = 0
        self._past, self._present = Counts(steps=0, prompt_seconds=0.0, decode_seconds=0.0), Counts()
        _everyone.add(self)
        try:
            with self._lock:
                self._begin()
            self._opened.result()
        except BaseException:
            self.close()
            raise

    @property
    def stats(self) -> Counts:
        """What has been done since the model was opened, by all of its children; as they last said it.

        Raises
        ------
        Cancelled
            The engine is closed.
        """
        with self._lock:
            if self._closed:
                raise self.closed()
            return _sum(self._past, self._present)

    @property
    def process_id(self) -> int | None:
        """Number of the child's process; None while there is none."""
        process = self._process
        return process.pid if process else None

    def check(self, ask: Ask) -> None:
        """See that a constraint or a choice of tools can be kept.

        Parameters
        ----------
        ask : Ask

        Raises
        ------
        BadSchema
            A constraint that cannot be kept.
        BadSetting
            A tool call is required, and nothing says in which form.
        """
        check_constraint_of(self.model, self.abilities, ask.constraint)
        check_tool_choice(self.model, ask)

    def make_job(self, ask: Ask, on_delta: OnDelta | None) -> AskJob:
        """A job whose future ends with `Cancelled` where it is cancelled, as that of a model in this process.

        Parameters
        ----------
        ask : Ask
        on_delta : callable or None
        """
        return AskJob(ask, on_delta, ReplyFuture(self.model))

    def start(self, job: AskJob) -> None:
        """Send a job to the child, at once or in its turn.

        Parameters
        ----------
        job : AskJob

        Raises
        ------
        ServerFault
            It cannot be written as JSON.
        """
        number, blocks = next(self._numbers), messages.blocks_of(job.ask)
        bare, sizes = messages.bare(job.ask), tuple(map(len, blocks))
        put = messages.Put(number=number, ask=bare, sizes=sizes, wants_pieces=job.is_streamed)
        try:
            pieces = messages.packed(put, blocks)
        except ValueError as error:
            raise ServerFault(f"{self.model}: the ask cannot be passed on: {error}. Change its text.") from error
        self._add(Pending(number, job.future, pieces, bare, job))

    def look_inside(self, ask: Ask) -> Insight:
        """What the model is given for an ask, which is not answered here.

        Raises
        ------
        RunError
            A picture cannot be read; or the engine is closed, or its child died of it twice.
        """
        blocks = messages.blocks_of(ask)
        sizes = tuple(map(len, blocks))
        insight: Insight = self._call(blocks, what="look_inside", ask=messages.bare(ask), sizes=sizes)
        return insight

    def tokenize(self, text: str) -> list[int]:
        """Token ids of a text, without the template's markers.

        Raises
        ------
        RunError
            The engine is closed, or its child died of it twice.
        """
        called: messages.Called = self._call(what="tokenize", text=text)
        return list(called.tokens)

    def detokenize(self, tokens: Sequence[int]) -> str:
        """Text of token ids, the template's markers left out.

        Raises
        ------
        RunError
            The engine is closed, or its child died of it twice.
        """
        called: messages.Called = self._call(what="detokenize", tokens=tuple(tokens))
        return called.text

    def stop(self) -> None:
        """End the child, and calls that are not asks."""
        with self._lock:
            process, self._process = self._process, None
            left = self._asks.clear()
        if process is not None:
            process.stop("was closed")
            process.wait(_END_S)
        for pending in left:
            pending.fail(self.closed())

    # What the child's own thread calls.

    def heard(self, process: ChildProcess, message: FromChild, block: bytearray) -> None:
        """Take what the child says; as `ChildListener`. Raises ValueError where it cannot be."""
        with self._lock:
            if process is not self._process:
                return
            done = self._obey(process, message, block)
            self._send_some()
        if done is not None:
            done()  # whoever waits may ask at once

    def ended(self, process: ChildProcess, why: str, said: str) -> None:
        """The child is gone; as `ChildListener`."""
        with self._lock:
            if process is not self._process:
                return
            self._process = None
            done = self._bury(why, said) if self._is_ready else self._not_opened(why, said)
            if len(self._asks) or (done is None and not self._is_ready):
                self._begin()
        if done is not None:
            done()

    def _begin(self) -> None:
        self._is_ready = False
        self._past, self._present = _sum(self._past, self._present), Counts()
        self._process = ChildProcess(self._specification, self, self._patience)
        self._process.start()

    def _add(self, pending: Pending) -> None:
        pending.future.add_done_callback(lambda _: self._drop(pending))
        with self._lock:
            if not self._closed:
                self._asks.add(pending)
                if self._process is None:
                    self._begin()
                self._send_some()
                return
        pending.fail(self.closed())

    def _drop(self, pending: Pending) -> None:
        """Nobody waits for it any more: it has its result, or was cancelled."""
        pending.let_go()
        with self._lock:
            if self._asks.drop(pending) and self._process is not None and not self._closed:
                self._process.put(messages.packed(messages.Drop(number=pending.number)))
                self._send_some()

    def _send_some(self) -> None:
        if self._process is not None and self._is_ready:
            for pending in self._asks.to_send(self.abilities.parallel_asks):
                self._process.put(pending.pieces)
            self._process.expect_block(_MOST_PIXEL_BYTES if self._asks.want_block else 0)

    def _obey(self, process: ChildProcess, message: FromChild, block: bytearray) -> Callable[[], None] | None:
        """Do what a message is for; what is left to do without the lock."""
        if isinstance(message, messages.Pulse):
            self._present = message.counts or self._present
        elif isinstance(message, messages.Remark):
            self._remark(message)
        elif isinstance(message, messages.Opened):
            return self._open(process, message)
        elif isinstance(message, messages.Failed):
            return self._fail_to_open(process, setup_fault(message))
        elif (pending := self._asks.get(message.number)) is None:
            self._be_patient()
        elif isinstance(message, messages.TextPiece):
            return lambda: pending.deliver(message.text)
        else:
            return self._conclude(process, pending, message, block)
        return None

    def _conclude(
        self,
        process: ChildProcess,
        pending: Pending,
        message: messages.Answered | messages.Faulted | messages.Called,
        block: bytearray,
    ) -> Callable[[], None]:
        ask, finish = pending.ask, partial(pending.finish, message)
        if isinstance(message, messages.Faulted):
            finish = partial(pending.fail, self._fault(process, pending, message))
        elif isinstance(message, messages.Answered):
            if ask is None:
                raise ValueError("an answer to what was not an ask")
            finish = partial(pending.finish, self._believed(pending, message.reply, ask))
        elif message.insight:
            finish = partial(pending.finish, believed_insight(message, block))
        if not isinstance(message, messages.Called):
            self._present = message.counts or self._present
        self._asks.end(pending.number)
        self._deaths = self._strange = 0
        return finish

    def _fault(self, process: ChildProcess, pending: Pending, message: messages.Faulted) -> RunError:
        ask = pending.ask
        written = self._believed(pending, message.partial, ask) if message.partial and ask else None
        fault = row_fault(message, written)
        if isinstance(fault, TimedOut) and ask and ask.timeout_s:
            process.late(ask.timeout_s)
        return fault

    def _believed(self, pending: Pending, said: Reply, ask: Ask) -> Reply:
        return believed_reply(said, ask, model=self.model, revision=self.revision, seconds=pending.seconds)

    def _be_patient(self) -> None:
        """Something was said of an ask that nobody waits for: it was cancelled a moment ago, but not so many were."""
        self._strange += 1
        if self._strange > _MOST_STRANGE:
            raise ValueError("too much about asks that are not there")

    def _remark(self, message: messages.Remark) -> None:
        self._remarks += 1
        if self._remarks <= _MOST_REMARKS:
            _log.log(min(max(message.level, logging.DEBUG), logging.ERROR), "%s", messages.clipped(message.text))

    def _open(self, process: ChildProcess, message: messages.Opened) -> Callable[[], None] | None:
        abilities, info = believed_opening(message, model=self.model, revision=self.revision)
        process.opened(is_on_cpu=info.device == "cpu")
        self._is_ready, self._openings = True, 0
        if self._opened.done():
            return None  # what was said first stands
        self.abilities, self.info = abilities, info
        return lambda: self._opened.set_result(None)

    def _fail_to_open(self, process: ChildProcess, error: SetupError) -> Callable[[], None]:
        self._process = None
        process.stop("could not open the model")
        return self._end_all(error)

    def _not_opened(self, why: str, said: str) -> Callable[[], None] | None:
        self._openings += 1
        if self._openings < _MOST_OPENINGS:
            return None
        self._openings = 0
        return self._end_all(
            ModelLoadFailed(
                f"{self.model} cannot be opened: {_MOST_OPENINGS} times in a row the process for it {why}. Get its "
                f"files again, or name a smaller model.{said}"
            )
        )

    def _end_all(self, error: SetupError) -> Callable[[], None]:
        """There is no child, and no hope of one: whoever waits is told, and the next one who asks tries anew."""
        left, opened = self._asks.clear(), self._opened
        if not opened.done():
            return lambda: opened.set_exception(error)

        def tell() -> None:
            for pending in left:
                fault = ServerFault(f"Its process had died, and a fresh one failed. {error}", is_fatal=True)
                fault.__cause__ = error
                pending.fail(fault)

        return tell

    def _bury(self, why: str, said: str) -> Callable[[], None] | None:
        """The child died while it had a model; those who took a second child with it are told."""
        self._deaths += self._asks.are_sent
        given_up = self._asks.lose(try_again=self._deaths < _MOST_DEATHS)
        _log.warning("The process of %s %s. A fresh one goes on where it was.", self.model, why)

        def tell() -> None:
            for pending in given_up:
                pending.fail(self._died(pending, why, said))

        return tell

    def _died(self, pending: Pending, why: str, said: str) -> RunError:
        if pending.tries > 1:
            how = "asked twice, as a process died that worked on this and others; the next, with this alone,"
        else:
            how = f"its process died {_MOST_DEATHS} times in a row without an answer in between; the last one"
        advice = "Try a smaller picture, or open the model with fewer slots."
        return ServerFault(f"{self.model}: {how} {why}. {advice}{said}")

    def _call(self, blocks: Sequence[bytes] = (), **call: Any) -> Any:
        self.check_process()
        number = next(self._numbers)
        try:
            pieces = messages.packed(messages.MethodCall(number=number, **call), blocks)
        except ValueError as error:
            raise ServerFault(f"{self.model}: this cannot be passed on: {error}. Change the text.") from error
        future: Future[Any] = Future()
        pending = Pending(number, future, pieces, wants_block=call["what"] == "look_inside")
        self._add(pending)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise


def _patience(load_timeout_s: float | None) -> Patience:
    """The child has a limit for loading; this is for what comes before it: imports, and a look at the files."""
    return Patience(opening_s=None if load_timeout_s is None else load_timeout_s + _BEFORE_LOADING_S)


def _sum(first: Counts, second: Counts) -> Counts:
    pairs = zip(Counts.__dataclass_fields__, astuple(first), astuple(second), strict=True)
    return replace(first, **{name: (one or 0) + (other or 0) for name, one, other in pairs})


_everyone: weakref.WeakSet[IsolatedEngine] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    for engine in tuple(_everyone):
        with suppress(Exception):  # the others have to end, too
            engine.close()
