"""How many asks to have in flight: more while answers come faster for it, fewer when pushed back or too late."""

from __future__ import annotations

__all__ = ["ConcurrencyLimiter"]

_GAIN = 1.05  # throughput that did not grow by a twentieth did not grow
_GROWTH = 2.0
_CAREFUL_GROWTH = 1.25  # once a server has said where its limit is
_RETREAT = 0.5
_SHARE_OF_TIMEOUT = 0.5  # an answer may take so much of its deadline; the rest is for the slower ones
_CALM_S = 5.0  # after being pushed back, before trying more again
_PROBE_S = 30.0  # a server may have got more room since it was found to be full
_SHORTEST_S = 0.25


class ConcurrencyLimiter:
    """Finds the number of asks in flight at which a server answers fastest; does not wait or ask itself.

    By Little's law a server gives as many answers a second as there are asks in flight, divided by the time each takes;
    after a round to settle, a round is measured. As long as a step up brings more answers a second, the next follows;
    where it does not, answers only waited longer in the server's own line, and the step is taken back. By the same law,
    with a deadline there are never so many in flight that a server working on one after another would be late.

    Parameters
    ----------
    start : int
        Asks in flight at first.
    most : int
        Never more.
    now_s : float
        Of a monotonic clock.
    timeout_s : float or None, default None
        Deadline of each answer.

    Attributes
    ----------
    limit : int
        Asks in flight at most, now.
    highest : int
        The most that it ever was.
    """

    def __init__(self, start: int, most: int, now_s: float, timeout_s: float | None = None) -> None:
        self.limit = self.highest = min(start, most)
        self._most = most
        self._timeout_s = timeout_s
        self._since_s = self._retreated_s = now_s
        self._answers = -self.limit
        self._answered = 0
        self._latencies_s = 0.0
        self._best_rate = 0.0
        self._best_limit = self.limit
        self._growth = _GROWTH
        self._settled_s: float | None = None
        self._calm_until_s = 0.0

    def answered(self, now_s: float, latency_s: float, *, is_busy: bool) -> None:
        """An ask was answered.

        Parameters
        ----------
        now_s : float
        latency_s : float
            From the ask to its answer.
        is_busy : bool
            Whether as many asks were in flight as allowed; otherwise the round says nothing about the server.
        """
        self._answered += 1
        if not is_busy:
            self._begin(now_s)
            return
        self._answers += 1
        if self._answers > 0:
            self._latencies_s += latency_s
        if self._answers >= self.limit and now_s - self._since_s >= _SHORTEST_S:
            self._judge(self.limit * self._answers / max(self._latencies_s, 1e-9), now_s)

    def pushed_back(self, now_s: float) -> None:
        """The server said that this is too much: half as many, once for all asks that hear the same."""
        if now_s >= self._calm_until_s:
            self._retreat(int(self.limit * _RETREAT), now_s)

    def timed_out(self, now_s: float, asked_s: float) -> None:
        """An answer was too late: so few in flight that the server can keep the deadline, at most half as many.

        Parameters
        ----------
        now_s : float
        asked_s : float
            When it was asked; what was asked before the last retreat says nothing about the present limit.
        """
        if asked_s < self._retreated_s:
            return
        rate = self._answered / max(now_s - self._retreated_s, 1e-9)
        in_time = int(rate * self._timeout_s * _SHARE_OF_TIMEOUT) if self._timeout_s else 1
        self._retreat(min(int(self.limit * _RETREAT), in_time), now_s)

    def _retreat(self, limit: int, now_s: float) -> None:
        self.limit = max(1, limit)
        self._calm_until_s, self._retreated_s = now_s + _CALM_S, now_s
        self._answered = 0
        self._best_rate, self._best_limit = 0.0, self.limit
        self._settled_s, self._growth = None, _CAREFUL_GROWTH
        self._begin(now_s)

    def _judge(self, rate: float, now_s: float) -> None:
        if rate > self._best_rate * _GAIN:
            self._best_rate, self._best_limit = rate, self.limit
            self._settled_s = None
        elif self.limit > self._best_limit:
            self.limit, self._settled_s = self._best_limit, now_s
        elif self._settled_s is not None and now_s - self._settled_s > _PROBE_S:
            self._best_rate, self._settled_s = rate, None
        if self._settled_s is None and now_s >= self._calm_until_s:
            self._grow(rate)
        self._begin(now_s)

    def _grow(self, rate: float) -> None:
        in_time = int(rate * self._timeout_s * _SHARE_OF_TIMEOUT) if self._timeout_s else self._most
        wanted = max(self.limit + 1, int(self.limit * self._growth))
        self.limit = max(self.limit, min(self._most, wanted, in_time))
        self.highest = max(self.highest, self.limit)

    def _begin(self, now_s: float) -> None:
        self._since_s, self._answers, self._latencies_s = now_s, -self.limit, 0.0
