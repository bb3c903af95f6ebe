"""An open model's place on a desk, and another one after the desk is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from vlmkit.engines import desk as desks
from vlmkit.engines import loading
from vlmkit.errors import ModelLoadFailed

if TYPE_CHECKING:
    from vlmkit.engines.desk import Desk
    from vlmkit.engines.opening import Opened
    from vlmkit.engines.scheduler import Scheduler

__all__ = ["Seat", "Seats", "load_timeout_s"]

# A slow disk reads 20 MB a second, and a CPU without a fast BLAS takes minutes to look at the pictures of the tests.
_LOAD_S = 900.0
_LOAD_S_PER_GB = 120.0
_CLOSING_S = 10.0


def load_timeout_s(given: float | str | None, weight_bytes: int) -> float | None:
    """Longest time a model may take to load.

    Parameters
    ----------
    given : float, None or "auto"
        In seconds; None means no limit, "auto" 15 minutes and 2 more for each gigabyte of weights.
    weight_bytes : int
    """
    return _LOAD_S + _LOAD_S_PER_GB * weight_bytes / 1e9 if isinstance(given, str) else given


@dataclass(frozen=True, slots=True)
class Seat:
    """A model opened on a desk."""

    desk: Desk
    opened: Opened


class Seats:
    """One seat after another, each on the desk of its time.

    Parameters
    ----------
    name : str
        Of the model, as ``mlx:…``.
    opening : callable
        Opens it, on a desk.
    timeout_s : float or None
        Longest time for that.

    Raises
    ------
    SetupError
        As `opening`; `ModelLoadFailed` also where it takes longer than it may.
    """

    def __init__(self, name: str, opening: Callable[[], Opened], timeout_s: float | None) -> None:
        self._name = name
        self._opening = opening
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._now: Seat | None = self._take()

    @property
    def now(self) -> Seat | None:
        """The seat, which may be on a lost desk; None once it is given up."""
        return self._now

    def good(self) -> Seat | None:
        """A seat on a desk that is well, taken anew where the last one was lost; None once it is given up.

        Raises
        ------
        SetupError
            As the first opening.
        """
        seat = self._now
        if seat is None or not seat.desk.lost:
            return seat
        with self._lock:
            if self._now is not None and self._now.desk.lost:
                self._now = self._take(anew=True)
            return self._now

    def give_up(self) -> None:
        """Close the model and give its memory back. Twice is fine."""
        seat, self._now = self._now, None
        if seat is None:
            return
        own, scheduler = seat.desk, seat.opened.scheduler
        del seat
        with suppress(ModelLoadFailed):  # the desk was closed or lost meanwhile, and ended everything itself
            if not own.post(partial(_end, own, scheduler), wait_s=_CLOSING_S):
                scheduler.cancel()  # it is at a long piece of work, and ends the rest when it comes back
            # The last name of the model; what it held is given back once nothing holds it.
            del scheduler
            own.post(loading.give_back, wait_s=_CLOSING_S)

    def _take(self, *, anew: bool = False) -> Seat:
        own = desks.desk()
        if anew:  # two of them may not fit into memory
            own.call(loading.give_back)
        what = f"{self._name} cannot be used: loading it"
        try:
            opened = own.call(self._opening, timeout_s=self._timeout_s, what=what)
        except ModelLoadFailed as error:
            if not own.lost or self._name in str(error):
                raise _with_advice(error, own.lost) from error.__cause__
            raise ModelLoadFailed(f"{self._name} cannot be loaded. {error}") from error
        own.join(opened.scheduler)
        return Seat(own, opened)


def _end(own: Desk, scheduler: Scheduler) -> None:
    own.forget(scheduler)
    scheduler.shut()


def _with_advice(error: ModelLoadFailed, lost: str) -> ModelLoadFailed:
    if str(error) != lost:
        return error
    advice = (
        "Its files may be damaged or hostile, or it is too big for this machine: raise timeout_s, or load_timeout_s in "
        "[vision] of vlmkit.toml, or name a smaller model."
    )
    return ModelLoadFailed(f"{error} {advice}")
