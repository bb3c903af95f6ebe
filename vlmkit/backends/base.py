"""What every backend needs around its answers: jobs in flight, their ends, closing, and processes that were forked.

The backends of this package stand on it, and so does one of your own:

    class Shouting(BaseBackend):
        def start(self, job):
            job.end(self.reply(job, job.ask.prompt.upper()))

    Shouting("shouting:loud").generate(None, "hello").text  # "HELLO"
"""

from __future__ import annotations

import os
import threading
import time
from abc import abstractmethod
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

from vlmkit.backends.checks import blank_prompt, check_messages, check_sampling, check_tools, too_many_pictures
from vlmkit.backends.facts import Counts, ModelInfo, counted, reply_in
from vlmkit.backends.protocol import Abilities, Delta, OnDelta, PendingReply, ToolCallDelta
from vlmkit.backends.surface import Surface
from vlmkit.errors import Cancelled, ModelLoadFailed, RunError, ServerFault, SetupError
from vlmkit.plugins import blaming
from vlmkit.records import Ask, Reply

__all__ = ["AskJob", "BaseBackend"]


class AskJob:
    """One ask in flight.

    Parameters
    ----------
    ask : Ask
    on_delta : callable or None, default None
        Gets each piece of the answer.
    future : PendingReply or None, default None
        What the caller waits for; None makes one.

    Attributes
    ----------
    ask : Ask
    future : PendingReply
    start_s : float
        Moment of the submission, by `time.monotonic`.
    """

    def __init__(self, ask: Ask, on_delta: OnDelta | None = None, future: PendingReply | None = None) -> None:
        self.ask = ask
        self.future = PendingReply() if future is None else future
        self.start_s = time.monotonic()
        self._on_delta = on_delta
        self._has_delivered = False

    @property
    def is_streamed(self) -> bool:
        """Whether somebody wants the pieces of the answer."""
        return self._on_delta is not None

    @property
    def ended(self) -> bool:
        """Whether the future has its result, for whatever reason."""
        return self.future.done()

    def deliver(self, delta: Delta) -> None:
        """Hand on a piece of the answer, unless the job has ended. Where the listener raises, the job ends.

        Parameters
        ----------
        delta : Delta
        """
        if self._on_delta is None or self.ended or not (delta.text or delta.tool_calls or delta.tokens):
            return
        self._has_delivered = True
        try:
            self._on_delta(delta)
        except Exception as error:  # noqa: BLE001  the listener's own fault concerns this ask alone
            broken = ServerFault(f"on_delta raised {type(error).__name__}: {error}. Correct the callable.")
            broken.__cause__ = error
            self.end(broken)

    def end(self, result: Reply | RunError | SetupError) -> None:
        """End with a reply or a fault, unless ended already.

        A listener that got no piece gets the whole answer as one.

        Parameters
        ----------
        result : Reply, RunError or SetupError
        """
        if self._on_delta is not None and isinstance(result, Reply) and not self._has_delivered:
            self.deliver(Delta(text=result.text, tool_calls=_as_deltas(result), tokens=result.tokens or ()))
        with suppress(InvalidStateError):  # cancelled or closed meanwhile: that end stands
            if isinstance(result, Reply):
                self.future.set_result(result)
            else:
                self.future.set_exception(result)


class BaseBackend(Surface):
    """A backend that brings `start`, and `stop` where it has something to give back.

    Parameters
    ----------
    model : str
        Full name, as ``engine:name``.
    revision : str or None, default None
        Commit or content digest of the weights, where known.
    abilities : Abilities or None, default None
        None is an `Abilities` with its defaults.
    info : ModelInfo or None, default None
        None is what the other parameters say.
    """

    def __init__(
        self,
        model: str,
        *,
        revision: str | None = None,
        abilities: Abilities | None = None,
        info: ModelInfo | None = None,
    ) -> None:
        self.model = model
        self.revision = revision
        self.abilities = abilities or Abilities()
        self.info = info or ModelInfo(name=model, revision=revision, destination=self.abilities.destination)
        self._counts = Counts()
        self._jobs: dict[Future[Reply], AskJob] = {}
        self._jobs_lock = threading.RLock()  # an end in the thread that submits comes back here
        self._closed = False
        self._process_id = os.getpid()

    @abstractmethod
    def start(self, job: AskJob) -> None:
        """Begin to answer, without waiting for the answer.

        Call `AskJob.deliver` with each piece and `AskJob.end` with the reply or a fault, from any thread. A job whose
        ``future`` is done, as it was cancelled, needs neither. After `close`, every job has ended.

        Parameters
        ----------
        job : AskJob

        Raises
        ------
        RunError
            It becomes the end of the job.
        """

    def check(self, ask: Ask) -> None:
        """Raise what is wrong with an ask for this backend, beyond what is wrong with it for all.

        Parameters
        ----------
        ask : Ask

        Raises
        ------
        SetupError
            The call is wrong.
        """

    def fault_of(self, ask: Ask) -> RunError | None:
        """Fault of an ask that cannot be answered, found before it is started; None where there is none.

        Parameters
        ----------
        ask : Ask
        """
        return too_many_pictures(self.model, self.abilities, ask) or blank_prompt(ask)

    def make_job(self, ask: Ask, on_delta: OnDelta | None) -> AskJob:
        """A job for an ask; a backend may have a class of its own.

        Parameters
        ----------
        ask : Ask
        on_delta : callable or None
        """
        return AskJob(ask, on_delta)

    def cancel(self, job: AskJob) -> None:
        """A caller gave the job up; called in the caller's thread, after its future ended.

        Parameters
        ----------
        job : AskJob
        """

    def stop(self) -> None:
        """Give everything back; called once, by `close`, after every job has ended."""

    def submit(self, ask: Ask, on_delta: OnDelta | None = None) -> Future[Reply]:
        """Take an ask; return at once.

        Parameters
        ----------
        ask : Ask
        on_delta : callable or None, default None
            Gets each piece of the answer as it comes, in any thread, the last one before the future ends. It must not
            block, as other answers may wait for it; what it raises ends the ask with a `ServerFault`.

        Returns
        -------
        A future that ends with the reply or a `RunError`; cancelling it ends the ask early.

        Raises
        ------
        BadSetting
            Messages, tools or sampling values that mean nothing, or that this backend does not take.
        ModelLoadFailed
            The process was forked after the model was opened.
        SetupError
            As `check`.
        """
        self.check_process()
        self._check_all(ask)
        job = self.make_job(ask, on_delta)
        fault = self.fault_of(ask)
        with self._jobs_lock:
            if self._closed:
                fault = self.closed()
            self._jobs[job.future] = job
        # Not with the job: whoever keeps a future that ended would keep its pictures.
        job.future.add_done_callback(self._forget)
        if fault is not None:
            job.end(fault)
            return job.future
        try:
            with blaming(f"{self.model} broke", self, ServerFault):
                self.start(job)
        except RunError as error:
            job.end(error)
        except BaseException:
            with self._jobs_lock:
                self._jobs.pop(job.future, None)
            raise
        return job.future

    def validate(self, ask: Ask) -> None:
        """Raise what `submit` would find wrong with an ask at once; nothing is sent or computed.

        Parameters
        ----------
        ask : Ask

        Raises
        ------
        SetupError
            As `submit`.
        RunError
            Such as a blank prompt, or more pictures than the model takes.
        """
        self._check_all(ask)
        if fault := self.fault_of(ask):
            raise fault

    def _check_all(self, ask: Ask) -> None:
        check_sampling(ask.sampling)
        check_messages(ask)
        check_tools(self.model, self.abilities, ask)
        self.check(ask)

    def reply(self, job: AskJob, text: str, finish_reason: str = "stop", **fields: Any) -> Reply:
        """A reply to a job, with the names of this backend and the time since the submission.

        Parameters
        ----------
        job : AskJob
        text : str
        finish_reason : str, default "stop"
        **fields
            Others of `Reply`.
        """
        names = {"model": self.model, "revision": self.revision}
        seconds = time.monotonic() - job.start_s
        return Reply(text=text, finish_reason=finish_reason, seconds=seconds, **names | fields)

    def closed(self) -> Cancelled:
        """Fault of an ask that comes after `close`."""
        return Cancelled(f"{self.model} is closed. Open it again to ask more.")

    def check_process(self) -> None:
        """See that the model can be used in this process.

        Raises
        ------
        ModelLoadFailed
            The process was forked after the model was opened; threads and connections stayed with the parent.
        """
        if os.getpid() != self._process_id:
            message = f"{self.model} was opened before this process was forked. Open it again here, with vk.load."
            raise ModelLoadFailed(message)

    def close(self) -> None:
        """End asks in flight with `Cancelled` and give everything back. Twice is fine."""
        if os.getpid() != self._process_id:
            return  # what there is to give back is the parent's
        with self._jobs_lock:
            if self._closed:
                return
            self._closed = True
            jobs = list(self._jobs.values())
        for job in jobs:
            job.end(Cancelled(f"{self.model} was closed before it answered."))
        self.stop()

    @property
    def stats(self) -> Counts:
        """What has been done since the model was opened."""
        with self._jobs_lock:
            counts = self._counts
            # Who waits for a future may wake before its callback, which counts it, has run.
            for future in self._jobs:
                if future.done():
                    counts = counted(counts, reply_in(future))
            return counts

    def _forget(self, future: Future[Reply]) -> None:
        """In whichever thread the job ends."""
        reply = reply_in(future)
        with self._jobs_lock:
            job = self._jobs.pop(future, None)
            self._counts = counted(self._counts, reply)
        if reply is not None:
            return
        if job is not None and future.cancelled():
            self.cancel(job)
        if Future.cancelled(future):
            # `concurrent.futures.wait` sees a cancelled future only after this call.
            future.set_running_or_notify_cancel()


def _as_deltas(reply: Reply) -> tuple[ToolCallDelta, ...]:
    return tuple(
        ToolCallDelta(index=index, id=call.id, name=call.name, arguments=call.arguments)
        for index, call in enumerate(reply.tool_calls)
    )
