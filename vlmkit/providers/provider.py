"""A model on a server, as a backend: all its asks are in flight from the thread of one event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

from vlmkit.backends import Abilities, AskJob, BaseBackend, ModelInfo, OnDelta, ToolCallDelta
from vlmkit.errors import RunError, ServerFault, SetupError, TimedOut
from vlmkit.finish_reasons import UNKNOWN
from vlmkit.providers.asking import Asking, HttpJob
from vlmkit.providers.dialect import AnswerPiece, Dialect, RequestForm, refuse_unsupported
from vlmkit.providers.event_loop import EventLoop
from vlmkit.providers.gathering import Calls
from vlmkit.providers.load_balancer import LoadBalancer
from vlmkit.providers.rate_limiter import RateLimiter
from vlmkit.records import Ask, Reply, ToolCall

__all__ = ["Provider"]

_MOST_AT_ONCE = 256


class Provider(BaseBackend):
    """A model that a server answers for; made by ``vlmkit.load``.

    Parameters
    ----------
    model : str
        Full name, as ``engine:name``.
    revision : str or None
    abilities : Abilities
    dialect : Dialect
    form : RequestForm
    balancer : LoadBalancer
    limiter : RateLimiter
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
        form: RequestForm,
        balancer: LoadBalancer,
        limiter: RateLimiter,
        permission: Callable[[], None],
        info: ModelInfo,
    ) -> None:
        super().__init__(model, revision=revision, abilities=abilities, info=info)
        self._asking = Asking(model, dialect=dialect, form=form, balancer=balancer, limiter=limiter)
        self._form = form
        self._balancer = balancer
        self._permission = permission
        self._loop: EventLoop | None = None
        self._line: deque[HttpJob] = deque()
        self._is_called = False
        self._tasks: set[asyncio.Task[None]] = set()

    def check(self, ask: Ask) -> None:
        """See that pictures may be sent, and that the host has a word for every option.

        Parameters
        ----------
        ask : Ask

        Raises
        ------
        BadSetting
            The host has no such option, or pictures must not leave this machine (any more).
        """
        self._permission()
        refuse_unsupported(ask, self._form)

    def make_job(self, ask: Ask, on_delta: OnDelta | None) -> HttpJob:
        """A job with a place for what has come of its answer.

        Parameters
        ----------
        ask : Ask
        on_delta : callable or None
        """
        return HttpJob(ask, on_delta)

    def start(self, job: AskJob) -> None:
        """Put a job in line for the thread of the loop.

        Parameters
        ----------
        job : AskJob

        Raises
        ------
        Cancelled
            The backend was closed meanwhile.
        """
        if not isinstance(job, HttpJob):
            raise TypeError(job)
        with self._jobs_lock:
            if self._closed:
                raise self.closed()
            self._line.append(job)
            if self._loop is None:
                self._loop = EventLoop.enter()
            if not self._is_called:  # one call begins all that are in line by then
                self._is_called = True
                self._loop.call(self._begin)

    def cancel(self, job: AskJob) -> None:
        """End the request on the wire.

        Parameters
        ----------
        job : AskJob
        """
        with self._jobs_lock:
            if self._loop is not None and isinstance(job, HttpJob):
                self._loop.call(partial(_cancel, job))

    def stop(self) -> None:
        """Let connections go."""
        with self._jobs_lock:
            loop, self._loop = self._loop, None
        if loop is not None:
            loop.call(self._cancel_all)
        for endpoint in self._balancer.endpoints:
            endpoint.transport.close()
        if loop is not None:
            loop.leave()

    # In the thread of the loop

    def _begin(self, _ended: object = None) -> None:
        self._is_called = False
        while self._line and len(self._tasks) < _MOST_AT_ONCE:
            job = self._line.popleft()
            if not job.ended:
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

    async def _work(self, job: HttpJob) -> None:
        try:
            job.end(self._reply_of(job, await self._asking.answer(job)))
        except TimedOut as fault:
            if isinstance(fault.partial, AnswerPiece):
                fault.partial = self._reply_of(job, fault.partial)
            job.end(fault)
        except (RunError, SetupError) as fault:
            job.end(fault)
        except Exception as error:  # noqa: BLE001  a fault always travels in the future
            broken = ServerFault(f"{self.model}: {type(error).__name__} while asking: {error}. Report it.")
            broken.__cause__ = error
            job.end(broken)

    def _reply_of(self, job: HttpJob, piece: AnswerPiece) -> Reply:
        return self.reply(
            job,
            piece.text,
            piece.finish_reason or UNKNOWN,
            usage=piece.usage,
            tokens=piece.tokens if job.ask.token_probabilities else None,
            response_id=piece.response_id,
            tool_calls=_whole(piece.tool_calls) if piece.tool_calls else (),
        )


def _whole(parts: Sequence[ToolCallDelta]) -> tuple[ToolCall, ...]:
    calls = Calls()
    for part in parts:
        calls.add(part)
    return calls.whole()


def _cancel(job: HttpJob) -> None:
    if job.task is not None:
        job.task.cancel()
