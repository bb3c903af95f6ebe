"""What a reply or a fault means for its row and for its model; decides, and does nothing: no loop, no waiting."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, replace

from vlmkit.errors import (
    BackendError,
    Cancelled,
    ImageTooLarge,
    ModelLoadFailed,
    ModelNotFound,
    RateLimited,
    RunError,
    ServerFault,
    SetupError,
    TimedOut,
    Unauthorized,
    Unreachable,
    UnreadableImage,
    UnsupportedFormat,
)
from vlmkit.records import Outcome, Reply

__all__ = [
    "ALIKE_LIMIT",
    "Backoff",
    "Concluded",
    "Decision",
    "FailFast",
    "FellBack",
    "GaveUp",
    "future_fault",
    "is_a_push_back",
    "is_of_the_run",
    "is_worth_a_fallback",
    "is_worth_a_retry",
    "of_a_queue",
    "unusable",
    "wait_s",
]

_LONGEST_REQUESTED_S = 3600.0
_MOST_TIMEOUTS = 2  # tries of a row whose answer came too late


@dataclass(frozen=True, kw_only=True, slots=True)
class Backoff:
    """How often, and how long after, a row is tried again.

    Attributes
    ----------
    max_retries : int, default 3
        Attempts after the first.
    first_wait_s : float, default 0.5
        Longest wait before the second attempt; twice as long before each further one.
    longest_wait_s : float, default 30.0
        No wait is longer, unless a server says so.
    """

    max_retries: int = 3
    first_wait_s: float = 0.5
    longest_wait_s: float = 30.0

    @property
    def once(self) -> Backoff:
        """The same with one further attempt at most."""
        return replace(self, max_retries=min(1, self.max_retries))


@dataclass(frozen=True, slots=True)
class Concluded:
    """A row ends with what its model said.

    Attributes
    ----------
    reply : Reply
    outcome : Outcome
        What the reply was read to, or why it could not be.
    """

    reply: Reply
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class GaveUp:
    """A row ends without an answer.

    Attributes
    ----------
    fault : RunError
    tells_of_model : bool, default True
        Whether the fault counts against the model; not where the run was stopped.
    """

    fault: RunError
    tells_of_model: bool = True


@dataclass(frozen=True, slots=True)
class FellBack:
    """A row is to be prepared for another model.

    Attributes
    ----------
    level : int
        Which of the plan's targets.
    """

    level: int


Decision = Concluded | GaveUp | FellBack
"""What becomes of a row that is not in flight any more, or has to be prepared anew."""


def is_worth_a_retry(fault: RunError, *, of_server: bool = True) -> bool:
    """Whether the same ask can succeed a little later.

    A lost connection, a full or a restarting server; a server that was late, as what it was busy with may have been our
    other asks. A model in this process is not faster the next time.

    Parameters
    ----------
    fault : RunError
    of_server : bool, default True
    """
    if isinstance(fault, BackendError) and fault.is_fatal:
        return False
    if isinstance(fault, TimedOut):
        return of_server
    return isinstance(fault, Unreachable) or is_a_push_back(fault)


def is_a_push_back(fault: RunError) -> bool:
    """Whether a server says that it has too much to do."""
    return isinstance(fault, RateLimited) or (isinstance(fault, ServerFault) and fault.is_transient)


def is_worth_a_fallback(fault: RunError) -> bool:
    """Whether another model could succeed where this one failed for good."""
    return isinstance(fault, BackendError)


def wait_s(attempt: int, fault: RunError, *, backoff: Backoff, chance: float, of_server: bool = True) -> float | None:
    """Seconds to wait before asking again, or None to give up.

    Exponential with full jitter: anything up to 0.5 s, 1 s, 2 s, … 30 s. A server that says when to come again is
    obeyed, with up to half a second on top, so that not all rows come in the same moment. An answer that was too late
    twice is not waited for a third time.

    Parameters
    ----------
    attempt : int
        Which attempt failed, from 1.
    fault : RunError
    backoff : Backoff
    chance : float
        From 0 to 1; a new random number each time.
    of_server : bool, default True
        Whether a server was asked, and not a model in this process.
    """
    if attempt > backoff.max_retries or not is_worth_a_retry(fault, of_server=of_server):
        return None
    if isinstance(fault, TimedOut) and attempt >= _MOST_TIMEOUTS:
        return None
    requested_s = fault.retry_after_s if isinstance(fault, BackendError) else None
    if requested_s is None:
        return chance * min(backoff.longest_wait_s, backoff.first_wait_s * 2.0 ** min(attempt - 1, 64))
    if requested_s > _LONGEST_REQUESTED_S:  # a day's quota is used up; waiting in silence would look like a hang
        return None
    return max(0.0, requested_s) + chance * backoff.first_wait_s


def future_fault(future: Future[Reply], *, has_next: bool = False) -> RunError | None:
    """Fault of a future that is done, or None where there is a reply.

    Parameters
    ----------
    future : Future of Reply
    has_next : bool, default False
        Whether another model can be asked instead.

    Raises
    ------
    SetupError
        The backend found out only now that it cannot be used at all, and there is no other.
    """
    if future.cancelled():
        return Cancelled("stopped before the answer was complete; run it again for this row.")
    error = future.exception()
    if error is None or isinstance(error, RunError):
        return error
    left = unusable(error) if has_next and isinstance(error, SetupError) else None
    if left is not None:
        return left
    if isinstance(error, SetupError) or not isinstance(error, Exception):
        raise error
    fault = ServerFault(f"the backend broke ({type(error).__name__}: {error}); report it to whoever wrote the backend.")
    fault.__cause__ = error
    return fault


def of_a_queue(fault: TimedOut) -> TimedOut:
    """A fault of a server that was late, with the advice for one that works on one ask after another."""
    if "workers" in str(fault):
        return fault
    told = TimedOut(
        f"{fault} If the server works on one ask after another, lower workers.",
        retry_after_s=fault.retry_after_s,
        is_fatal=fault.is_fatal,
        partial=fault.partial,
    )
    told.__cause__ = fault
    return told


def unusable(error: SetupError) -> BackendError | None:
    """The fault by which a model is left for the next one, where an error says that it cannot be used.

    Parameters
    ----------
    error : SetupError

    Returns
    -------
    BackendError or None
        None where the call itself is wrong, and no other model would change that.
    """
    if not isinstance(error, ModelNotFound | ModelLoadFailed):
        return None
    fault = BackendError(str(error), is_fatal=True)
    fault.__cause__ = error
    return fault


ALIKE_LIMIT = 5
"""So many rows failing alike, one after another and none that worked between, condemn a model."""

_OF_THE_ROW = (UnreadableImage, UnsupportedFormat, ImageTooLarge, Cancelled)
_OF_THE_SERVER = (ServerFault, Unreachable)


def is_of_the_run(fault: RunError) -> bool:
    """Whether a fault concerns every further row of its model for certain: a refused key, no credit, no such model."""
    return isinstance(fault, Unauthorized) or (isinstance(fault, BackendError) and fault.is_fatal)


class FailFast:
    """Watches the rows of each model end, and says when the rest is not worth spending on it.

    What is certain condemns at once. An address that cannot be reached does so where nothing worked before. Everything
    else does after several rows alike: as long as nothing worked, whatever the fault; later only faults of the server,
    since five pictures that a model cannot answer may well follow each other. Pictures that cannot be read cost nothing
    and prove nothing about the model, so they never count.

    Parameters
    ----------
    total : int
        Rows of the run.
    """

    def __init__(self, total: int) -> None:
        self._total = total
        self._worked: set[int] = set()
        self._alike: dict[int, tuple[type[RunError], int]] = {}

    def acquit(self, level: int) -> None:
        """A row worked.

        Parameters
        ----------
        level : int
            Which of the plan's targets it was.
        """
        self._worked.add(level)
        self._alike.pop(level, None)

    def doubts(self, level: int, fault: RunError) -> bool:
        """Whether the rows before ended with the same fault of their server, so that a row needs fewer tries to tell.

        Parameters
        ----------
        level : int
            Which of the plan's targets it was.
        fault : RunError
        """
        return isinstance(fault, _OF_THE_SERVER) and level in self._alike and self._alike[level][0] is type(fault)

    def condemns(self, level: int, fault: RunError, *, of_server: bool = True) -> bool:
        """Take a row's last fault with a model into account; whether it condemns the model.

        Parameters
        ----------
        level : int
            Which of the plan's targets it was.
        fault : RunError
        of_server : bool, default True
            Whether a server was asked; a model in this process that is late with some pictures is not gone.
        """
        if isinstance(fault, _OF_THE_ROW):
            return False
        if is_of_the_run(fault):
            return True
        if level not in self._worked and isinstance(fault, Unreachable):
            return True
        may_be_gone = isinstance(fault, _OF_THE_SERVER) or (of_server and isinstance(fault, TimedOut))
        if level in self._worked and not may_be_gone:
            self._alike.pop(level, None)
            return False
        kind, alike = self._alike.get(level, (type(fault), 0))
        self._alike[level] = type(fault), alike + 1 if kind is type(fault) else 1
        return self._alike[level][1] >= ALIKE_LIMIT < self._total
