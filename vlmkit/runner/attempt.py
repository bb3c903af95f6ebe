"""One row: its picture prepared, its reply or fault judged; no loop, no waiting."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import dataclass

from vlmkit.errors import Cancelled, RateLimited, RunError, ServerFault, SetupError, Unreachable, UnreadableReply
from vlmkit.records import Ask, Outcome, Reply
from vlmkit.runner.plan import Plan, Question
from vlmkit.sources import normalize

__all__ = ["MOST_ATTEMPTS", "Prepared", "fault_of", "outcome_of", "prepare", "wait_s"]

MOST_ATTEMPTS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """An ask, and the seconds its pictures took."""

    ask: Ask
    seconds: float


def prepare(question: Question, plan: Plan) -> Prepared:
    """Make a row's ask; runs in a decoding thread.

    Raises
    ------
    RunError
        A picture cannot be read.
    """
    start_s = time.monotonic()
    ask = Ask(
        pictures=tuple(normalize(ref, plan.longest_side_px) for ref in question.images),
        prompt=question.prompt,
        system=plan.task.system,
        sampling=plan.sampling,
        timeout_s=plan.timeout_s,
    )
    return Prepared(ask=ask, seconds=time.monotonic() - start_s)


def wait_s(attempt: int, fault: RunError) -> float | None:
    """Seconds to wait before asking again, or None to give up.

    Parameters
    ----------
    attempt : int
        Which attempt failed, from 1.
    fault : RunError
        Only a lost connection and a full server are worth another try: the rest would fail again.
    """
    if attempt >= MOST_ATTEMPTS or not isinstance(fault, RateLimited | Unreachable):
        return None
    if isinstance(fault, RateLimited) and fault.retry_after_s is not None:
        return max(0.0, fault.retry_after_s)
    return 0.25 * 4.0 ** (attempt - 1)


def fault_of(future: Future[Reply]) -> RunError | None:
    """Fault of a future that is done, or None where there is a reply.

    Raises
    ------
    SetupError
        The backend found out only now that it cannot be used at all.
    """
    if future.cancelled():
        return Cancelled("stopped before the answer was complete; run it again for this row.")
    error = future.exception()
    if error is None or isinstance(error, RunError):
        return error
    if isinstance(error, SetupError) or not isinstance(error, Exception):
        raise error
    fault = ServerFault(f"the backend broke ({type(error).__name__}: {error}); report it to whoever wrote the backend.")
    fault.__cause__ = error
    return fault


def outcome_of(index: int, reply: Reply, plan: Plan, seconds: float) -> Outcome:
    """Read a reply; an unreadable one is a fault that keeps the reply."""
    try:
        values = plan.task.read(reply)
    except UnreadableReply as fault:
        return Outcome(index=index, fault=fault, reply=reply, seconds=seconds)
    return Outcome(index=index, values=values, reply=reply, seconds=seconds)
