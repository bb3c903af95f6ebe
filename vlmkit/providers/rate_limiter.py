"""Limits that a host is known to have: requests and tokens per minute, asks at the same time; kept, not run into."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

__all__ = ["Permit", "RateLimiter", "RateLimits", "limiter_for"]

_MINUTE_S = 60.0
_FIRST_GUESS_TOKENS = 1000
_LONGEST_NAP_S = 1.0  # asks that end early may make room before the time that was computed


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimits:
    """What a host allows; None means no limit.

    Attributes
    ----------
    requests_per_minute : float or None, default None
    tokens_per_minute : float or None, default None
        Of prompt and answer together.
    parallel_asks : int or None, default None
        Requests that are on their way at the same time.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    parallel_asks: int | None = None


class _SlidingWindow:
    """Amounts of the last 60 seconds."""

    def __init__(self, limit: float | None) -> None:
        self.limit = limit
        self._spent: deque[list[float]] = deque()
        self._sum = 0.0

    def wait_s(self, amount: float, now_s: float) -> float:
        """Seconds until `amount` more is within the limit; what is more than the limit waits for an empty minute."""
        if self.limit is None:
            return 0.0
        while self._spent and self._spent[0][0] <= now_s - _MINUTE_S:
            self._sum -= self._spent.popleft()[1]
        left = self._sum
        if not self._spent or left + amount <= self.limit:
            return 0.0
        for moment_s, spent in self._spent:
            left -= spent
            if left + amount <= self.limit:
                return moment_s + _MINUTE_S - now_s
        return self._spent[-1][0] + _MINUTE_S - now_s

    def spend(self, amount: float, now_s: float) -> list[float]:
        entry = [now_s, amount]
        if self.limit is not None:
            self._spent.append(entry)
            self._sum += amount
        return entry

    def correct(self, entry: list[float], amount: float) -> None:
        if self.limit is not None:
            self._sum += amount - entry[1] if entry in self._spent else 0.0
            entry[1] = amount


class RateLimiter:
    """Lets asks through as a host's limits allow; one for all backends of this process that ask the host.

    Used from the thread of the event loop.

    Parameters
    ----------
    limits : RateLimits
    clock : callable, default time.monotonic
    wait : callable, default asyncio.wait
        Waits for futures, and not longer than a ``timeout``, by that clock.
    """

    def __init__(
        self, limits: RateLimits, clock: Callable[[], float] = time.monotonic, wait: Callable[..., Any] = asyncio.wait
    ) -> None:
        self.limits = limits
        self._clock = clock
        self._wait = wait
        self._requests = _SlidingWindow(limits.requests_per_minute)
        self._tokens = _SlidingWindow(limits.tokens_per_minute)
        self._is_limited = limits != RateLimits()
        self._in_flight = 0
        self._guess_tokens = float(_FIRST_GUESS_TOKENS)
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> Permit:
        """Wait for an ask's turn; its timeout begins only then.

        Returns
        -------
        Permit
            To be left when the ask ended, however it did.
        """
        while self._is_limited and (wait_s := self._wait_s()) > 0:
            await self._nap(min(wait_s, _LONGEST_NAP_S))
        self._in_flight += 1
        self._requests.spend(1, self._clock())
        return Permit(self, self._tokens.spend(self._guess_tokens, self._clock()))

    def leave(self, entry: list[float], tokens: int | None) -> None:
        """For `Permit`."""
        if tokens is not None:
            self._tokens.correct(entry, tokens)
            self._guess_tokens += (tokens - self._guess_tokens) / 8
        self._in_flight -= 1
        self._wake()

    async def _nap(self, seconds: float) -> None:
        """Until somebody's ask ended, and at most so long."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        try:
            await self._wait([waiting], timeout=seconds)
        finally:
            self._waiting.remove(waiting)

    def _wake(self) -> None:
        """Let the one that has waited longest look again."""
        for waiting in self._waiting:
            if not waiting.done():
                waiting.set_result(None)
                return

    def _wait_s(self) -> float:
        if self.limits.parallel_asks is not None and self._in_flight >= self.limits.parallel_asks:
            return _LONGEST_NAP_S
        now_s = self._clock()
        return max(self._requests.wait_s(1, now_s), self._tokens.wait_s(self._guess_tokens, now_s))


class Permit:
    """One ask's turn: a context that is left when the ask ended, however it did.

    Attributes
    ----------
    tokens : int or None
        What it cost, once that is known.
    """

    def __init__(self, limiter: RateLimiter, entry: list[float]) -> None:
        self.tokens: int | None = None
        self._limiter = limiter
        self._entry = entry

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._limiter.leave(self._entry, self.tokens)


_limiters: dict[str, RateLimiter] = {}
_lock = threading.Lock()


def limiter_for(origin: str, limits: RateLimits) -> RateLimiter:
    """The process's limiter of a host; other limits than before begin a new one.

    Parameters
    ----------
    origin : str
        Scheme, host and port.
    limits : RateLimits
    """
    with _lock:
        limiter = _limiters.get(origin)
        if limiter is None or limiter.limits != limits:
            limiter = _limiters[origin] = RateLimiter(limits)
        return limiter
