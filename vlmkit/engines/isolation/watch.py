"""Whether a child still answers, judged by its signs of life; long work is not silence.

Three signs, each with a limit of its own. A pulse every second comes from a thread beside the desk: without it the
whole process stands still, stopped or stuck in code that lets no other thread run. With the pulse comes how long the
desk has shown no sign of life: a prompt of a large model may take a CPU minutes, and has them. Where the desk shows
none and the process uses no processor either, it waits for what will not come, and needs less patience; on a GPU that
cannot be told apart from work. A desk that is only slow, or whose work has a shorter limit, is judged in the child.
"""

from __future__ import annotations

from dataclasses import dataclass

from vlmkit.engines.desk import LOST_AFTER_S

__all__ = ["PULSE_S", "Patience", "Watch"]

PULSE_S = 1.0
"""From one pulse of a child to the next."""

_BUSY_SHARE = 0.01  # of one core


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long a child may show no sign of life, in seconds.

    Attributes
    ----------
    opening_s : float or None, default None
        Until the model is open, with pulses; None means no limit, as the child has one of its own for loading.
    opening_silence_s : float, default 300.0
        Without a pulse until then: a library of gigabytes is loaded in one piece, and lets no other thread run.
    silence_s : float, default 60.0
        Without a pulse later.
    idle_s : float, default 300.0
        Of the desk, at work without any use of the processor; where the model computes on a CPU.
    stuck_s : float, default 960.0
        Of the desk at work; the child itself gives it up a minute before.
    """

    opening_s: float | None = None
    opening_silence_s: float = 300.0
    silence_s: float = 60.0
    idle_s: float = 300.0
    stuck_s: float = LOST_AFTER_S + 60.0


class Watch:
    """Signs of life of one child.

    Time counts only as it is looked at: of a parent that was stopped itself, or a machine that slept, one look.

    Parameters
    ----------
    patience : Patience
    longest_look_s : float
        Most that counts from one look to the next.
    now_s : float
        By a clock that never goes back.
    """

    def __init__(self, patience: Patience, longest_look_s: float, now_s: float) -> None:
        self._patience = patience
        self._longest_look_s = longest_look_s
        self._looked_s = now_s
        self._is_open = False
        self._is_on_cpu = True
        self._opening_s = self._silent_s = self._still_s = 0.0
        self._cpu_s = self._cpu_then_s = 0.0
        self._useless_s: float | None = None

    def opened(self, *, is_on_cpu: bool) -> None:
        """The model is open.

        Parameters
        ----------
        is_on_cpu : bool
        """
        self._is_open, self._is_on_cpu = True, is_on_cpu

    def pulse(self, still_s: float, cpu_s: float) -> None:
        """The child's process is alive.

        Parameters
        ----------
        still_s : float
            How long its desk has shown no sign of life; 0 where it has nothing to do.
        cpu_s : float
            Processor time of the child so far.
        """
        self._silent_s = 0.0
        if not still_s > self._still_s:
            self._cpu_then_s, self._useless_s = cpu_s, None
        self._still_s, self._cpu_s = still_s, cpu_s

    def late(self, timeout_s: float) -> None:
        """An ask was ended as too late. A desk that shows no sign of life then is at work on what nobody waits for.

        Parameters
        ----------
        timeout_s : float
            That it had; with `Patience.silence_s` more it is what the desk has to show a sign, whoever else waits.
        """
        self._useless_s = timeout_s

    def look(self, now_s: float) -> str | None:
        """What is wrong with the child; None where nothing is.

        Parameters
        ----------
        now_s : float
        """
        passed_s = min(now_s - self._looked_s, self._longest_look_s)
        self._looked_s = now_s
        self._silent_s += passed_s
        if not self._is_open:
            self._opening_s += passed_s
            return self._opening_fault()
        return self._fault()

    def _opening_fault(self) -> str | None:
        patience = self._patience
        if self._silent_s > patience.opening_silence_s:
            return f"stood still for {patience.opening_silence_s:g} s while it opened the model"
        if patience.opening_s is not None and self._opening_s > patience.opening_s:
            return f"had not opened the model after {patience.opening_s:g} s"
        return None

    def _fault(self) -> str | None:
        patience, still_s = self._patience, self._still_s
        if self._silent_s > patience.silence_s:
            return f"stood still for {patience.silence_s:g} s"
        uses_cpu = self._cpu_s - self._cpu_then_s > _BUSY_SHARE * still_s
        if self._is_on_cpu and not uses_cpu and still_s > patience.idle_s:
            return f"was at work and did nothing for {patience.idle_s:g} s"
        useless_s = self._useless_s
        most_s = patience.stuck_s if useless_s is None else min(patience.stuck_s, useless_s + patience.silence_s)
        return f"got nothing done for {most_s:g} s" if still_s > most_s else None
