"""Several servers with the same model: each ask goes where it will be answered soonest; a dead server gets a rest."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vlmkit.errors import BackendError, RateLimited, ServerFault, TimedOut, Unreachable
from vlmkit.providers.transport import Transport

__all__ = ["Balance", "Site"]

_FIRST_REST_S = 1.0
_LONGEST_REST_S = 60.0
_MEMORY = 0.2  # share of the newest answer in the mean


@dataclass(eq=False, slots=True)
class Site:
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
        On the clock of the balance.
    """

    transport: Transport
    asks: int = 0
    seconds: float | None = None
    failures: int = 0
    rests_until_s: float = 0.0


class Balance:
    """Chooses a site for each ask.

    Parameters
    ----------
    transports : sequence of Transport
        At least one.
    clock : callable, default time.monotonic
    """

    def __init__(self, transports: Sequence[Transport], clock: Callable[[], float] = time.monotonic) -> None:
        self.sites = tuple(Site(transport) for transport in transports)
        self._clock = clock
        self._lock = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[Transport]:
        """A site's transport for one ask, whose end and seconds are taken into account.

        Raises
        ------
        RunError
            What the ask raised.
        """
        with self._lock:
            site = self._choose()
            site.asks += 1
            start_s = self._clock()
        try:
            yield site.transport
        except (Unreachable, RateLimited, ServerFault, TimedOut) as fault:
            self._failed(site, fault)
            raise
        else:
            self._answered(site, self._clock() - start_s)
        finally:
            with self._lock:
                site.asks -= 1

    def _choose(self) -> Site:
        if len(self.sites) == 1:
            return self.sites[0]
        now_s = self._clock()
        # After a rest one ask goes ahead, and the others follow once it was answered.
        ready = [site for site in self.sites if site.rests_until_s <= now_s and not (site.failures and site.asks)]
        if not ready:
            return min(self.sites, key=lambda site: (site.rests_until_s, site.asks))
        known = [site.seconds for site in ready if site.seconds is not None]
        # Twice as fast as the fastest, so that it is tried soon, and not by everybody at once.
        unknown_s = min(known, default=1.0) / 2
        return min(
            ready, key=lambda site: ((site.asks + 1) * (unknown_s if site.seconds is None else site.seconds), site.asks)
        )

    def _answered(self, site: Site, seconds: float) -> None:
        with self._lock:
            site.failures = 0
            site.seconds = seconds if site.seconds is None else site.seconds + _MEMORY * (seconds - site.seconds)

    def _failed(self, site: Site, fault: BackendError) -> None:
        if isinstance(fault, ServerFault) and not fault.is_transient:
            return
        with self._lock:
            now_s = self._clock()
            if site.rests_until_s > now_s:  # asks that were under way together fail together, and count once
                return
            rest_s = min(_LONGEST_REST_S, _FIRST_REST_S * 2.0**site.failures)
            site.failures += 1
            site.rests_until_s = now_s + max(rest_s, fault.retry_after_s or 0.0)
