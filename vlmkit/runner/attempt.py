"""What a reply or a fault means for its row; decides, and does nothing: no loop, no waiting."""

from __future__ import annotations

from concurrent.futures import Future

from vlmkit.errors import BackendError, Cancelled, RateLimited, RunError, ServerFault, SetupError, Unreachable
from vlmkit.records import Reply

__all__ = ["fault_of", "is_a_push_back", "is_worth_a_fallback", "is_worth_a_retry", "wait_s"]

_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0
_LONGEST_REQUESTED_S = 3600.0


def is_worth_a_retry(fault: RunError) -> bool:
    """Whether the same ask can succeed a little later: a lost connection, a full or a restarting server."""
    return isinstance(fault, Unreachable) or is_a_push_back(fault)


def is_a_push_back(fault: RunError) -> bool:
    """Whether a server says that it has too much to do."""
    return isinstance(fault, RateLimited) or (isinstance(fault, ServerFault) and fault.is_transient)


def is_worth_a_fallback(fault: RunError) -> bool:
    """Whether another model could succeed where this one failed for good."""
    return isinstance(fault, BackendError)


def wait_s(attempt: int, fault: RunError, *, max_retries: int, chance: float) -> float | None:
    """Seconds to wait before asking again, or None to give up.

    Exponential with full jitter: anything up to 0.5 s, 1 s, 2 s, … 30 s. A server that says when to come again is
    obeyed, with up to half a second on top, so that not all rows come in the same moment.

    Parameters
    ----------
    attempt : int
        Which attempt failed, from 1.
    fault : RunError
    max_retries : int
        Attempts after the first.
    chance : float
        From 0 to 1; a new random number each time.
    """
    if attempt > max_retries or not is_worth_a_retry(fault):
        return None
    requested_s = fault.retry_after_s if isinstance(fault, BackendError) else None
    if requested_s is None:
        return chance * min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2.0 ** (attempt - 1))
    if requested_s > _LONGEST_REQUESTED_S:  # a day's quota is used up; waiting in silence would look like a hang
        return None
    return max(0.0, requested_s) + chance * _FIRST_WAIT_S


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
