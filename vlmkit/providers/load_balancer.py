"""Several servers with the same model: each ask goes where it will be answered soonest; a dead server gets a rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from vlmkit.errors import BackendError, RateLimited, ServerFault, TimedOut, Unreachable
from vlmkit.providers.transport import Transport

__all__ = ["Endpoint", "EndpointTurn", "LoadBalancer"]

_FIRST_REST_S = 1.0
_LONGEST_REST_S = 60.0
_MEMORY = 0.2  # share of the newest answer in the mean


@dataclass(eq=False, slots=True)
class Endpoint:
    """One server.

    Attributes
    ----------
    transport : Transport
    asks : int
        On their way to it now.
    seconds : float or None
        Moving mean of its answers; None before the first.
    failures : int
        In a row.
    rests_until_s : float
        On the clock of the balancer.
    """

    transport: Transport
    asks: int = 0
    seconds: float | None = None
    failures: int = 0
    rests_until_s: float = 0.0


class LoadBalancer:
    """Chooses an endpoint for each ask.

    Parameters
    ----------
    transports : sequence of Transport
        At least one.
    clock : callable, default time.monotonic
    """

    def __init__(self, transports: Sequence[Transport], clock: Callable[[], float] = time.monotonic) -> None:
        self.endpoints = tuple(Endpoint(transport) for transport in transports)
        self._clock = clock
        self._lock = threading.Lock()

    def turn(self) -> EndpointTurn:
        """A context with an endpoint's transport for one ask, whose end and seconds are taken into account."""
        return EndpointTurn(self)

    def begin(self) -> tuple[Endpoint, float]:
        """For `EndpointTurn`: the endpoint for an ask, and the moment."""
        with self._lock:
            endpoint = self._choose()
            endpoint.asks += 1
            return endpoint, self._clock()

    def end(self, endpoint: Endpoint, start_s: float, error: BaseException | None) -> None:
        """For `EndpointTurn`: how an ask ended."""
        with self._lock:
            endpoint.asks -= 1
            if error is None:
                self._answered(endpoint, self._clock() - start_s)
            elif isinstance(error, (Unreachable, RateLimited, ServerFault, TimedOut)):
                self._failed(endpoint, error)

    def _choose(self) -> Endpoint:
        if len(self.endpoints) == 1:
            return self.endpoints[0]
        now_s = self._clock()
        # After a rest one ask goes ahead, and the others follow once it was answered.
        ready = [
            endpoint
            for endpoint in self.endpoints
            if endpoint.rests_until_s <= now_s and not (endpoint.failures and endpoint.asks)
        ]
        if not ready:
            return min(self.endpoints, key=lambda endpoint: (endpoint.rests_until_s, endpoint.asks))
        known = [endpoint.seconds for endpoint in ready if endpoint.seconds is not None]
        # Twice as fast as the fastest, so that it is tried soon, and not by everybody at once.
        unknown_s = min(known, default=1.0) / 2
        return min(
            ready,
            key=lambda endpoint: (
                (endpoint.asks + 1) * (unknown_s if endpoint.seconds is None else endpoint.seconds),
                endpoint.asks,
            ),
        )

    def _answered(self, endpoint: Endpoint, seconds: float) -> None:
        endpoint.failures = 0
        known_s = endpoint.seconds
        endpoint.seconds = seconds if known_s is None else known_s + _MEMORY * (seconds - known_s)

    def _failed(self, endpoint: Endpoint, fault: BackendError) -> None:
        if isinstance(fault, ServerFault) and not fault.is_transient:
            return
        now_s = self._clock()
        if endpoint.rests_until_s > now_s:  # asks that were under way together fail together, and count once
            return
        rest_s = min(_LONGEST_REST_S, _FIRST_REST_S * 2.0**endpoint.failures)
        endpoint.failures += 1
        endpoint.rests_until_s = now_s + max(rest_s, fault.retry_after_s or 0.0)


class EndpointTurn:
    """One ask's turn at an endpoint; a class, as a generator would cost four times as much for each ask."""

    __slots__ = ("_balancer", "_endpoint", "_start_s")

    def __init__(self, balancer: LoadBalancer) -> None:
        self._balancer = balancer

    def __enter__(self) -> Transport:
        self._endpoint, self._start_s = self._balancer.begin()
        return self._endpoint.transport

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._balancer.end(self._endpoint, self._start_s, error)
